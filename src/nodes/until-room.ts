import type {Writable} from 'node:stream'

/** Until the stream takes more, or is closed and takes nothing. */
export function untilRoom(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off('drain', go).off('close', go)
      resolve()
    }
    stream.once('drain', go).once('close', go)
  })
}
