import {Writable} from 'node:stream'

export interface Sink extends Writable {
  bytes(): Buffer
  text(): string
}

/** A writable that keeps what it gets. */
export function createSink(): Sink {
  const chunks: Buffer[] = []
  const writable = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  return Object.assign(writable, {
    bytes: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString(),
  })
}

/** A sink that takes its first write only after `release`. */
export function createSlowSink(): Sink & {release: () => void; full: Promise<void>} {
  const chunks: Buffer[] = []
  let done: (() => void) | undefined
  let released = false
  let signalFull: () => void = () => {}
  const full = new Promise<void>((resolve) => {
    signalFull = resolve
  })
  const writable = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      chunks.push(Buffer.from(chunk))
      if (released) return callback()
      done = callback
      signalFull()
    },
  })
  return Object.assign(writable, {
    bytes: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString(),
    full,
    release() {
      released = true
      done?.()
    },
  })
}
