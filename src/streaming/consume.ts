import type {Writable} from 'node:stream'

/**
 * Takes bytes as they arrive. Where it returns a promise, nothing more is read from the connection until that has
 * settled: the protocols have no flow control but that of TCP.
 */
export type Consume = (chunk: Buffer) => Promise<void> | undefined

// A Node process's own stdout asks for a pause after every 16 KiB, less than one read from a socket.
const unwrittenLimitBytes = 256 * 1024

/** Consumes into `writable`, which stays open; at most about 256 KiB wait in it. */
export function writeTo(writable: Writable): Consume {
  // One for all: what was read in one go can be very many small frames.
  let waiting: Promise<void> | undefined
  return (chunk) => {
    if (writable.destroyed || writable.write(chunk) || writable.writableLength < unwrittenLimitBytes)
      return undefined
    waiting ??= waitForDrain(writable).finally(() => {
      waiting = undefined
    })
    return waiting
  }
}

/** Resolves when `writable` wants more, or never will. */
function waitForDrain(writable: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      writable.off('drain', done)
      writable.off('close', done)
      resolve()
    }
    writable.on('drain', done)
    writable.on('close', done)
  })
}

/** Resolves when all that was written so far has left `writable`; rejects with its error. */
export function flush(writable: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    writable.write('', (error) => (error ? reject(error) : resolve()))
  })
}

/** Collects the text of an error stream, its first 1 MiB. */
export function createTextCollector(): {consume: Consume; text: () => string} {
  const limitBytes = 1024 * 1024
  const chunks: Buffer[] = []
  let sizeBytes = 0
  return {
    consume(chunk) {
      if (sizeBytes >= limitBytes) return undefined
      // A copy, because the slice would keep the whole read alive.
      chunks.push(Buffer.from(chunk.subarray(0, limitBytes - sizeBytes)))
      sizeBytes += chunk.length
      return undefined
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  }
}
