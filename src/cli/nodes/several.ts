import {setMaxListeners} from 'node:events'
import {findRpc, onlyReads} from '../../config-files/requests.js'
import {type ExitCode, exitCode, Interrupted, UsageError, UserError} from '../../errors/errors.js'
import {printableLines} from '../../errors/printable.js'
import {parseOutputForm} from '../../formats/output.js'
import {concurrently} from '../../node/concurrently.js'
import {readFileBytes} from '../../node/read-file.js'
import {rememberFailed} from '../../nodes/failed-nodes.js'
import type {Ending, RunOnNode} from '../../nodes/run.js'
import {lastMomentsMs, SilentError} from '../../nodes/silent.js'
import {parseCopyPath} from '../../sessions/cp/copy-path.js'
import {durationText, parseDurationMs} from '../../text/duration.js'
import {parseInteger} from '../../text/integer.js'
import {mapLazily} from '../../text/map-lazily.js'
import {type CommandLine, type FlagSpec, givenValue} from '../argv.js'
import type {CompletableCommand} from '../completion/position.js'
import {describeError} from '../failures/describe.js'
import {Interruption} from '../interruption.js'
import {messageText, readMessage, reportFailure, writeMessage} from '../messages.js'
import {terminalStyle, terminalWidth} from '../output.js'
import type {AnswerHead} from './answer.js'
import {type Answer, AnswerReader} from './answers.js'
import {Clocks} from './clocks.js'
import {DeliveryProgress} from './delivery-progress.js'
import type {Follow} from './follow.js'
import {InputForNode} from './input.js'
import {connectAndRun, displayOn, type Io, type Luggage, mayRunOn, type Program, pack, write} from './near.js'
import {nodesInMessage} from './nodes-in-message.js'
import {oneViews} from './one-view.js'
import {countText, NodeTimeoutError, type Outcome, type OutcomeWord, outcomeOf} from './outcomes.js'
import {PrefixedLines} from './prefixed-lines.js'
import {TimeMerge, timeOfLine} from './time-merge.js'
import {TraceOfNode} from './trace.js'
import {nodeFlagNames} from './where.js'
import type {NodeTask} from './which-nodes.js'

const usualFanout = 32
const readingMs = 60_000
/** Of more nodes no connection is kept: each is a process. */
const mostKept = 32
const mostText = 128 * 1024 * 1024
/** Of what a node says on stderr. */
const mostMessages = 64 * 1024

/** They change something there. */
const changingVerbs: ReadonlySet<string> = new Set([
  'checkpoint',
  'cp',
  'create',
  'load',
  'push',
  'restart',
  'rm',
  'rmi',
  'rmp',
  'run',
  'runp',
  'start',
  'stop',
  'stopp',
  'tag',
  'untag',
  'update',
  'update-runtime-config',
])

/** Whether the line changes something there. Throws UsageError for a call that there is not. */
function changes({id, given, arguments: [word]}: CommandLine): boolean {
  if (changingVerbs.has(id)) return true
  if (id !== 'call' || word === undefined || givenValue(given, 'example') === true) return false
  return !onlyReads(findRpc(word))
}

/** Of those what --dry-run prints is a file. */
const makingVerbs: ReadonlySet<string> = new Set(['create', 'run', 'runp'])

/** They tell when something was, and several nodes are one by time. */
const mergedVerbs: ReadonlySet<string> = new Set(['events', 'logs'])

/** They need the user's terminal, keyboard, ports or output for themselves. */
const verbsOfOne: ReadonlySet<string> = new Set(['attach', 'port-forward', 'save', 'top'])

type Way = 'gather' | 'stream'

/** Runs a command line on several nodes at once; what they show becomes one. */
export async function runOnNodes(
  tasks: readonly NodeTask[],
  line: CommandLine,
  manifest: Program,
): Promise<void> {
  const interruption = new Interruption()
  const stop = new AbortController()
  for (const signal of [interruption.signal, stop.signal]) setMaxListeners(0, signal)
  try {
    const command = manifest.commands.find(({id}) => id === line.id)
    checkLine(line, tasks)
    const options = readOptions(line, command)
    if (mergedVerbs.has(line.id) && tasks.length > options.fanout)
      throw new UsageError(
        `${line.id} of ${tasks.length} nodes are one by time, and need all of them at once: --fanout ${tasks.length}`,
      )
    const luggage = await pack(line, manifest, interruption.signal)
    const ends = {signal: interruption.signal, stop: stop.signal}
    const asked = await askFirst(withTimes(tasks, command), line, command, luggage, options, ends)
    if (asked) await new Several(asked.tasks, line, luggage, options, ends).run(asked.failed)
  } catch (error) {
    reportFailure(describeError(interruption.signal.aborted ? interruption.signal.reason : error))
  } finally {
    stop.abort()
    interruption[Symbol.dispose]()
  }
}

