import {hostname} from 'node:os'
import {resolve} from 'node:path'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {durationFrom, valueFlag} from '../cli/flags/types.js'
import {Host} from '../doctor/host.js'
import {Subject} from '../doctor/subject.js'
import {UsageError} from '../errors/errors.js'
import {jsonText} from '../formats/json.js'
import type {ArchivedFile} from '../report/archive.js'
import type {Collected} from '../report/collect.js'
import {reportName} from '../report/name.js'
import type {Unredacted} from '../report/unredacted.js'
import {parseWhen} from '../text/when.js'

declare const crispVersion: string

const usualEventsMs = 10_000

export default class Report extends CriCommand {
  static override summary = 'Collect what a bug report needs into one file, without secrets'
  static override description =
    'Writes a new .tar.gz that only you may read: versions, pods, containers, images, figures, events of ten seconds, what doctor finds. Only fields that are known to hold no secret go in: no environment, no arguments, no annotations but those of io.kubernetes, no logins. manifest.json in it says what is in and what was left out. With --logs also logs, the journal and configuration, as they are: look through them before you send it.'
  static override examples = [
    'sudo crisp report',
    'sudo crisp report /tmp/node-1.tar.gz',
    'sudo crisp report --logs --since 3h',
    'crisp --node node-1 --sudo report',
  ]

  static override args = {
    file: Args.string({
      description:
        'file to make, which must not be there; - for stdout [default: crisp-report-HOST-TIME.tar.gz]',
      complete: 'file',
    }),
  }

  static override flags = {
    logs: Flags.boolean({
      description: 'also logs (the last MiB of each), the journal and configuration, not redacted',
    }),
    events: durationFrom(0)({
      description: 'how long to wait for events; 0s for none [default: 10s]',
    }),
    since: valueFlag((text) => parseWhen(text, Date.now()), {helpValue: 'TIME'})({
      description: 'of the journal, only what was written since: 3h, 14:00, 2026-01-02 [default: 1h]',
    }),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Report)
    const toStdout = args.file === '-'
    if (toStdout && process.stdout.isTTY)
      throw new UsageError(
        'a report is no text for a terminal: name a file, or write it to one: report - > FILE',
      )
    const [{writeArchive, writeArchiveFile}, {NewFile}, {collect}] = await Promise.all([
      import('../report/archive.js'),
      import('../node/new-file.js'),
      import('../report/collect.js'),
    ])
    const nowMs = Date.now()
    const folder = reportName(hostname(), nowMs)
    using client = await this.connect(flags)
    const subject = new Subject({
      client,
      host: new Host(),
      signal: this.signal,
      limitMs: flags['request-timeout'],
      nowMs,
      sinceMs: flags.since && flags.since.seconds * 1000,
      units: await this.units(flags),
    })
    await using file = toStdout ? undefined : await NewFile.make(resolve(args.file ?? `${folder}.tar.gz`))
    const collected = await collect({
      client,
      subject,
      eventsMs: flags.events ?? usualEventsMs,
      signal: this.signal,
      version: crispVersion,
    })
    const unredacted = flags.logs ? await this.#unredacted(subject) : undefined
    this.signal.throwIfAborted()
    const files = filesOf(collected, unredacted, nowMs)
    if (file) {
      await writeArchiveFile(file, folder, files, nowMs)
      file.keep()
      this.write(`${file.path}\n`)
    } else await writeArchive(process.stdout, folder, files, nowMs)
    if (unredacted)
      this.note(`what is in ${folder}/not-redacted may hold secrets: look through it before you send it`)
  }

  async #unredacted(subject: Subject): Promise<Unredacted> {
    const {collectUnredacted} = await import('../report/unredacted.js')
    return collectUnredacted({subject, uid: process.getuid?.(), signal: this.signal})
  }
}

/** What there is to send, and first of it the list of it all. */
function filesOf(collected: Collected, unredacted: Unredacted | undefined, nowMs: number): ArchivedFile[] {
  const documents = collected.documents.map(({name, about, value}) => ({
    name,
    about,
    content: Buffer.from(jsonText(value)),
  }))
  const raw = (unredacted?.files ?? []).map(({name, content}) => ({name, about: 'not redacted', content}))
  const listed = [...documents, ...raw]
  const manifest = {
    crisp: crispVersion,
    madeAt: new Date(nowMs).toISOString(),
    redacted: unredacted === undefined,
    files: listed.map(({name, about, content}) => ({name, about, bytes: content.length})),
    leftOut: [
      ...collected.leftOut,
      ...(unredacted?.leftOut ?? [
        {what: 'logs, the journal, configuration', why: 'they are taken with --logs only'},
      ]),
    ],
  }
  return [{name: 'manifest.json', content: Buffer.from(jsonText(manifest))}, ...listed]
}
