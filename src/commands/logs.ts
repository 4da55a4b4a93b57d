import type {Interfaces} from '@oclif/core'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {integerFlag} from '../cli/flags/common.js'
import type {CriClient} from '../client/connect.js'
import {NotFoundError, UsageError} from '../errors/errors.js'
import type {Container} from '../generated/cri.js'
import {
  CopyFeed,
  type FedLog,
  type FeedOptions,
  isPlainSearch,
  LineFeed,
  type LogFeed,
} from '../log-session/feed.js'
import {highlighter, originLabels} from '../log-session/lines.js'
import {attemptMarker, type ChosenLog, LogSession} from '../log-session/session.js'
import {isDockerLog} from '../logs/bytes.js'
import type {Grep} from '../logs/grep.js'
import type {LineFilter} from '../logs/lines.js'
import type {StreamIndex} from '../logs/record.js'
import {containersNamed, containersSelected, logsOfAttempts, type WantedAttempt} from '../node/log-targets.js'
import {attemptsOf, lookAtNode, type NodeView, namesContainer} from '../node/view.js'
import {processSink} from '../terminal/sink.js'
import {parseInteger} from '../text/integer.js'
import {parseRegexp} from '../text/regexp.js'
import {parseChoice, parseLabels} from '../text/selectors.js'
import {parseWhen} from '../text/when.js'

const which = {helpGroup: 'WHICH LOGS'}
const part = {helpGroup: 'WHICH LINES'}
const match = {helpGroup: 'SEARCH'}
const shape = {helpGroup: 'OUTPUT'}

const expression = (description: string) =>
  Flags.string({multiple: true, multipleNonGreedy: true, ...match, helpValue: 'REGEXP', description})

export default class Logs extends CriCommand {
  static override summary = 'Show the logs of containers, rotated files included'
  static override description =
    'Several containers are merged by time. The files are read on this machine, which takes root on most nodes.'
  static override examples = [
    'crisp logs web',
    'crisp logs -f --tail 20 kube-system/coredns-x',
    'crisp logs --since "yesterday 14:00" --until "yesterday 14:10" etcd',
    'crisp logs --previous web-1/app',
    'crisp logs -l app=web --since 10m --grep error -C 3',
    'crisp logs -f --namespace ^kube-system$ -o json',
  ]

  static override args = {
    container: Args.string({
      multiple: true,
      description: "container or pod: ID, name, pod/name or namespace/pod/name; a pod's containers all",
      ignoreStdin: true,
    }),
  }

  static override flags = {
    label: Flags.string({
      char: 'l',
      multiple: true,
      multipleNonGreedy: true,
      ...which,
      helpValue: 'KEY=VALUE',
      description: 'containers with this label, or of pods with it; several must all match',
    }),
    namespace: Flags.string({
      ...which,
      helpValue: 'REGEXP',
      description: 'containers of namespaces that match',
    }),
    name: Flags.string({...which, helpValue: 'REGEXP', description: 'containers whose name matches'}),
    pod: Flags.string({...which, helpValue: 'POD', description: 'containers of this pod'}),
    attempt: Flags.string({
      ...which,
      helpValue: 'N|all',
      description: 'this attempt (restart) instead of the newest, or all one after another',
    }),
    previous: Flags.boolean({char: 'p', ...which, description: 'the attempt before the newest'}),

    follow: Flags.boolean({
      char: 'f',
      ...part,
      description: 'go on with what is added, and with the next attempt',
    }),
    once: Flags.boolean({...part, description: 'with -f: end with the container'}),
    tail: integerFlag({char: 'n', ...part, description: 'the last N lines of each container; 0: none'}),
    since: Flags.string({
      ...part,
      helpValue: 'TIME',
      description: 'from then on: 10m, 14:00, "yesterday 14:00", 2026-01-02, 2026-01-02T13:00:00Z',
    }),
    until: Flags.string({...part, helpValue: 'TIME', description: 'up to then'}),
    stream: Flags.string({
      char: 's',
      ...part,
      helpValue: 'NAME',
      description: 'only stdout, or only stderr',
      complete: ['stdout', 'stderr'],
    }),
    'limit-bytes': integerFlag({...part, description: 'not more than N bytes in all'}),

    grep: expression('lines that match; one of several is enough'),
    exclude: expression('no lines that match'),
    'after-context': integerFlag({char: 'A', ...match, description: 'and N lines after each match'}),
    'before-context': integerFlag({char: 'B', ...match, description: 'and N lines before'}),
    context: integerFlag({char: 'C', ...match, description: 'both'}),

    timestamps: Flags.boolean({char: 't', ...shape, description: 'the time of each line in front of it'}),
    prefix: Flags.boolean({...shape, description: "the container's name in front, for a single one too"}),
    output: Flags.string({
      char: 'o',
      ...shape,
      helpValue: 'FORMAT',
      default: 'text',
      description: 'text, raw (never a prefix or a colour) or json (an object a line)',
      complete: ['text', 'raw', 'json'],
    }),
    reopen: Flags.boolean({
      char: 'r',
      description: 'let the runtime open its log files anew first, as after a rotation',
    }),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Logs)
    const wish = wishOf(args.container ?? [], flags, Date.now())
    using client = await this.connect(flags)

