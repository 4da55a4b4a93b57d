import type {Readable} from 'node:stream'

export interface PumpTarget {
  /** The next chunk is read when this has resolved, perhaps into the buffer of this one. */
  write(chunk: Buffer): Promise<void>
  /** Called once, after the last chunk. */
  end(): Promise<void>
}

/**
 * Moves what `source` gives to `target`, chunk by chunk. Returns what stops it: after that `source` is paused and
 * without our listeners, but neither ended nor destroyed, since it is the caller's. `failed` gets its error, or the
 * target's.
 */
export function pump(source: Readable, target: PumpTarget, failed: (error: unknown) => void): () => void {
  let moved = Promise.resolve()
  let stopped = false
  let ended = false

  const afterwards = (step: () => Promise<void>): void => {
    moved = moved.then(async () => {
      if (!stopped) await step()
    })
    moved.catch(failed)
  }
  const onData = (chunk: Buffer | string): void => {
    source.pause()
    afterwards(async () => {
      await target.write(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
      if (!stopped) source.resume()
    })
  }
  // A source that is destroyed without an error emits `close` alone.
  const onEnd = (): void => {
    if (ended) return
    ended = true
    afterwards(() => target.end())
  }

  source.on('error', failed)
  source.on('end', onEnd)
  source.on('close', onEnd)
  if (source.readableEnded || source.destroyed) onEnd()
  else source.on('data', onData)

  return () => {
    stopped = true
    source.off('data', onData)
    source.off('end', onEnd)
    source.off('close', onEnd)
    source.off('error', failed)
    source.pause()
  }
}
