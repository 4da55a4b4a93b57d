import type {CallObserver} from '../../client/call-options.js'
import {type CommandLine, givenValue} from '../argv.js'
import type {GlobalFlags} from '../flags/common.js'
import type {Settings} from '../settings/settings.js'
import type {Tracing} from './tracing.js'

/** How long a collector may take for the spans at a command's end; less where `--timeout` says so. */
const tracingPatienceMs = 2_000

/** What a command shows of its own work: calls, spans, profiles. What it needs is loaded when it is asked for. */
export class Diagnosis {
  readonly #line: CommandLine
  readonly #note: (text: string) => void
  #endProfiling: (() => Promise<void>) | undefined
  #tracing: Tracing | undefined

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
    const observers = [await this.#calls(settings), await this.#spans(flags, settings)]
    const [one, ...others] = observers.filter((observer) => observer !== undefined)
    if (!one || others.length === 0) return one
    return (...call) => {
      const ends = [one, ...others].map((observe) => observe(...call))
      return (outcome) => {
        for (const end of ends) end(outcome)
      }
    }
  }

  async #calls({debug}: Settings): Promise<CallObserver | undefined> {
    if (debug) return (await import('./call-trace.js')).traceCalls(this.#note)
    return process.stderr.isTTY ? (await import('./call-patience.js')).patientCalls(this.#note) : undefined
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
