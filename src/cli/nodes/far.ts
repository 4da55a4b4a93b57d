import {readSync} from 'node:fs'
import {Duplex, Readable} from 'node:stream'
import {giveFiles, UnreadableFile} from '../../node/read-file.js'
import {type OutputIndex, type ResumePoint, setResumePoint} from '../../node/resume-point.js'
import {type Frame, FrameReader} from '../../nodes/frames.js'
import {alive, markStart} from '../../nodes/marks.js'
import type {Orders} from '../../nodes/orders.js'
import {setUsersSource} from '../../sessions/cp/users-source.js'
import {replaceStdin} from '../../sessions/stdin.js'
import {setUsersConnection} from '../../sessions/users-connection.js'
import {setAnswerSink} from '../answers.js'
import {setTraceSink} from '../diagnosis/trace-sink.js'
import {pretendTerminal} from '../pretend-terminal.js'
import {setUsersUnits} from '../settings/users-units.js'
import {FarAnswers} from './far-answers.js'
import {traceToMarks} from './trace.js'

/** How long a command may take to end itself when nobody is there any more. */
const lastMomentsMs = 10_000

/** On the node, in the place of the user: its orders, and all that comes after them. Gives the command line. */
export class FarEnd implements Disposable {
  readonly words: readonly string[]
  /** Resolves when the command may begin: not before its user has asked for the time, while nothing keeps the answer waiting. */
  readonly ready: Promise<void>
  #onClock: () => void = () => undefined
  readonly #raw: Readable
  readonly #mark: string
  #input: FarInput
  /** Archives that were asked for and have not begun to come. */
  #awaited = 0
  #tellHoles: (() => Promise<void>) | undefined