/** Lines of logs come with their time, by which they are sorted. */
function withTimes(tasks: readonly NodeTask[], command: CompletableCommand | undefined): readonly NodeTask[] {
  const flag = command?.id === 'logs' ? command.flags.find(({name}) => name === 'timestamps') : undefined
  if (!flag) return tasks
  return tasks.map((task) => withFlag(task, flag))
}

function withFlag(task: NodeTask, flag: FlagSpec): NodeTask {
  return {...task, line: {...task.line, given: [...task.line.given, {flag, value: true}]}}
}

interface Ends {
  signal: AbortSignal
  stop: AbortSignal
}

interface Asked {
  tasks: readonly NodeTask[]
  /** Where it can't be done, as was found out before. */
  failed: readonly Outcome[]
}

/** Before something is changed: says what, and asks. undefined where the answer is no. Throws UsageError. */
async function askFirst(
  tasks: readonly NodeTask[],
  line: CommandLine,
  command: CompletableCommand | undefined,
  luggage: Luggage,
  options: Options,
  ends: Ends,
): Promise<Asked | undefined> {
  const {id, given} = line
  const all = {tasks, failed: []}
  const nodes = nodesInMessage(tasks.map(({node}) => node))
  if (!changes(line) || givenValue(given, 'dry-run') === true) return all
  if (givenValue(given, 'yes') === true) {
    writeMessage(`${id} on ${nodes}`)
    return all
  }
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError(`${id} on ${nodes} changes them, and nobody can be asked: --yes does it`)
  const flagOf = (name: string) => command?.flags.find((flag) => flag.name === name)
  const dryRun = makingVerbs.has(id) ? undefined : flagOf('dry-run')
  let asked: Asked = all
  if (dryRun) {
    const preview = new Several(
      tasks.map((task) => withFlag(task, dryRun)),
      line,
      luggage,
      {...options, way: 'gather', separator: undefined},
      ends,
    )
    const {texts, outcomes} = await preview.look()
    for (const [line, where] of texts) writeMessageOf(where, line)
    const failed = outcomes.filter(({word}) => word !== 'ok')
    const dead = new Set(failed.map(({node}) => node))
    asked = {tasks: tasks.filter(({node}) => !dead.has(node)), failed}
  }
  if (asked.tasks.length === 0) return asked
  const sure = await askYesOrNo(`${id} on ${nodesInMessage(asked.tasks.map(({node}) => node))}?`, ends.signal)
  if (!sure) return undefined
  // It would ask for itself otherwise.
  const yes = flagOf('yes')
  return yes ? {...asked, tasks: asked.tasks.map((task) => withFlag(task, yes))} : asked
}

