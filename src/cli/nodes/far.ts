import {readSync} from 'node:fs'
import {Readable} from 'node:stream'
import {giveFiles, UnreadableFile} from '../../node/read-file.js'
import {type Frame, FrameReader} from '../../nodes/frames.js'
import {markStart} from '../../nodes/marks.js'
import type {Orders, TerminalFacts} from '../../nodes/orders.js'
import {replaceStdin} from '../../sessions/stdin.js'

/** How long a command may take to end itself when nobody is there any more. */
const lastMomentsMs = 10_000

/** On the node, in the place of the user: its orders, and all that comes after them. Gives the command line. */
export class FarEnd implements Disposable {
  readonly words: readonly string[]
  readonly #raw: Readable
  readonly #input: FarInput

  constructor(ordersBytes: number) {
    const orders: Orders = JSON.parse(readExactly(ordersBytes).toString())
    this.words = orders.words
    process.chdir(process.env.HOME || '/')
    delete process.env.CRISP_NODE
    Object.assign(process.env, orders.environment)
    // From here on all that it has are frames.
    this.#raw = process.stdin
    this.#input = new FarInput(markStart(orders.nonce))
    Object.defineProperty(process, 'stdin', {configurable: true, value: this.#input})
    replaceStdin(this.#input)
    giveFiles(
      new Map(
        Object.entries(orders.files).map(([path, file]) => [
          path,
          'content' in file
            ? Buffer.from(file.content, 'base64')
            : new UnreadableFile(file.problem, file.code),
        ]),
      ),
    )
    if (orders.terminals.stdin) Object.assign(this.#input, {isTTY: true})
    pretendTerminal(process.stdout, orders.terminals.stdout)
    pretendTerminal(process.stderr, orders.terminals.stderr)
    const frames = new FrameReader()
    this.#raw
      .on('data', (chunk: Buffer) => {
        for (const frame of frames.read(chunk)) this.#take(frame)
      })
      .on('end', this.#onLost)
      .on('error', this.#onLost)
  }

  #take(frame: Frame): void {
    switch (frame.kind) {
      case 'data':
        this.#input.give(frame.bytes)
        return
      case 'end':
        this.#input.give(null)
        return
      case 'signal':
        if (!process.emit(frame.name, frame.name)) process.kill(process.pid, frame.name)
        return
      case 'size':
        for (const stream of [process.stdout, process.stderr])
          if (stream.isTTY) {
            Object.assign(stream, {columns: frame.columns, rows: frame.rows})
            stream.emit('resize')
          }
    }
  }

  /** The connection is gone, and with it whoever wanted this. */
  readonly #onLost = (): void => {
    if (!process.emit('SIGHUP', 'SIGHUP')) process.exit(129)
    setTimeout(() => process.exit(129), lastMomentsMs).unref()
  };

  [Symbol.dispose](): void {
    this.#raw
      .off('end', this.#onLost)
      .off('error', this.#onLost)
      .on('error', () => undefined)
    this.#raw.destroy()
  }
}

/** How much of the input may be on its way. */
const windowBytes = 1024 * 1024

/** The user's stdin: asked for as it is read, so that signals are never behind what nobody takes. */
class FarInput extends Readable {
  readonly fd = 0
  readonly #mark: string
  #onItsWay = 0

  constructor(mark: string) {
    super()
    this.#mark = mark
  }

  override _read(): void {
    const more = windowBytes - this.#onItsWay - this.readableLength
    if (more < windowBytes / 2) return
    this.#onItsWay += more
    process.stderr.write(`${this.#mark}input ${more}\n`)
  }

  give(bytes: Buffer | null): void {
    this.#onItsWay -= bytes?.length ?? 0
    if (!this.destroyed && !this.readableEnded) this.push(bytes)
  }

  /** The terminal is the user's to set: the keys come as they are anyway. */
  setRawMode(on: boolean): this {
    process.stderr.write(`${this.#mark}raw ${on ? 'on' : 'off'}\n`)
    return this
  }
}

/** Text is laid out and coloured for the user's terminal; what it is written to is a pipe. */
function pretendTerminal(stream: NodeJS.WriteStream, facts: TerminalFacts | undefined): void {
  if (!facts) return
  Object.assign(stream, {
    isTTY: true,
    columns: facts.columns,
    rows: facts.rows,
    // Libraries ask these of whatever says that it is a terminal.
    getWindowSize: () => [stream.columns, stream.rows],
    getColorDepth: () => 8,
    hasColors: () => true,
  })
}

function readExactly(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    const count = readSync(0, bytes, at, length - at, null)
    if (count === 0) throw new Error('the connection ended before the orders')
    at += count
  }
  return bytes
}
