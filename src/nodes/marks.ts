import {UserError} from '../errors/errors.js'

// What a node says beside the output of the command: lines that begin with a word which was made up for this one run,
// so that neither a banner nor what the command prints is taken for one.

/** A node's answer is not one. */
export class NotCrispError extends Error {
  constructor(message = 'it answered with something else than crisp') {
    super(message)
  }

  at(destination: string): UserError {
    return new UserError(`${destination}: ${this.message}`, {cause: this})
  }
}

/** The program's answer where any will do. */
export const alive = 'alive'

const longestMark = 64 * 1024

export function markStart(nonce: string): string {
  return `\u001ecrisp ${nonce} `
}

/** Takes the marks out of a stream, wherever its chunks are cut. */
export class MarkReader {
  readonly #start: Buffer
  #held: Buffer = Buffer.alloc(0)

  constructor(nonce: string) {
    this.#start = Buffer.from(markStart(nonce))
  }

  /** What lies between marks as bytes, marks as text, in their order. */
  *read(chunk: Buffer): Generator<Buffer | string> {
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk
    this.#held = Buffer.alloc(0)
    while (rest.length > 0) {
      const at = rest.indexOf(this.#start)
      if (at < 0) {
        const whole = rest.length - this.#beginningAtEnd(rest)
        if (whole > 0) yield rest.subarray(0, whole)
        this.#held = rest.subarray(whole)
        return
      }
      if (at > 0) yield rest.subarray(0, at)
      const text = rest.subarray(at + this.#start.length)
      const end = text.indexOf('\n')
      if (end < 0) {
        if (text.length > longestMark) throw new NotCrispError()
        this.#held = rest.subarray(at)
        return
      }
      yield text.toString('utf8', 0, end)
      rest = text.subarray(end + 1)
    }
  }

  /** What looked like the beginning of a mark and was none. */
  end(): Buffer {
    const held = this.#held
    this.#held = Buffer.alloc(0)
    return held
  }

  /** How many bytes at the end may be the beginning of a mark. */
  #beginningAtEnd(bytes: Buffer): number {
    const from = Math.max(0, bytes.length - this.#start.length + 1)
    const at = bytes.indexOf(this.#start[0] as number, from)
    if (at < 0) return 0
    const tail = bytes.subarray(at)
    if (tail.equals(this.#start.subarray(0, tail.length))) return tail.length
    const next = bytes.indexOf(this.#start[0] as number, at + 1)
    return next < 0 ? 0 : this.#beginningAtEnd(bytes.subarray(next))
  }
}