async function askYesOrNo(question: string, signal: AbortSignal): Promise<boolean> {
  const {createInterface} = await import('node:readline/promises')
  const lines = createInterface({input: process.stdin, output: process.stderr, terminal: false})
  try {
    const answer = await lines.question(`${messageText(`${question} [y/N]`).trimEnd()} `, {signal})
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}

interface Options {
  /** How many are begun before the first of them has to be done. */
  serial: number
  maxFailures: number
  way: Way
  fanout: number
  timeoutMs: number | undefined
  fold: boolean
  limit: number | undefined
  /** Times were asked for. */
  timestamps: boolean
  /** What stands between a node's name and what it prints; undefined where the name is left out. */
  separator: string | undefined
}

/** Throws UsageError. */
function checkLine(line: CommandLine, tasks: readonly NodeTask[]): void {
  const what = whatIsForOne(line, tasks[0]?.line.arguments ?? [])
  if (what !== undefined)
    throw new UsageError(
      `${what} is for one node, and ${nodesInMessage(tasks.map(({node}) => node))} are several`,
    )
}

function whatIsForOne(
  {id, given, arguments: words}: CommandLine,
  wordsThere: readonly string[],
): string | undefined {
  if (id === 'report' && wordsThere.length > 0) return 'report to one file'
  const is = (name: string) => givenValue(given, name) === true
  if (verbsOfOne.has(id)) return id
  for (const name of ['tty', 'watch', 'stdin', 'interactive']) if (is(name)) return `${id} --${name}`
  const readsStdin = given.some(
    ({flag: {name}, value}) =>
      !nodeFlagNames.has(name) && (value === '-' || (name.endsWith('-stdin') && value === true)),
  )
  if (readsStdin || (id !== 'exec' && words.includes('-'))) return `${id} from stdin`
  if (id === 'cp' && parseCopyPath(wordsThere[0] ?? '').kind === 'container') return 'cp from a container'
  return undefined
}

/** Throws UsageError. */
function readOptions(line: CommandLine, command: CompletableCommand | undefined): Options {
  const {id, given} = line
  const shows = command?.flags.some(({name}) => name === 'output') === true
  const way: Way = shows && !changingVerbs.has(id) && !['events', 'logs'].includes(id) ? 'gather' : 'stream'
  const number = (name: string): number | undefined => {
    const value = givenValue(given, name)
    return typeof value === 'string' ? asFlag(name, () => parseInteger(value)) : undefined
  }
  const timeout = givenValue(given, 'node-timeout')
  const timeoutMs =
    typeof timeout === 'string' ? asFlag('node-timeout', () => parseDurationMs(timeout)) : undefined
  const fanout = number('fanout') ?? usualFanout
  if (fanout < 1) throw new UsageError(`--fanout "${fanout}" should be 1 or more`)
  const serial = number('serial') ?? Number.POSITIVE_INFINITY
  if (serial < 1) throw new UsageError(`--serial "${serial}" should be 1 or more`)
  const fold = givenValue(given, 'fold')
  const isLatest = givenValue(given, 'latest') === true
  const givesWords = (way === 'gather' && givenValue(given, 'quiet') === true) || changingVerbs.has(id)
  return {
    way,
    serial,
    maxFailures:
      givenValue(given, 'fail-fast') === true ? 0 : (number('max-failures') ?? Number.POSITIVE_INFINITY),
    fanout,
    timeoutMs: (timeoutMs ?? (way === 'gather' ? readingMs : 0)) || undefined,
    fold: typeof fold === 'boolean' ? fold : process.stdout.isTTY === true,
    timestamps: givenValue(given, 'timestamps') === true,
    limit: isLatest ? 1 : (number('last') ?? number('limit')),
    separator: givesWords ? '//' : ': ',
  }
}

function asFlag<Value>(name: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    throw new UsageError(`--${name} ${(error as Error).message}`, {cause: error})
  }
}

class Several {
  readonly #tasks: readonly NodeTask[]
  readonly #line: CommandLine
  readonly #luggage: Luggage
  readonly #options: Options
  readonly #signal: AbortSignal
  readonly #stop: AbortSignal
  readonly #answers: Answer[] = []
  readonly #progress: DeliveryProgress
  readonly #merging: TimeMerge | undefined
  readonly #isEndless: boolean = false
  readonly #clocks: Clocks | undefined
  /** What was said of the connections that are lost. */
  readonly #away = new Map<string, string>()
  readonly #lastTimes = new Map<string, number>()
  /** Lines of a list, by node. */
  readonly #texts = new Map<string, string>()
  /** What nodes said on stderr, by what it is. */
  readonly #messages = new Map<string, string[]>()

