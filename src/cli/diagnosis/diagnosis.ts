import type {CallObserver} from '../../client/call-options.js'
import type {StreamObserver} from '../../sessions/session.js'
import {unpainted} from '../../text/meaning.js'
import {type CommandLine, givenValue} from '../argv.js'
import type {GlobalFlags} from '../flags/common.js'
import {terminalPaint, terminalWidth} from '../output.js'
import type {Settings} from '../settings/settings.js'
import type {Mask} from './masks.js'
import type {Trace, TraceForm} from './trace.js'
import {type TraceSink, traceSink} from './trace-sink.js'
import type {Tracing} from './tracing.js'

/** How long a collector may take for the spans at a command's end; less where `--timeout` says so. */
const tracingPatienceMs = 2_000

/** What a command shows of its own work: calls, spans, profiles. What it needs is loaded when it is asked for. */
export class Diagnosis {
  readonly #line: CommandLine
  readonly #note: (text: string) => void
  #endProfiling: (() => Promise<void>) | undefined
  #tracing: Tracing | undefined
  #trace: Promise<Trace> | undefined
  #secrets: Mask | undefined

  constructor(line: CommandLine, note: (text: string) => void) {
    this.#line = line
    this.#note = note
  }

  /** Whether a failure is shown with its stack, even one of the flags themselves. */
  get showsStack(): boolean {
    return Boolean(process.env.CRISP_STACK) || givenValue(this.#line.given, 'debug') === true
  }

  /** From before the flags are parsed. */
  async start(): Promise<void> {
    // An empty name is none, as with crictl.
    const [cpu, memory] = ['profile-cpu', 'profile-mem'].map(
      (flag) => givenValue(this.#line.given, flag)?.toString() || undefined,
    )
    if (cpu !== undefined || memory !== undefined)
      this.#endProfiling = await (await import('./profiling.js')).startProfiling({cpu, memory})
  }

  /** Writes the profiles. Throws UserError. */
  async endProfiling(): Promise<void> {
    await this.#endProfiling?.()
  }

  async endTracing(exitCode: number): Promise<void> {
    await this.#tracing?.end(exitCode)
  }

  /** Of all calls, where somebody wants to see them. */
  async observer(flags: GlobalFlags, settings: Settings): Promise<CallObserver | undefined> {
    const observers = [
      await this.#debug(flags, settings),
      (await this.#tracer(flags, settings))?.onCall,
      await this.#patience(flags, settings),
      await this.#spans(flags, settings),
    ].filter((observer) => observer !== undefined)
    return observers.length < 2 ? observers[0] : observeAll(observers)
  }

  /** Of all streaming connections. */
  async streamObserver(flags: GlobalFlags, settings: Settings): Promise<StreamObserver | undefined> {
    return (await this.#tracer(flags, settings))?.onStream
  }

  async #debug(flags: GlobalFlags, {debug}: Settings): Promise<CallObserver | undefined> {
    if (!debug) return undefined
    return (await import('./call-trace.js')).traceCalls(this.#note, await this.#mask(flags))
  }

  /** Says that a call takes long, where nothing else does. */
  async #patience({trace}: GlobalFlags, {debug}: Settings): Promise<CallObserver | undefined> {
    if (debug || trace !== undefined || !process.stderr.isTTY) return undefined
    return (await import('./call-patience.js')).patientCalls(this.#note)
  }

  /** One for the whole command, which may connect several times. */
  #tracer(flags: GlobalFlags, {debug}: Settings): Promise<Trace> | undefined {
    const {trace, 'trace-file': path} = flags
    const isForFile = path !== undefined || traceSink() !== undefined
    const form = trace ?? (isForFile || (debug && process.stderr.isTTY) ? 'short' : undefined)
    if (form === undefined) return undefined
    this.#trace ??= this.#startTrace(form, path, flags)
    return this.#trace
  }

  async #startTrace(form: TraceForm, path: string | undefined, flags: GlobalFlags): Promise<Trace> {
    const {traceTo} = await import('./trace.js')
    const dump = form === 'full' ? (await import('../../config-files/write.js')).yamlDumper() : undefined
    const elsewhere = traceSink()
    const toStderr = (text: string) => void process.stderr.write(text)
    const write = elsewhere ?? (path === undefined ? toStderr : await this.#toFile(path))
    const isShown = path === undefined && !elsewhere
    return traceTo({
      ...{form, yaml: await dump, mask: await this.#mask(flags), write},
      paint: isShown ? await terminalPaint(process.stderr) : unpainted,
      width: () => (isShown ? terminalWidth(process.stderr) : undefined),
    })
  }

  async #toFile(path: string): Promise<TraceSink> {
    const {openTraceFile, untilItFails} = await import('./trace-file.js')
    return untilItFails(openTraceFile(path), this.#note)
  }

  /** What is said beside that of what a runtime answered. */
  clean(text: string): string {
    return this.#secrets?.text(text) ?? text
  }

  async #mask(flags: GlobalFlags): Promise<Mask> {
    const {SecretsMask, unmasked} = await import('./masks.js')
    this.#secrets ??= flags['show-secrets'] ? unmasked : new SecretsMask()
    return this.#secrets
  }

  async #spans(
    flags: GlobalFlags,
    {timeoutMs = tracingPatienceMs}: Settings,
  ): Promise<CallObserver | undefined> {
    if (!flags['enable-tracing']) return undefined
    const {startTracing} = await import('./tracing.js')
    this.#tracing ??= startTracing({
      command: this.#line.id,
      endpoint: flags['tracing-endpoint'] ?? '127.0.0.1:4317',
      samplingPerMillion: flags['tracing-sampling-rate-per-million'] ?? -1,
      startedAtMs: performance.timeOrigin,
      patienceMs: Math.min(timeoutMs, tracingPatienceMs),
      environment: process.env,
      note: this.#note,
    })
    return this.#tracing.onCall
  }
}

function observeAll(observers: readonly CallObserver[]): CallObserver {
  return (...call) => {
    const watches = observers.map((observe) => observe(...call))
    const watchesMessages = watches.some(({onMessage}) => onMessage !== undefined)
    return {
      ...(watchesMessages && {
        onMessage: (message: object) => {
          for (const {onMessage} of watches) onMessage?.(message)
        },
      }),
      onEnd: (ending) => {
        for (const {onEnd} of watches) onEnd(ending)
      },
    }
  }
}
