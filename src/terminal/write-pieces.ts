import {once} from 'node:events'
import type {Writable} from 'node:stream'
import {setImmediate} from 'node:timers/promises'

/**
 * Writes each as soon as there is room for it, and has none made once nobody reads any more: between two the stream has
 * its turn to say so. Rejects where the signal ends it, or the stream's error.
 */
export async function writePieces(
  stream: Writable,
  pieces: Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  let isFirst = true
  for (const piece of pieces) {
    if (isFirst) isFirst = false
    else if (stream.writableNeedDrain) await once(stream, 'drain', {signal})
    else await setImmediate(undefined, {signal})
    if (stream.errored) {
      // Whoever listens to the stream hears of it only in the next turn, and may end what is done here by the signal.
      await setImmediate(undefined, {signal})
      throw stream.errored
    }
    stream.write(piece)
  }
}
