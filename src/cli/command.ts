import type {Interfaces} from '@oclif/core'
import type {CriClient} from '../client/connect.js'
import type {Validation, ValidationMode} from '../config-files/file.js'
import type {Reading} from '../config-files/source.js'
import {exitCode, Interrupted, MissingArgumentError, RpcError} from '../errors/errors.js'
import {printableLines} from '../errors/printable.js'
import {shorten} from '../errors/shorten.js'
import {linePieces} from '../formats/lines.js'
import type {OutputForm} from '../formats/output.js'
import type {TableStyle} from '../formats/table.js'
import type {SortKey, View} from '../formats/view.js'
import {isTerminalLost} from '../terminal/is-terminal.js'
import {writePieces} from '../terminal/write-pieces.js'
import {mapLazily} from '../text/map-lazily.js'
import type {Paint} from '../text/meaning.js'
import {isCrictlMode, setCrictlMode} from '../text/program.js'
import type {Units} from '../text/units.js'
import {answerSink} from './answers.js'
import {type CommandLine, parserWords} from './argv.js'
import {helpsWithoutArguments, inOurName} from './compat.js'
import {connectRuntime} from './connection.js'
import {Diagnosis} from './diagnosis/diagnosis.js'
import {containerMeant} from './failures/container-flag.js'
import {describeError, type Failure} from './failures/describe.js'
import {type GlobalFlags, globalFlags} from './flags/common.js'
import type {Grammar} from './grammar.js'
import {Interruption} from './interruption.js'
import {reportFailure, writeMessage, writeStack} from './messages.js'
import {type FormFlags, readOutputForm, terminalPaint, terminalStyle, terminalWidth} from './output.js'
import {parseWords} from './parser.js'
import {configReader} from './settings/file.js'
import {readSettings, type Settings, settingsMeanCrictl} from './settings/settings.js'

/** What every command shares: settings, a connection that ends with the command, stdout, stderr, the way out. */
export abstract class CriCommand {
  static summary: string
  static description: string | undefined
  static examples: string[]
  static usage: string | string[] | undefined
  static aliases: string[] = []
  static args: Interfaces.ArgInput = {}
  static flags: Interfaces.FlagInput = {}
  /** Whether words that are no argument of the command are a mistake. */
  static strict = true
  /** By this oclif's own tools know a command. */
  static run(): never {
    throw new Error('a command is run by main.ts')
  }

  protected readonly id: string
  protected readonly argv: string[]
  protected readonly interruption = new Interruption()
  protected readonly line: CommandLine
  /** Of all command lines. */
  protected readonly grammar: Grammar
  protected readonly readConfig = configReader(this.signal)
  readonly #diagnosis: Diagnosis
  readonly #help: () => string
  #formAsked = false
  #settings: Promise<Settings> | undefined
  #shown = false
  #over = false
  #hungUp = false

  abstract run(): Promise<void>

  constructor(line: CommandLine, help: () => string, grammar: Grammar) {
    this.id = line.id
    this.argv = parserWords(line)
    this.line = line
    this.grammar = grammar
    this.#help = help
    this.#diagnosis = new Diagnosis(line, (text) => this.note(text))
  }

  /** Aborted by Ctrl-C, SIGTERM and SIGHUP. */
  protected get signal(): AbortSignal {
    return this.interruption.signal
  }

  /** How a file that is named on the command line is read, stdin for `-`. */
  protected get reading(): Reading {
    return {stdin: () => process.stdin, signal: this.signal}
  }

  /** How strictly such a file is read. */
  protected validation({validate}: {validate?: ValidationMode | undefined}): Validation {
    return {mode: validate ?? (isCrictlMode() ? 'warn' : undefined), note: (text) => this.note(text)}
  }

  /** Parses, connects, asks, shows; every ending sets `process.exitCode` and none throws. */
  async execute(): Promise<void> {
    try {
      await this.#diagnosis.start()
      if (!isCrictlMode()) setCrictlMode(await settingsMeanCrictl(this.line, process.env, this.readConfig))
      await this.run()
      this.interruption.throwIfCut()
    } catch (error) {
      await this.catch(error)
    } finally {
      this.#over = true
      await this.#diagnosis.endProfiling().catch((error) => this.fail(error))
      await this.#diagnosis.endTracing(Number(process.exitCode ?? exitCode.done))
      this.interruption[Symbol.dispose]()
    }
  }

  /** SIGHUP or a terminal that was closed has ended it. */
  get hungUp(): boolean {
    return this.#hungUp
  }

