import type {Readable} from 'node:stream'
import {exitCode, Interrupted, UserError} from '../errors/errors.js'
import {durationText} from '../text/duration.js'
import {type Frame, frameBytes} from './frames.js'
import {alive, MarkReader, NotCrispError} from './marks.js'
import {scriptWord, shellCommand} from './scripts.js'
import {lastMomentsMs, SilentError} from './silent.js'
import {notStarted, type Ssh, type SshConnection, sshFailed} from './ssh.js'
import {lastLine, type SshError} from './ssh-failure.js'
import {untilRoom} from './until-room.js'

/** Where the output of the program goes; what comes back is waited for. */
export interface Outputs {
  stdout: (bytes: Buffer) => Promise<void> | void
  stderr: (bytes: Buffer) => Promise<void> | void
  /** What the program says to this side, while it runs, on stdout (0) or stderr (1). */
  onMark: (text: string, output: 0 | 1) => Promise<void> | void
}

export type Ending =
  | {kind: 'ended'; exitCode: number}
  /** The script had something else to say. */
  | {kind: 'said'; text: string; words: readonly string[]}
  /** `reason` as far as one was said; `login` where ssh made none. */
  | {kind: 'lost'; begun: boolean; reason: string | undefined; login: SshError | undefined}

export interface RunOptions {
  nonce: string
  sudo: boolean
  /** How long it may take before a program runs there. */
  beginMs?: number | undefined
  onBegin?: (() => void) | undefined
}

const usualBeginMs = 60_000
/** How long the program may take from where it is started to its first word. */
const startMs = 10_000

/** One script on a node, and what it starts there. */
export class RunOnNode {
  readonly #ssh: Ssh
  readonly #nonce: string
  readonly #connection: SshConnection
  readonly #unheard: NodeJS.Timeout | undefined
  #silence: NodeJS.Timeout | undefined
  #heard = false
  readonly #onBegin: (() => void) | undefined
  readonly #exit: Promise<number | null>
  readonly #said: string[] = []
  #waiting: ((text: string) => void) | undefined
  #spoken = false
  #begun = false
  #noise = ''
  #failure: unknown

