import {CriCommand} from '../cli/command.js'
import {outputFlags, unitsFlag} from '../cli/flags/common.js'
import {listFlag, valueFlag} from '../cli/flags/types.js'
import type {Check} from '../doctor/check.js'
import {checks} from '../doctor/checks/index.js'
import {examine, type Outcome} from '../doctor/examine.js'
import {Host} from '../doctor/host.js'
import {Subject} from '../doctor/subject.js'
import {examinedView} from '../doctor/text.js'
import {exitCode, UsageError} from '../errors/errors.js'
import {nearest} from '../text/nearest.js'
import {parseWhen} from '../text/when.js'

const names = checks.map(({name}) => name)

const checkNames = (description: string) =>
  listFlag(parseNames, (lists): ReadonlySet<string> => new Set(lists.flat()), {
    helpValue: 'CHECK',
    complete: names,
    description,
  })

/** Several with commas between. */
function parseNames(text: string): string[] {
  return text.split(',').map((part) => {
    const name = part.trim()
    if (names.includes(name)) return name
    const near = nearest(name, names)
    throw new UsageError(
      `"${name}" is no check${near === undefined ? `: ${names.join(', ')}` : `, did you mean ${near}?`}`,
    )
  })
}

export default class Doctor extends CriCommand {
  static override summary = 'Look for what is wrong with this node, and say what to do'
  static override description =
    'Run it on the node itself, usually with sudo: it asks the runtime and reads files of the node, and changes nothing. It works without a runtime too; each check has a time limit (--request-timeout for a call, 10s here). Exit code 1 where something is broken, 2 where a check itself failed. "crisp explain doctor/CHECK" says more of a check.'
  static override examples = [
    'sudo crisp doctor',
    'sudo crisp doctor --only cni,disk',
    'sudo crisp doctor --ignore clock -o json',
    'crisp doctor -o wide',
    'crisp doctor --upgrade 1.38',
    'crisp explain doctor/cni',
  ]

  static override flags = {
    units: unitsFlag,
    ...outputFlags('table'),
    only: checkNames('these checks and no others, several with commas between'),
    ignore: checkNames('all checks but these'),
    upgrade: valueFlag(parseRelease, {helpValue: 'RELEASE'})({
      description: 'also what the kubelet of this release of Kubernetes refuses, such as 1.38',
    }),
    since: valueFlag((text) => parseWhen(text, Date.now()), {helpValue: 'TIME'})({
      description: 'of what has happened, only what did since: 24h, 14:00, 2026-01-02 [default: 1h]',
    }),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Doctor)
    const output = await this.outputForm(flags)
    const chosen = chooseChecks(flags)
    using client = await this.connect(flags)

    const subject = new Subject({
      client,
      host: new Host(),
      signal: this.signal,
      limitMs: flags['request-timeout'],
      nowMs: Date.now(),
      sinceMs: flags.since && flags.since.seconds * 1000,
      upgradeTo: flags.upgrade,
      units: await this.units(flags),
    })
    const outcomes = await examine(
      chosen.filter(({isAsked}) => flags.only !== undefined || (isAsked?.(subject) ?? true)),
      subject,
    )
    const version = await subject.version().catch(() => undefined)
    const examined = {
      endpoint: version && (await client.endpoint()),
      runtime: version && {name: version.runtimeName, version: version.runtimeVersion},
      outcomes,
    }
    await this.show(examinedView(examined, {width: this.width, style: await this.tableStyle()}), output)
    process.exitCode = codeOf(outcomes)
  }
}

function parseRelease(text: string): string {
  const [, release] = /^v?(1\.\d{1,3})(?:\.\d+)?$/.exec(text) ?? []
  if (release === undefined) throw new UsageError(`"${text}" is no release of Kubernetes: write 1.38`)
  return release
}

interface Choice {
  only?: ReadonlySet<string> | undefined
  ignore?: ReadonlySet<string> | undefined
}

function chooseChecks({only, ignore}: Choice): Check[] {
  return checks.filter(({name}) => (only?.has(name) ?? true) && !ignore?.has(name))
}

function codeOf(outcomes: readonly Outcome[]): number {
  if (outcomes.some(({result}) => result === 'failed')) return exitCode.usage
  return outcomes.some(({result}) => result === 'broken') ? exitCode.failed : exitCode.done
}