  constructor(ordersBytes: number) {
    const orders: Orders = JSON.parse(readExactly(ordersBytes).toString())
    this.words = orders.words
    this.#mark = markStart(orders.nonce)
    goHome()
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
    const {stdout, stderr} = orders.terminals
    if (stdout) pretendTerminal(process.stdout, stdout)
    if (stderr) pretendTerminal(process.stderr, stderr)
    const {source} = orders
    if (source)
      setUsersSource({
        ...source,
        archive: (name, takesHoles) =>
          Readable.from(this.#archive(orders.nonce, name, takesHoles), {objectMode: false}),
        [Symbol.asyncDispose]: async () => undefined,
      })
    if (orders.connection)
      setUsersConnection({
        kind: orders.connection,
        open: () => new FarConnection(this.#input, markStart(orders.nonce)),
      })
    if (orders.resume) setResumePoint(new FarPoint(orders.resume, markStart(orders.nonce)))
    if (orders.units) setUsersUnits(orders.units)
    if (orders.traced) setTraceSink(traceToMarks(markStart(orders.nonce)))
    if (orders.answers) setAnswerSink(new FarAnswers(markStart(orders.nonce)))
    const sayTime = () => process.stderr.write(`${markStart(orders.nonce)}clock ${Date.now()}\n`)
    this.ready = new Promise((resolve) => {
      this.#onClock = () => {
        sayTime()
        resolve()
      }
      if (!orders.clock) resolve()
    })
    const frames = new FrameReader()
    this.#raw
      .on('data', (chunk: Buffer) => {
        for (const frame of frames.read(chunk)) this.#take(frame)
      })
      .on('end', this.#onLost)
      .on('error', this.#onLost)
    if (orders.clock) sayTime()
  }

  #take(frame: Frame): void {
    switch (frame.kind) {
      case 'archive':
        this.#awaited--
        return
      case 'holes':
        // Where that can't be told the copy has failed already.
        this.#tellHoles?.().catch(() => undefined)
        return
      case 'data':
        if (this.#awaited === 0) this.#input.give(frame.bytes)
        return
      case 'end':
        if (this.#awaited === 0) this.#input.give(null)
        return
      case 'signal':
        if (!process.emit(frame.name, frame.name)) process.kill(process.pid, frame.name)
        return
      case 'clock':
        this.#onClock()
        return
      case 'ping':
        process.stderr.write(`${this.#mark}${alive}\n`)
        return
      case 'size':
        for (const stream of [process.stdout, process.stderr])
          if (stream.isTTY) {
            Object.assign(stream, {columns: frame.columns, rows: frame.rows})
            stream.emit('resize')
          }
    }
  }

  /** Asked for when it is read, which may be never. */
  async *#archive(
    nonce: string,
    name: string | undefined,
    takesHoles: () => Promise<boolean>,
  ): AsyncGenerator<Buffer> {
    const mark = markStart(nonce)
    this.#tellHoles = async () => {
      process.stderr.write(`${mark}holes ${await takesHoles()}\n`)
    }
    this.#awaited++
    const input = new FarInput(mark)
    this.#input = input
    process.stderr.write(`${mark}pack ${JSON.stringify({name})}\n`)
    for await (const chunk of input) yield chunk
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
    // Where it had not begun to read a standalone file's runtime still would, and wait for the end.
    unref(this.#raw)
  }
}

function goHome(): void {
  try {
    process.chdir(process.env.HOME || '/')
  } catch {
    // Not everybody has one.
    process.chdir('/')
  }
}

function unref(stream: Readable & {unref?(): void}): void {
  stream.unref?.()
}

/** How much of the input may be on its way. */
const windowBytes = 1024 * 1024

/** The user's stdin: asked for as it is read, so that signals are never behind what nobody takes. */
class FarInput extends Readable {
  readonly fd = 0
  readonly #mark: string
  #bytesOnTheWay = 0
  /** What has come and nobody has read. */
  readonly #queue: (Buffer | null)[] = []
  #queuedBytes = 0
  #isWaiting = false

  constructor(mark: string) {
    super()
    this.#mark = mark
  }

  override _read(): void {
    const next = this.#queue.shift()
    if (next === undefined) this.#isWaiting = true
    else {
      this.#queuedBytes -= next?.length ?? 0
      this.push(next)
    }
    this.#askForMore()
  }

  give(bytes: Buffer | null): void {
    this.#bytesOnTheWay -= bytes?.length ?? 0
    if (this.destroyed) return
    if (!this.#isWaiting) {
      this.#queue.push(bytes)
      this.#queuedBytes += bytes?.length ?? 0
      return
    }
    this.#isWaiting = false
    this.push(bytes)
  }

  #askForMore(): void {
    const more = windowBytes - this.#bytesOnTheWay - this.#queuedBytes
    if (more < windowBytes / 2) return
    this.#bytesOnTheWay += more
    process.stderr.write(`${this.#mark}input ${more}\n`)
  }

  /** The terminal is the user's to set: the keys come as they are anyway. */
  setRawMode(on: boolean): this {
    process.stderr.write(`${this.#mark}raw ${on ? 'on' : 'off'}\n`)
    return this
  }
}

/** stdin and stdout as one connection, of which each half may end by itself. */
class FarConnection extends Duplex {
  readonly #input: Readable
  readonly #mark: string

  constructor(input: Readable, mark: string) {
    super()
    this.#input = input
    this.#mark = mark
    input.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) input.pause()
    })
    input.on('end', () => this.push(null))
    input.pause()
  }

  override _read(): void {
    this.#input.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    process.stdout.write(chunk, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    process.stdout.write(`${this.#mark}over\n`, done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#input.destroy()
    done(error)
  }
}

/** Marks between what is written, so that they arrive with it. */
class FarPoint implements ResumePoint {
  readonly before: ReadonlyMap<string, string> | undefined
  readonly lostMs: number
  readonly #mark: string
  readonly #kept: [string, string] = ['', '']

  constructor({before, lostMs}: NonNullable<Orders['resume']>, mark: string) {
    this.before = before && new Map(before)
    this.lostMs = lostMs
    this.#mark = mark
  }

  keep(output: OutputIndex, key: string, value: string): void {
    this.#kept[output] += `${this.#mark}keep ${JSON.stringify([key, value])}\n`
  }

  release(output: OutputIndex): void {
    const stream = output === 0 ? process.stdout : process.stderr
    stream.write(`${this.#kept[output]}${this.#mark}go\n`)
    this.#kept[output] = ''
  }
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