    const {view, containers} = await this.#chosenContainers(client, wish)
    if (flags.reopen)
      for (const {id} of containers) await client.runtime.reopenContainerLog({containerId: id})
    const chosen = await this.#logsOf(client, containers, view, wish)
    if (chosen.length === 0) return

    const style = await this.#style()
    const joining =
      wish.select || (wish.follow && !wish.references.every((word) => namesContainer(word, view)))
    const labels = originLabels(chosen.map(({fed}) => fed.origin))
    const withPrefix = wish.format === 'text' && (wish.prefix || wish.select || chosen.length > 1)
    const width = Math.max(...labels.map((label) => label.length))
    for (const [index, {fed}] of chosen.entries())
      if (withPrefix) fed.prefix = prefixOf(labels[index] ?? '', width, index, style)

    using feed = this.#feed(wish, style, chosen, joining || withPrefix)
    const session = new LogSession({
      client,
      feed,
      plan: {tail: wish.tail, ...wish.filter},
      signal: this.signal,
      note: (text) => this.note(text),
      fail: (error) => this.fail(error),
      nameOf,
    })
    const shown = await session.show(chosen)
    if (!wish.follow || feed.full) return
    await session.follow(shown, {
      once: wish.once,
      endless: wish.select && !wish.once && wish.pod === undefined,
      select: joining ? (now) => this.#containersNow(wish, now) : undefined,
      choose: async (container, now) => {
        const [log] = await this.#logsOf(client, [container], now, {...wish, attempt: 'newest'})
        if (!log) throw new NotFoundError(`container ${container.id} is gone`)
        const index = this.#joined++ + chosen.length
        const label = originLabels([...chosen.map(({fed}) => fed.origin), log.fed.origin]).at(-1) ?? ''
        if (withPrefix) log.fed.prefix = prefixOf(label, width, index, style)
        return log
      },
    })
  }

  #joined = 0

  async #chosenContainers(client: CriClient, wish: Wish): Promise<{view: NodeView; containers: Container[]}> {
    const view = await lookAtNode(client)
    if (wish.select) {
      const containers = containersSelected(wish, view)
      if (containers.length === 0 && !wish.follow)
        throw new NotFoundError('no container passes the filters: crisp ps -a shows what there is')
      return {view, containers}
    }
    const containers = wish.references.flatMap((reference) => {
      try {
        return containersNamed(reference, view)
      } catch (error) {
        this.fail(error)
        return []
      }
    })
    return {view, containers: [...new Set(containers)]}
  }

  /** Of a selector, or of pods that were named: containers may join. */
  #containersNow(wish: Wish, view: NodeView): Container[] {
    if (wish.select) return containersSelected(wish, view)
    return wish.references.flatMap((reference) => {
      try {
        return containersNamed(reference, view)
      } catch {
        // Gone meanwhile: its logs end by themselves.
        return []
      }
    })
  }

  async #logsOf(
    client: CriClient,
    containers: readonly Container[],
    view: NodeView,
    wish: Wish,
  ): Promise<ChosenLog[]> {
    const {concurrently} = await import('../node/concurrently.js')
    const outcomes = await concurrently(containers, 8, async (container): Promise<ChosenLog> => {
      const {status} = await client.runtime.containerStatus({containerId: container.id})
      if (!status) throw new NotFoundError(`container ${container.id} is gone`)
      const attempts = await logsOfAttempts(client, status, attemptsOf(container, view), wish.attempt)
      const {namespace, pod, container: name} = view.placeOf(container)
      const origin = {namespace, pod, container: name, attempt: attempts[0]?.attempt ?? 0}
      const fed: FedLog = {origin, prefix: '', onAttemptEnd: () => undefined}
      fed.onAttemptEnd = attemptMarker(nameOf(fed), attempts, (text) => this.note(text))
      return {fed, status, attempts}
    })
    return this.succeeded(outcomes)
  }

  #feed(wish: Wish, style: Style | undefined, chosen: readonly ChosenLog[], withNames: boolean): LogFeed {
    const {grep} = wish
    const options: FeedOptions = {
      sink: processSink(),
      format: wish.format === 'json' ? 'json' : 'text',
      timestamps: wish.timestamps,
      limitBytes: wish.limitBytes < 0 ? Number.POSITIVE_INFINITY : wish.limitBytes,
      grep,
      highlight:
        style && grep && grep.include.length > 0 && wish.format === 'text'
          ? highlighter(grep.include, style.match)
          : undefined,
      gap: wish.format === 'text' ? '--\n' : '',
      filter: wish.filter,
      follow: wish.follow,
      signal: this.signal,
      onNotice: (text) => this.note(text),
      onDamage: this.#damageNote(),
    }
    const searchable = !grep || (!options.highlight && isPlainSearch(grep))
    const plain =
      !withNames && searchable && wish.format !== 'json' && wish.limitBytes < 0 && chosen.length === 1
    const logs = chosen.flatMap(({attempts}) => attempts)
    return plain && !logs.some(({path}) => isDockerLog(path))
      ? new CopyFeed(options)
      : new LineFeed(options, chosen.length)
  }

  #damageNote(): (log: FedLog) => void {
    const told = new Set<FedLog>()
    return (log) => {
      if (told.has(log)) return
      told.add(log)
      this.note(`${nameOf(log)}: a line of the log file is damaged and left out, as will be others`)
    }
  }

  async #style(): Promise<Style | undefined> {
    return (await this.tableStyle()) && (await import('../terminal/colours.js')).logStyle
  }
}