  constructor(
    tasks: readonly NodeTask[],
    line: CommandLine,
    luggage: Luggage,
    options: Options,
    {signal, stop}: Ends,
  ) {
    this.#tasks = tasks
    this.#line = line
    this.#luggage = luggage
    const {units} = tasks[0]?.settings ?? {}
    this.#progress = new DeliveryProgress({units, isQuiet: options.way !== 'gather'})
    this.#options = options
    this.#signal = signal
    this.#stop = stop
    if (!mergedVerbs.has(line.id)) return
    const displays = [displayOn(process.stdout, false), displayOn(process.stderr, false)] as const
    this.#isEndless = line.id === 'events' || givenValue(line.given, 'follow') === true
    const nodes = tasks.map(({node}) => node)
    this.#clocks = new Clocks(nodes, writeMessage)
    this.#merging = new TimeMerge(nodes, this.#isEndless, (text, output) =>
      displays[output].write(Buffer.from(text)),
    )
  }

  /** What they say, each with those that say it. */
  async look(): Promise<{texts: Map<string, string[]>; outcomes: Outcome[]}> {
    const outcomes = await this.#runAll()
    for (const [node, text] of this.#texts) this.#keepMessages(node, text)
    return {texts: this.#messages, outcomes}
  }

  /** Lines of `logs`, whose time orders them; one without goes with the line before. False where the first has none. */
  async #merge(node: string, text: string, output: 0 | 1): Promise<boolean> {
    for (const line of text.slice(0, -1).split('\n')) {
      const time = timeOfLine(line)
      if (!time && output === 1) return false
      if (time) this.#lastTimes.set(node, time.timeMs)
      const shown = time && !this.#options.timestamps ? time.bare : line
      const labelled = line.startsWith('{"time"')
        ? `{"node":${JSON.stringify(node)},${line.slice(1)}`
        : `${node}: ${shown}`
      await this.#merging?.add(node, this.#lastTimes.get(node) ?? 0, `${labelled}\n`, output)
    }
    return true
  }

  async run(failedBefore: readonly Outcome[]): Promise<void> {
    const outcomes = [...failedBefore, ...(await this.#runAll())]
    // In the order of the nodes, whichever answered first.
    const places = new Map(this.#tasks.map(({node}, index) => [node, index]))
    this.#answers.sort((a, b) => (places.get(a.node) ?? 0) - (places.get(b.node) ?? 0))
    await this.#print(this.#tasks.map(({node}) => this.#texts.get(node) ?? ''))
    await this.#show(this.#answers)
    for (const [line, nodes] of this.#messages) writeMessageOf(nodes, line)
    const failed = outcomes.filter(({word}) => word !== 'ok')
    for (const {text, exitCode: code} of failed) reportFailure({text: text ?? '', exitCode: code as ExitCode})
    const unasked = outcomes.filter(({isUnasked}) => isUnasked).map(({node}) => node)
    if (unasked.length > 0) writeMessage(`${nodesInMessage(unasked)}: interrupted before it was asked`)
    const count = countText(outcomes)
    if (count !== undefined) writeMessage(count, 'failure')
    rememberFailed(
      process.env,
      failed.map(({node}) => node),
    )
    this.#signal.throwIfAborted()
  }

  async #runAll(): Promise<Outcome[]> {
    const outcomes: Outcome[] = new Array(this.#tasks.length)
    const {fanout, serial, maxFailures} = this.#options
    let failures = 0
    const places = [...this.#tasks.keys()]
    while (places.length > 0)
      await concurrently(places.splice(0, serial), fanout, async (index) => {
        const task = this.#tasks[index] as NodeTask
        const isOver = this.#signal.aborted || failures > maxFailures
        const outcome: Outcome = isOver
          ? {node: task.node, word: 'not run', exitCode: exitCode.failed}
          : await this.#runOne(task)
        if (outcome.word !== 'ok') failures++
        outcomes[index] = outcome
      })
    await this.#merging?.finish()
    return outcomes
  }

  async #runOne({node, line, settings}: NodeTask): Promise<Outcome> {
    const {timeoutMs} = this.#options
    const own = new AbortController()
    const end = new Ended(node, this.#signal, this.#options.way === 'gather')
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            const text = `${node}: no answer within ${durationText(timeoutMs)} (--node-timeout)`
            end.reject(new NodeTimeoutError(text, {exitCode: exitCode.timedOut}))
          }, timeoutMs)
    try {
      const work = connectAndRun(node, line, this.#luggage, {
        signal: this.#signal,
        stop: AbortSignal.any([this.#stop, own.signal]),
        running: end.running,
        settings,
        part: {
          progress: this.#progress,
          once: this.#tasks.length > mostKept,
          clock: this.#clocks !== undefined,
          carry: (run, orders, io, follow) => this.#carry(node, run, orders, io, end, follow),
          onAway: (text) => {
            if (text === undefined) this.#away.delete(node)
            else this.#away.set(node, text)
          },
        },
      })
      const code = await Promise.race([work, end.promise])
      return {node, word: this.#wordOf(code), exitCode: code}
    } catch (error) {
      const away = this.#away.get(node)
      if (this.#signal.aborted && away !== undefined)
        return outcomeOf(node, new UserError(`${away}, and not made again`, {exitCode: exitCode.unreachable}))
      return outcomeOf(node, error)
    } finally {
      clearTimeout(timer)
      this.#merging?.end(node)
      this.#clocks?.settle(node)
      end[Symbol.dispose]()
      own.abort()
    }
  }

  #wordOf(code: number): OutcomeWord {
    if (code === exitCode.done) return 'ok'
    if (!this.#signal.aborted || code !== describeError(this.#signal.reason).exitCode) return 'failed'
    // What has no end of its own is ended by its user.
    return this.#isEndless ? 'ok' : 'interrupted'
  }

  async #carry(
    node: string,
    run: RunOnNode,
    orders: Buffer,
    io: Io,
    end: Ended,
    follow: Follow | undefined,
  ): Promise<Ending> {
    const {separator, way} = this.#options
    using input = new InputForNode(run, {
      givesKeys: false,
      source: io.kind === 'in' ? io.source : undefined,
      file: io.kind === 'file' ? io.input : undefined,
      socket: undefined,
      isEmpty: true,
    })
    const display = displayOn(process.stdout, false)
    const unpacking = io.kind === 'out' ? io.unpack() : undefined
    let held = ''
    const isLog = this.#line.id === 'logs'
    const lines = new PrefixedLines(
      isLog || separator === undefined ? '' : node + separator,
      async (text) => {
        if (isLog) return void (await this.#merge(node, text, 0))
        if (way === 'stream') return await display.write(Buffer.from(text))
        held += text
        if (held.length > mostText) throw new UserError(`${node}: its answer has no end`)
      },
    )
    const show = (answer: Answer) => this.#show([answer])
    const reader = new AnswerReader(node, (answer, bytes) => {
      if (way === 'gather') return void this.#answers.push(answer)
      return follow ? follow.hold(0, bytes, () => show(answer)) : show(answer)
    })
    const takeText = (bytes: Buffer) => lines.take(bytes)
    const takeTold = (bytes: Buffer) => toldLines.take(bytes)
    const toText = follow?.holding(0, takeText) ?? takeText
    const toTold = follow?.holding(1, takeTold) ?? takeTold
    let messages = ''
    const told = displayOn(process.stderr, false)
    const toldLines = new PrefixedLines('', async (text) => {
      if (isLog && (await this.#merge(node, text, 1))) return
      for (const message of text.trimEnd().split('\n')) {
        const {text: said, kind} = readMessage(message)
        await told.write(Buffer.from(messageText(`${node}: ${said}`, kind)))
      }
    })
    const trace = this.#luggage.trace && new TraceOfNode(this.#luggage.trace, node)
    const hearTime = this.#clocks?.listen(node, () => void run.send({kind: 'clock'}))
    const passOn = (): void => {
      run.interrupt(this.#signal.reason, mayRunOn(this.#line))
    }
    this.#signal.addEventListener('abort', passOn)
    end.running.count++
    try {
      const carried = run.carry({
        stdout: async (bytes) => {
          if (unpacking) await write(unpacking.stream, bytes)
          else if (!reader.take(bytes)) await toText(bytes)
        },
        stderr: async (bytes) => {
          if (way === 'stream') await toTold(bytes)
          else if (messages.length < mostMessages) messages += bytes
        },
        onMark: async (text, output) => {
          if (await follow?.hear(text, output)) return
          if (output === 0 && (await reader.hear(text))) return
          if (!hearTime?.(text) && !trace?.hear(text)) input.hear(text)
        },
      })
      const [ended] = await Promise.all([carried, run.write(orders)])
      unpacking?.stream.end()
      await unpacking?.done
      if (ended.kind === 'lost') follow?.drop()
      else await follow?.end()
      await lines.end()
      await toldLines.end()
      display.end()
      this.#texts.set(node, held)
      return ended
    } catch (error) {
      run.stop(error)
      throw error
    } finally {
      this.#keepMessages(node, messages)
      end.running.count--
      this.#signal.removeEventListener('abort', passOn)
    }
  }

  #keepMessages(node: string, text: string): void {
    for (const line of text.split('\n').filter((each) => each !== '')) {
      const nodes = this.#messages.get(line) ?? []
      if (!nodes.includes(node)) nodes.push(node)
      this.#messages.set(line, nodes)
    }
  }

  async #show(answers: readonly Answer[]): Promise<void> {
    const {fold, limit} = this.#options
    const style = await terminalStyle()
    let isFirst = true
    if (this.#merging) return await this.#showInTime(answers)
    for (const {head, view} of oneViews(answers, {width: this.#width(), style, fold, limit})) {
      const form = await this.#formFor(head)
      const text = form.render(view)
      const pieces = isFirst ? text : [form.further([...text].join(''))]
      // As where it is one node's.
      await this.#print(form.raw && process.stdout.isTTY ? mapLazily(pieces, printableLines) : pieces)
      isFirst = false
    }
  }

  /** What nodes have said: a terminal gets of it what does no harm there. */
  async #print(pieces: Iterable<string>): Promise<void> {
    const display = displayOn(process.stdout, false)
    for (const piece of pieces) await display.write(Buffer.from(piece))
    display.end()
  }

  /** Events, each when its time has come. */
  async #showInTime(answers: readonly Answer[]): Promise<void> {
    const options = {width: undefined, style: undefined, fold: false, limit: undefined}
    for (const answer of answers) {
      const [key, value] = answer.entries[0] ?? [null, '']
      let text = ''
      if (answer.kind === 'text')
        text = String(value)
          .trimEnd()
          .split('\n')
          .map((line) => `${answer.node}: ${line}\n`)
          .join('')
      else
        for (const {head, view} of oneViews([answer], options))
          text += [...(await this.#formFor(head)).render(view)].join('')
      await this.#merging?.add(answer.node, Number(key ?? 0) / 1_000_000, text)
    }
  }

  #width(): number | undefined {
    return givenValue(this.#line.given, 'no-trunc') === true ? undefined : terminalWidth()
  }

  /** As it was asked for here; the node says only what is usual. */
  #formFor({kind, form: usual}: AnswerHead): ReturnType<typeof parseOutputForm> {
    const {given} = this.#line
    const output = givenValue(given, 'output')
    const template = givenValue(given, 'template')
    const named = typeof template === 'string' ? 'go-template' : /^[a-z]+$/.test(usual) ? usual : 'json'
    const asked = typeof output === 'string' ? output : named
    // Also where a flag asks for names instead of a table.
    return parseOutputForm(kind === 'names' ? 'name' : asked, {
      template: typeof template === 'string' ? template : undefined,
      readFile: async (path) => (await readFileBytes(path, {signal: this.#signal})).toString(),
    })
  }
}

/** What ends a node's work from outside: a limit, or a signal before anything runs there that it could be passed on to. */
class Ended implements Disposable {
  readonly running = {count: 0}
  readonly promise: Promise<never>
  readonly #signal: AbortSignal
  #lastMoments: NodeJS.Timeout | undefined
  reject: (reason: unknown) => void = () => undefined
  readonly #onAbort = (): void => {
    const {reason} = this.#signal
    if (this.running.count === 0) this.reject(reason)
    else if (this.#onlyReads && reason instanceof Interrupted)
      this.#lastMoments = setTimeout(
        () => this.reject(new SilentError(this.#node, reason, {withinMs: lastMomentsMs})),
        lastMomentsMs,
      )
  }
  readonly #node: string
  readonly #onlyReads: boolean

  /** What only reads is not waited for where it does not end by a signal. */
  constructor(node: string, signal: AbortSignal, onlyReads: boolean) {
    this.#node = node
    this.#signal = signal
    this.#onlyReads = onlyReads
    this.promise = new Promise((_, reject) => {
      this.reject = reject
    })
    this.promise.catch(() => undefined)
    signal.addEventListener('abort', this.#onAbort)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#lastMoments)
    this.#signal.removeEventListener('abort', this.#onAbort)
  }
}

/** What nodes have said, as they said it. */
function writeMessageOf(nodes: readonly string[], line: string): void {
  const {text, kind} = readMessage(line)
  writeMessage(`${nodesInMessage(nodes)}: ${text}`, kind)
}
