import type {StreamIndex} from './record.js'

/** Where lines go. */
export interface LogSink {
  /** Both streams end in one place, a terminal or the same file: what is written must keep its order across them. */
  readonly shared: boolean
  /** The bytes may be changed once it has returned, or its promise has been kept. */
  write(stream: StreamIndex, bytes: Uint8Array): void | Promise<void>
}

const blockBytes = 256 * 1024

/** Gathers what is written to a sink, so that it gets few large pieces instead of many small ones. */
export class LogOutput {
  readonly #sink: LogSink
  readonly #blocks: [Buffer, Buffer]
  readonly #filled: [number, number] = [0, 0]
  #left: number

  /** Of all that is written only the first `limitBytes` bytes are passed on. */
  constructor(sink: LogSink, limitBytes = Number.POSITIVE_INFINITY) {
    this.#sink = sink
    this.#left = Math.max(0, limitBytes)
    const block = Buffer.allocUnsafeSlow(blockBytes)
    this.#blocks = [block, sink.shared ? block : Buffer.allocUnsafeSlow(blockBytes)]
  }

  /** The limit is reached. */
  get full(): boolean {
    return this.#left === 0
  }

  /** Something waits to be flushed. */
  get holds(): boolean {
    return this.#filled[0] > 0 || this.#filled[1] > 0
  }

  /** Takes one line's pieces. Returns a promise where it has to be awaited before the next line. */
  line(stream: StreamIndex, pieces: readonly (Uint8Array | string)[]): Promise<void> | undefined {
    const target = this.#sink.shared ? 0 : stream
    let most = 0
    for (const piece of pieces) most += typeof piece === 'string' ? piece.length * 3 : piece.length
    if (most > blockBytes) return this.#large(target, pieces)
    if (this.#filled[target] + most <= blockBytes) {
      for (const piece of pieces) this.#put(target, piece)
      return undefined
    }
    return this.#flush(target).then(() => {
      for (const piece of pieces) this.#put(target, piece)
    })
  }

  async flush(): Promise<void> {
    await this.#flush(0)
    await this.#flush(1)
  }

  #put(target: StreamIndex, piece: Uint8Array | string): void {
    const block = this.#blocks[target]
    const at = this.#filled[target]
    let count: number
    if (typeof piece === 'string') count = Math.min(block.write(piece, at), this.#left)
    else {
      const allowed = piece.length <= this.#left ? piece : piece.subarray(0, this.#left)
      block.set(allowed, at)
      count = allowed.length
    }
    this.#filled[target] += count
    this.#left -= count
  }

  async #flush(target: StreamIndex): Promise<void> {
    const count = this.#filled[target]
    if (count === 0) return
    this.#filled[target] = 0
    await this.#sink.write(target, this.#blocks[target].subarray(0, count))
  }

  async #large(target: StreamIndex, pieces: readonly (Uint8Array | string)[]): Promise<void> {
    await this.#flush(target)
    for (const piece of pieces) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
      for (let at = 0; at < bytes.length; at += blockBytes) {
        this.#put(target, bytes.subarray(at, at + blockBytes))
        await this.#flush(target)
      }
    }
  }
}