interface Style {
  match: (text: string) => string
  origins: readonly ((text: string) => string)[]
}

interface Wish {
  references: readonly string[]
  /** Chosen by selectors, not by reference. */
  select: boolean
  labels: Record<string, string>
  namespace: RegExp | undefined
  name: RegExp | undefined
  pod: string | undefined
  attempt: WantedAttempt
  follow: boolean
  once: boolean
  tail: number | undefined
  filter: LineFilter
  limitBytes: number
  grep: Grep | undefined
  timestamps: boolean
  prefix: boolean
  format: 'text' | 'raw' | 'json'
}

const streams: Readonly<Record<string, StreamIndex>> = {stdout: 0, stderr: 1}

type LogsFlags = Interfaces.InferredFlags<typeof Logs.flags>

/** Throws UsageError for what does not go together. */
function wishOf(references: readonly string[], flags: LogsFlags, nowMs: number): Wish {
  const select = [flags.label, flags.namespace, flags.name, flags.pod].some((value) => value !== undefined)
  if (!select && references.length === 0)
    throw new UsageError('which container? crisp logs web, or -l app=web (crisp ps -a lists them)')
  if (select && references.length > 0)
    throw new UsageError(
      `"${references[0]}" can't be used together with --label, --namespace, --name or --pod`,
    )
  return {
    references,
    select,
    labels: parseLabels(flags.label),
    namespace: flags.namespace === undefined ? undefined : parseRegexp('--namespace', flags.namespace),
    name: flags.name === undefined ? undefined : parseRegexp('--name', flags.name),
    pod: flags.pod,
    attempt: attemptOf(flags),
    follow: flags.follow,
    once: flags.once,
    tail: flags.tail,
    filter: filterOf(flags, nowMs),
    limitBytes: flags['limit-bytes'] ?? -1,
    grep: grepOf(flags),
    timestamps: flags.timestamps,
    prefix: flags.prefix,
    format: parseChoice('-o', flags.output, {text: 'text', raw: 'raw', json: 'json'} as const),
  }
}

function attemptOf({attempt, previous, follow}: LogsFlags): WantedAttempt {
  if (attempt !== undefined && previous) throw new UsageError("--previous and --attempt can't both be given")
  if (attempt === undefined && !previous) return 'newest'
  const wanted = previous ? 'previous' : attempt === 'all' ? 'all' : parseInteger(attempt ?? '')
  if (follow && wanted !== 'all')
    throw new UsageError('-f follows the newest attempt: leave out --previous or --attempt')
  return wanted
}

function filterOf({stream, since, until, follow}: LogsFlags, nowMs: number): LineFilter {
  if (until !== undefined && follow) throw new UsageError("--until can't be used with -f, which has no end")
  return {
    stream: stream === undefined ? undefined : parseChoice('--stream', stream, streams),
    since: since === undefined ? undefined : parseWhen('--since', since, nowMs),
    until: until === undefined ? undefined : parseWhen('--until', until, nowMs),
  }
}

function grepOf(flags: LogsFlags): Grep | undefined {
  const {grep = [], exclude = [], context = 0} = flags
  const before = flags['before-context'] ?? context
  const after = flags['after-context'] ?? context
  if (grep.length === 0 && exclude.length === 0) {
    if (before > 0 || after > 0) throw new UsageError('-A, -B and -C need --grep')
    return undefined
  }
  return {
    include: grep.map((source) => parseRegexp('--grep', source)),
    exclude: exclude.map((source) => parseRegexp('--exclude', source)),
    before: Math.max(0, before),
    after: Math.max(0, after),
  }
}

function nameOf({origin: {namespace, pod, container}}: FedLog): string {
  return [namespace, pod, container].filter((word) => word !== '').join('/')
}

function prefixOf(label: string, width: number, index: number, style: Style | undefined): string {
  const colour = style?.origins[index % style.origins.length]
  const text = `${label.padEnd(width)} | `
  return colour ? colour(text) : text
}
