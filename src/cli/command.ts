import {readFile} from 'node:fs/promises'
import type {Interfaces} from '@oclif/core'
import {Command} from '@oclif/core/command'
import {Config} from '@oclif/core/config'
import type {CallObserver} from '../client/call.js'
import {type ConnectOptions, type CriClient, connect} from '../client/connect.js'
import type {Reading} from '../config-files/source.js'
import {type ExitCode, exitCode, Interrupted, RpcError} from '../errors/errors.js'
import {printableLines} from '../errors/printable.js'
import {shortened} from '../errors/shortened.js'
import {type OutputForm, parseOutputForm} from '../formats/output.js'
import type {TableStyle} from '../formats/table.js'
import type {View} from '../formats/view.js'
import {type CommandLine, givenValue, parserWords} from './argv.js'
import type {Tracing} from './diagnosis/tracing.js'
import {describeError, type Failure} from './failures/describe.js'
import {type GlobalFlags, globalFlags} from './flags/common.js'
import {parseWords} from './parser.js'
import {readSettings, type Settings} from './settings/settings.js'

interface FormFlags {
  output: string
  template?: string | undefined
}

/** How long a collector may take for the spans at a command's end; less where `--timeout` says so. */
const tracingPatienceMs = 2_000

/** What every command shares: settings, a connection that ends with the command, stdout, stderr, the way out. */
export abstract class CriCommand extends Command {
  static override baseFlags = globalFlags
  readonly #line: CommandLine
  readonly #interruption = new AbortController()
  #tracing: Tracing | undefined
  #formAsked = false
  #shown = false
  readonly #stop = (signal: NodeJS.Signals) => {
    // A second Ctrl-C must always end the process, whatever the first one is still waiting for.
    if (this.signal.aborted) process.exit(exitCode.interrupted)
    this.#interruption.abort(new Interrupted(signal as 'SIGINT' | 'SIGTERM' | 'SIGHUP'))
  }

  readonly #readerGone = () => this.#interruption.abort(new Interrupted('SIGPIPE'))

  constructor(line: CommandLine) {
    super(parserWords(line), new Config({root: ''}))
    this.id = line.id
    this.#line = line
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, this.#stop)
  }

  /** Aborted by Ctrl-C, SIGTERM and SIGHUP. */
  protected get signal(): AbortSignal {
    return this.#interruption.signal
  }

  /** How a file that is named on the command line is read, stdin for `-`. */
  protected get reading(): Reading {
    return {stdin: () => process.stdin, signal: this.signal}
  }

  /** From now on the end of whoever reads our output is an interruption, and not simply our end. */
  protected outliveReader(): void {
    process.on('SIGPIPE', this.#readerGone)
  }

  /** Parses, connects, asks, shows; every ending sets `process.exitCode` and none throws. */
  async execute(): Promise<void> {
    const profiled = await this.#startProfiling()
    try {
      await this.run()
    } catch (error) {
      await this.catch(error as Error)
    } finally {
      await profiled?.().catch((error) => this.fail(error))
      await this.#tracing?.end(Number(process.exitCode ?? exitCode.done))
      await this.finally()
    }
  }

  /** From before the flags are parsed. */
  async #startProfiling(): Promise<(() => Promise<void>) | undefined> {
    const files = {cpu: this.#fileOf('profile-cpu'), memory: this.#fileOf('profile-mem')}
    if (files.cpu === undefined && files.memory === undefined) return undefined
    return (await import('./diagnosis/profiling.js')).startProfiling(files)
  }

  /** An empty name is none, as with crictl. */
  #fileOf(flag: string): string | undefined {
    const file = givenValue(this.#line.given, flag)
    return typeof file === 'string' && file !== '' ? file : undefined
  }

  /** Finished values; throws UsageError. */
  protected override async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(options?: Interfaces.Input<F, B, A>): Promise<Interfaces.ParserOutput<F, B, A>> {
    const input = {...(options ?? this.ctor), flags: {...globalFlags, ...options?.flags}, context: this}
    const output = await parseWords(this.argv, this.id ?? '', input as Interfaces.Input<F, B, A>)
    this.#formAsked = output.metadata.flags.output?.setFromDefault !== true
    return output
  }

  protected settings(flags: GlobalFlags): Promise<Settings> {
    return readSettings(flags, process.env, (text) => this.note(text))
  }

  /**
   * The runtime that flags, environment and file name, or the one that is found. The command closes it. Ctrl-C ends
   * all of its calls, unless it is for what must be done after one.
   */
  protected async connect(
    flags: GlobalFlags,
    {signal}: {signal?: AbortSignal} = {signal: this.signal},
  ): Promise<CriClient> {
    const settings = await this.settings(flags)
    const options: ConnectOptions = {
      endpoint: await this.#reached(settings.endpoint),
      imageEndpoint: await this.#reached(settings.imageEndpoint),
      timeoutMs: settings.timeoutMs,
      connectTimeoutMs: settings.timeoutMs,
      maxRetries: settings.maxRetries,
      signal,
      onCall: bothObserving(await this.#observer(settings.debug), await this.#tracer(flags, settings)),
    }
    return connect(options)
  }

  async #tracer(flags: GlobalFlags, {timeoutMs}: Settings): Promise<CallObserver | undefined> {
    if (!flags['enable-tracing']) return undefined
    const {startTracing} = await import('./diagnosis/tracing.js')
    this.#tracing ??= startTracing({
      command: this.id ?? '',
      endpoint: flags['tracing-endpoint'] ?? '127.0.0.1:4317',
      samplingPerMillion: flags['tracing-sampling-rate-per-million'] ?? -1,
      startedAtMs: performance.timeOrigin,
      patienceMs: Math.min(timeoutMs ?? tracingPatienceMs, tracingPatienceMs),
      environment: process.env,
      note: (text) => this.note(text),
    })
    return this.#tracing.onCall
  }

  /** `demo` is the embedded runtime, which starts when somebody asks for it. */
  async #reached(endpoint: string | undefined): Promise<string | undefined> {
    if (endpoint !== 'demo') return endpoint
    return (await import('./demo-process.js')).demoEndpoint((text) => this.note(text))
  }

  async #observer(debug: boolean): Promise<CallObserver | undefined> {
    if (debug) return (await import('./diagnosis/call-trace.js')).traceCalls((text) => this.note(text))
    if (process.stderr.isTTY)
      return (await import('./diagnosis/call-patience.js')).patientCalls((text) => this.note(text))
    return undefined
  }

  /** While a child has the terminal Ctrl-C is meant for it. */
  protected async withoutInterrupt<Result>(work: () => Promise<Result>): Promise<Result> {
    const ignore = () => undefined
    process.on('SIGINT', ignore).off('SIGINT', this.#stop)
    try {
      return await work()
    } finally {
      process.on('SIGINT', this.#stop).off('SIGINT', ignore)
    }
  }

  /**
   * The form that `-o` and `--template` ask for, to be read before anything is sent. `--template` alone asks for
   * -o go-template; beside another form it is left aside, as crictl does. `own` are forms that only this command has.
   */
  protected async outputForm(
    {output, template}: FormFlags,
    own: readonly string[] = [],
  ): Promise<OutputForm> {
    const preset = output || (process.stdout.isTTY ? 'table' : 'json')
    const word = template === undefined || this.#formAsked ? preset : 'go-template'
    const form = await parseOutputForm(word, {template, own, readFile: (path) => readFile(path, 'utf8')})
    if (template !== undefined && form.name !== 'go-template')
      this.note(`--template is for -o go-template: it does nothing with -o ${word}`)
    return form
  }

  /** To stdout, as it is. */
  protected write(text: string): void {
    process.stdout.write(text)
  }

  /** To stdout, where the runtime's words stand as they are: they may still not act on a terminal. */
  protected writeRaw(text: string): void {
    this.write(process.stdout.isTTY ? printableLines(text) : text)
  }

  /** The view in the form asked for; after the first one as what follows it. */
  protected show(view: View, form: OutputForm): void {
    const text = form.render(view)
    const next = this.#shown ? form.further(text) : text
    this.#shown = true
    if (form.raw) this.writeRaw(next)
    else this.write(next)
  }

  /** Columns of the terminal on stdout, undefined for a pipe or a file. */
  protected get width(): number | undefined {
    return process.stdout.isTTY ? process.stdout.columns : undefined
  }

  /** Colours for a terminal on stdout that wants them; https://no-color.org says how one says no. */
  protected async tableStyle(): Promise<TableStyle | undefined> {
    const {NO_COLOR = '', TERM} = process.env
    if (!process.stdout.isTTY || NO_COLOR !== '' || TERM === 'dumb') return undefined
    return (await import('../terminal/colours.js')).tableStyle
  }

  /** To stderr, as one message. */
  protected note(text: string): void {
    process.stderr.write(`crisp: ${printableLines(text)}\n`)
  }

  /**
   * Says why one of several targets failed and remembers the worst code; the others go on. `doing` says on what, for
   * errors of the runtime, which do not.
   */
  protected fail(error: unknown, doing = ''): void {
    const failure = describeError(error)
    const about = doing !== '' && error instanceof RpcError ? `${shortened(doing)}: ` : ''
    this.report({...failure, text: failure.text === '' ? '' : `${about}${failure.text}`})
  }

  /** Says a failure and remembers the worst code. */
  protected report(failure: Failure): void {
    if (failure.text !== '') this.note(failure.text)
    process.exitCode = worse(Number(process.exitCode ?? exitCode.done), failure.exitCode)
  }

  /** The values of what succeeded; each failure is said. */
  protected succeeded<Value>(outcomes: readonly PromiseSettledResult<Value>[]): Value[] {
    return outcomes.flatMap((outcome) => {
      if (outcome.status === 'fulfilled') return [outcome.value]
      this.fail(outcome.reason)
      return []
    })
  }

  override async catch(error: unknown): Promise<void> {
    const cause = this.signal.aborted ? this.signal.reason : error
    this.fail(cause)
    if (process.env.CRISP_STACK || givenValue(this.#line.given, 'debug') === true)
      process.stderr.write(`${stackOf(cause)}\n`)
  }

  protected override async finally(): Promise<void> {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, this.#stop)
    process.off('SIGPIPE', this.#readerGone)
  }
}

function bothObserving(
  one: CallObserver | undefined,
  other: CallObserver | undefined,
): CallObserver | undefined {
  if (!one || !other) return one ?? other
  return (...call) => {
    const ends = [one(...call), other(...call)]
    return (outcome) => {
      for (const end of ends) end(outcome)
    }
  }
}

function worse(known: number, other: ExitCode): number {
  // Interruption is the user's word and beats every failure; else the larger code is the graver.
  return Math.max(known, other)
}

function stackOf(error: unknown): string {
  return error instanceof Error ? printableLines(error.stack ?? error.message) : ''
}