  /** Ends it for a reason that comes from outside; what is over already says so. */
  end(reason: Error): void {
    if (this.#over) this.say(reason)
    else this.interruption.end(reason)
  }

  /** Says why it failed; with --debug also where. */
  say(reason: unknown): void {
    this.#hungUp ||= reason instanceof Interrupted && reason.signal === 'SIGHUP'
    this.fail(reason)
    if (this.#diagnosis.showsStack) writeStack(reason, (text) => this.#diagnosis.clean(text))
  }

  /** Finished values; throws UsageError. */
  protected async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(options?: Interfaces.Input<F, B, A>): Promise<Interfaces.ParserOutput<F, B, A>> {
    const own = this.constructor as typeof CriCommand
    const input = {args: own.args, strict: own.strict, ...options, flags: {...globalFlags, ...options?.flags}}
    const output = await parseWords(this.argv, this.id, input as Interfaces.Input<F, B, A>)
    this.#formAsked = output.metadata.flags.output?.setFromDefault !== true
    return output
  }

  protected settings(flags: GlobalFlags): Promise<Settings> {
    this.#settings ??= readSettings(flags, process.env, (text) => this.note(text), this.readConfig).catch(
      (error) => {
        throw containerMeant(error, this.line)
      },
    )
    return this.#settings
  }

  /** In which units sizes are shown: as --units says, else the settings; in crictl's mode without the flag in crictl's. */
  protected async units(flags: GlobalFlags & {units?: Units | undefined}): Promise<Units> {
    if (flags.units || isCrictlMode()) return flags.units ?? 'si'
    const {ownUnits} = await import('./settings/own-units.js')
    const own = await ownUnits(this.readConfig, (text) => this.note(text))
    return own ?? (await this.settings(flags)).units
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
    const onCall = await this.#diagnosis.observer(flags, settings)
    return connectRuntime(settings, {signal, onCall, note: (text) => this.note(text)})
  }

  /** How streaming connections end, and who is told of them. */
  protected async streamOptions(flags: GlobalFlags) {
    const onStream = await this.#diagnosis.streamObserver(flags, await this.settings(flags))
    return {signal: this.signal, onStream}
  }

  /** The form that `-o` and `--template` ask for, to be read before anything is sent. */
  protected outputForm(flags: FormFlags, own: readonly string[] = []): Promise<OutputForm> {
    const note = (text: string) => this.note(text)
    return readOutputForm(flags, {asked: this.#formAsked, own, note, signal: this.signal})
  }

  /** To stdout, as it is. */
  protected write(text: string): void {
    process.stdout.write(text)
  }

  /** To stdout, each when there is room for it. */
  protected writePieces(pieces: Iterable<string>): Promise<void> {
    return writePieces(process.stdout, pieces, this.signal)
  }

  /** To stdout, where the runtime's words stand as they are: they may still not act on a terminal. */
  protected writeRaw(text: string): void {
    this.write(process.stdout.isTTY ? printableLines(text) : text)
  }

  /** The view in the form asked for; after the first one as what follows it. */
  protected async show(view: View, form: OutputForm): Promise<void> {
    const answers = answerSink()
    if (answers) return await answers.give(view, form)
    const text = form.render(view)
    const pieces = this.#shown ? [form.further([...text].join(''))] : text
    this.#shown = true
    // As writeRaw() has it.
    const fit = form.raw && process.stdout.isTTY ? mapLazily(pieces, printableLines) : pieces
    await this.writePieces(fit)
  }

  /** IDs alone, a line each. */
  protected async showIds(things: readonly {id: string}[], order?: () => readonly SortKey[]): Promise<void> {
    const ids = mapLazily(things, ({id}) => id)
    const answers = answerSink()
    if (answers) return await answers.giveNames(ids, order?.())
    await this.writePieces(linePieces(ids))
  }

  /** Columns of the terminal on stdout, undefined for a pipe or a file. */
  protected get width(): number | undefined {
    return terminalWidth()
  }

  protected tableStyle(): Promise<TableStyle | undefined> {
    return terminalStyle()
  }

  /** What colours the words on stdout by what they mean, where that is wanted. */
  protected paint(): Promise<Paint> {
    return terminalPaint()
  }

  /** To stderr, as one message. */
  protected note(text: string, kind?: 'failure'): void {
    writeMessage(text, kind)
  }

  /**
   * Says why one of several targets failed and remembers the worst code; the others go on. `doing` says on what, for
   * errors of the runtime, which do not.
   */
  protected fail(error: unknown, doing = ''): void {
    const failure = describeError(error)
    const about = doing !== '' && error instanceof RpcError ? `${shorten(doing)}: ` : ''
    this.report({...failure, text: failure.text === '' ? '' : `${about}${failure.text}`})
  }

  /** Says a failure and remembers the worst code. */
  protected report(failure: Failure): void {
    reportFailure(failure, (text) => this.note(this.#diagnosis.clean(text), 'failure'))
  }

  /** The values of what succeeded; each failure is said. What was interrupted has neither. */
  protected collectValues<Value>(outcomes: readonly PromiseSettledResult<Value>[]): Value[] {
    this.signal.throwIfAborted()
    return outcomes.flatMap((outcome) => {
      if (outcome.status === 'fulfilled') return [outcome.value]
      this.fail(outcome.reason)
      return []
    })
  }

  async catch(error: unknown): Promise<void> {
    if (error instanceof MissingArgumentError && helpsWithoutArguments(this.id))
      return this.write(inOurName(this.#help()))
    if (this.signal.aborted) this.say(this.signal.reason)
    else this.say(isTerminalLost(error) ? new Interrupted('SIGHUP') : error)
  }
}
