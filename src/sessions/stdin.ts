import {fstatSync, read} from 'node:fs'
import {type ConnectOpts, Socket, type SocketConstructorOpts} from 'node:net'
import {Readable} from 'node:stream'
import {isatty} from 'node:tty'
import {UserError} from '../errors/errors.js'
import {bun} from '../text/standalone.js'

const fileReadBytes = 512 * 1024
/** What a pipe holds. */
const pipeReadBytes = 64 * 1024

let replacement: Readable | undefined

/** From now on that is stdin: what the process was started with holds something else. */
export function replaceStdin(input: Readable): void {
  replacement = input
}

/** What stands for stdin in its place; undefined where the process's own is the user's. */
export function replacedStdin(): Readable | undefined {
  return replacement
}

/**
 * stdin, for one consumer that pauses it in each `data` event until it is done with the chunk: all chunks of a file or
 * pipe are in one buffer. With a new one for each, as Node's own has it, most of a large input's processor time goes
 * into garbage collection.
 */
export function openStdin(): Readable {
  if (replacement) return replacement
  const fd = 0
  if (isatty(fd)) return process.stdin
  const stat = fstatSync(fd)
  if (!stat.isFIFO() && !stat.isSocket()) return new FileInput(fd)
  // In a standalone file a socket's `onread` is never called, and process.stdin forgets at times to go on after a pause.
  return bun ? new StreamInput(bun.file(fd).stream()) : new PipeInput(fd)
}

// Without a high-water mark nothing is read ahead, into the buffer that is still in use.
const noReadAhead = {highWaterMark: 0}

/** A file or device. */
class FileInput extends Readable {
  readonly #fd: number
  readonly #buffer = Buffer.allocUnsafeSlow(fileReadBytes)

  constructor(fd: number) {
    super(noReadAhead)
    this.#fd = fd
  }

  override _read(): void {
    read(this.#fd, this.#buffer, 0, fileReadBytes, null, (error, length) => {
      if (error) this.destroy(unreadable(error))
      else this.push(length > 0 ? this.#buffer.subarray(0, length) : null)
    })
  }
}

class PipeInput extends Readable {
  readonly #fd: number
  #socket: Socket | undefined

  constructor(fd: number) {
    super(noReadAhead)
    this.#fd = fd
  }

  override _read(): void {
    // It reads from the moment it is made.
    if (this.#socket) this.#socket.resume()
    else this.#socket = this.#open()
  }

  #open(): Socket {
    const buffer = Buffer.allocUnsafeSlow(pipeReadBytes)
    const callback = (length: number): boolean => {
      this.push(buffer.subarray(0, length))
      return false
    }
    // Node knows `onread` for sockets of a descriptor too, its types do not.
    const options: SocketConstructorOpts & ConnectOpts = {
      fd: this.#fd,
      writable: false,
      onread: {buffer, callback},
    }
    return new Socket(options)
      .on('end', () => this.push(null))
      .on('error', (error) => this.destroy(unreadable(error)))
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket?.destroy()
    done(error)
  }
}

class StreamInput extends Readable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>

  constructor(stream: ReadableStream<Uint8Array>) {
    super(noReadAhead)
    this.#reader = stream.getReader()
  }

  override _read(): void {
    this.#reader.read().then(
      ({done, value}) => this.push(done ? null : value),
      (error) => this.destroy(unreadable(error)),
    )
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // Nobody is left to hear how that ends.
    this.#reader.cancel().catch(() => undefined)
    done(error)
  }
}

function unreadable(error: Error): UserError {
  return new UserError(`cannot read stdin: ${error.message}`, {cause: error})
}