  constructor(
    connection: SshConnection,
    script: string,
    {nonce, sudo, beginMs = usualBeginMs, onBegin}: RunOptions,
  ) {
    this.#nonce = nonce
    this.#onBegin = onBegin
    const {destination, shared, isBatch} = connection
    this.#connection = connection
    // Who logs in by itself may be asked for a password first.
    if (shared || isBatch)
      this.#unheard = setTimeout(
        () =>
          this.stop(
            new UserError(`${destination}: its login did not start /bin/sh within ${durationText(beginMs)}`, {
              exitCode: exitCode.unreachable,
            }),
          ),
        beginMs,
      )
    this.#ssh = connection.start(shellCommand(sudo))
    this.#exit = new Promise((resolve, reject) => {
      this.#ssh.once('close', resolve).once('error', (error) => {
        reject(notStarted(error))
        // Where the connection is shared another process has its ends of the streams, for as long as the node is silent.
        this.#leave()
      })
    })
    this.#exit.catch(() => undefined)
    // That nobody reads any more shows at the other streams.
    this.#ssh.stdin.on('error', () => undefined)
    this.#ssh.stdin.write(`${script}\n`)
  }

  /** Resolves when there is room for more. */
  async write(...chunks: readonly Buffer[]): Promise<void> {
    const {stdin} = this.#ssh
    let room = true
    for (const chunk of chunks) room = stdin.write(chunk)
    if (!room && !stdin.destroyed) await untilRoom(stdin)
  }

  send(frame: Frame): Promise<void> {
    return this.write(...frameBytes(frame))
  }

  /**
   * Passes a signal on. Who says nothing more, not even when asked, is not waited for: `after` stands behind that then.
   * What has not said anything yet may still be starting.
   */
  interrupt(reason: unknown, after = ''): void {
    if (!(reason instanceof Interrupted) || reason.signal === 'SIGPIPE') return
    void this.send({kind: 'signal', name: reason.signal})
    void this.send({kind: 'ping'})
    const {destination} = this.#connection
    const withinMs = this.#heard ? lastMomentsMs : startMs
    this.#silence = setTimeout(
      () => this.stop(new SilentError(destination, reason, {withinMs, after})),
      withinMs,
    )
  }

  #breakSilence(begun: boolean): void {
    this.#heard ||= begun
    this.#silence?.refresh()
  }

  #endSilence(): void {
    clearTimeout(this.#silence)
    this.#silence = undefined
  }

  /** All is sent. */
  endInput(): void {
    this.#ssh.stdin.end()
  }

  /** Ends all, for a failure here. */
  stop(error: unknown): void {
    this.#failure ??= error
    this.#leave()
  }

  /** What the script says next, beside `begin` and `end`; for ever where it says nothing more. */
  nextWord(): Promise<string> {
    return new Promise((resolve) => {
      const said = this.#said.shift()
      if (said === undefined) this.#waiting = resolve
      else resolve(said)
    })
  }

  /** Carries all output to its end. Called at once, or what is said meanwhile may be lost. */
  async carry(outputs: Outputs): Promise<Ending> {
    const {stdout, stderr} = this.#ssh
    const endings = await Promise.all([
      this.#read(stdout, outputs.stdout, (text) => outputs.onMark(text, 0)),
      this.#read(
        stderr,
        outputs.stderr,
        (text) => (text === alive ? this.#endSilence() : outputs.onMark(text, 1)),
        (text) => {
          this.#noise = (this.#noise + text).slice(-longestNoise)
        },
      ),
    ])
      .catch((error) => {
        this.#leave()
        // What it says of itself is JSON in places.
        const isOther = error instanceof NotCrispError || error instanceof SyntaxError
        throw this.#failure ?? (isOther ? asNotCrisp(error).at(this.#connection.destination) : error)
      })
      .finally(() => {
        clearTimeout(this.#unheard)
        this.#endSilence()
      })
    const code = endings.find((ending) => ending !== undefined)
    if (endings.every((ending) => ending !== undefined)) {
      this.#leave()
      return {kind: 'ended', exitCode: code as number}
    }
    const sshCode = await this.#exit
    if (this.#failure !== undefined) throw this.#failure
    const said = this.#said.at(-1)
    if (said !== undefined) return {kind: 'said', text: said, words: this.#said}
    const begun = this.#begun || this.#spoken
    const login = !begun && sshCode === sshFailed ? this.#connection.failure(this.#noise) : undefined
    return {kind: 'lost', begun, reason: lastLine(this.#noise), login}
  }

  /** Nothing of it is waited for any more. */
  #leave(): void {
    this.#ssh.stdin.end()
    this.#ssh.stdout.destroy()
    this.#ssh.stderr.destroy()
    this.#ssh.unref()
  }

  /** Gives the exit code that the end of the stream tells; undefined where that end is missing. */
  async #read(
    stream: Readable,
    write: Outputs['stdout'],
    onMark: (text: string) => Promise<void> | void,
    onNoise?: (text: string) => void,
  ): Promise<number | undefined> {
    const marks = new MarkReader(this.#nonce)
    const words = new Words(write, onNoise)
    for await (const chunk of stream) {
      this.#breakSilence(words.begun)
      for (const piece of marks.read(chunk)) {
        if (typeof piece !== 'string') await words.take(piece)
        else if (piece === 'begin') {
          words.begun = true
          this.#begin()
        } else if (!words.begun) this.#hear(piece)
        else if (/^end \d{1,3}$/.test(piece)) {
          await words.flush()
          return Number(piece.slice(4))
        } else {
          await words.flush()
          await onMark(piece)
        }
      }
    }
    const held = marks.end()
    if (held.length > 0) await words.take(held)
    words.end()
    return undefined
  }

  #begin(): void {
    if (!this.#begun) this.#onBegin?.()
    this.#begun = true
    clearTimeout(this.#unheard)
  }

  #hear(text: string): void {
    this.#spoken = true
    if (this.#said.length >= mostWords || !scriptWord.test(text)) throw new NotCrispError()
    // What is sent now may take long.
    if (text.startsWith('send ')) clearTimeout(this.#unheard)
    if (this.#waiting) this.#waiting(text)
    else this.#said.push(text)
    this.#waiting = undefined
  }
}

function asNotCrisp(error: Error): NotCrispError {
  return error instanceof NotCrispError ? error : new NotCrispError()
}

/** What the program prints, and before it the noise of a login; what ssh says of a connection that breaks comes behind it, and is ours to tell. */
class Words {
  /** The program runs. */
  begun = false
  readonly #write: Outputs['stdout']
  readonly #onNoise: ((text: string) => void) | undefined
  #suspect: Buffer | undefined
  #noiseBytes = 0

  constructor(write: Outputs['stdout'], onNoise: ((text: string) => void) | undefined) {
    this.#write = write
    this.#onNoise = onNoise
  }

  async take(bytes: Buffer): Promise<void> {
    await this.flush()
    if (!this.begun) this.#takeNoise(bytes)
    else if (this.#onNoise && looksLikeSsh(bytes)) this.#suspect = bytes
    else await this.#write(bytes)
  }

  #takeNoise(bytes: Buffer): void {
    this.#noiseBytes += bytes.length
    if (this.#noiseBytes > mostNoise)
      throw new NotCrispError('its login prints without end, and crisp was not started')
    this.#onNoise?.(bytes.toString())
  }

  async flush(): Promise<void> {
    const suspect = this.#suspect
    this.#suspect = undefined
    if (suspect) await this.#write(suspect)
  }

  /** There was no word of an end. */
  end(): void {
    if (this.#suspect) this.#onNoise?.(this.#suspect.toString())
  }
}

const mostNoise = 4 * 1024 * 1024
const longestNoise = 16 * 1024
/** A script has little to say. */
const mostWords = 1000

function looksLikeSsh(bytes: Buffer): boolean {
  return (
    bytes.length < 512 &&
    /^(client_loop: |mux_client_|Connection (to|closed|reset)|Shared connection|Timeout, server |Read from remote host |ssh: |ssh_dispatch_run|kex_|Killed by )[^\n]*\r?\n$/.test(
      bytes.toString('latin1'),
    )
  )
}
