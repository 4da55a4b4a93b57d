import type {Writable} from 'node:stream'

/** However many wait, a stream has listeners for one. */
const waiting = new WeakMap<Writable, Promise<void>>()

/** Until the stream takes more, or is closed and takes nothing. */
export function untilRoom(stream: Writable): Promise<void> {
  const room =
    waiting.get(stream) ??
    new Promise<void>((resolve) => {
      const go = (): void => {
        stream.off('drain', go).off('close', go)
        waiting.delete(stream)
        resolve()
      }
      stream.once('drain', go).once('close', go)
    })
  waiting.set(stream, room)
  return room
}
