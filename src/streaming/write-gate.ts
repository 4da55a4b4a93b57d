/** The reading half of a connection. */
export interface Pausable {
  pause(): unknown
  resume(): unknown
  /** Also true when something else than the gate holds it. */
  isPaused(): boolean
  readonly destroyed: boolean
}

/** Pauses a connection's reading, and says when it may be written to. */
export interface WriteGate {
  /** Pauses reading until the promise has settled. */
  pauseUntil(settled: Promise<void>): void
  /** Bytes arrived. */
  noteReceived(): void
  /**
   * Resolves when it is safe to send, or pointless since the connection is gone, which takes a turn of the event loop at least. `patienceMs` (default: no limit)
   * bounds the wait, for a keyboard: Ctrl-C must reach a program that never stops printing.
   */
  waitUntilOpen(patienceMs?: number): Promise<void>
}

/**
 * A runtime closes the connection right after the last output. Whatever we send then draws a TCP reset, and the
 * kernel throws away the output that we have not read yet: crictl, which pings every 5 s, loses output that way when
 * its reader is slow, and ends with exit code 0. So nothing is sent while reading is paused, and every write waits for
 * a whole turn of the event loop that brings no bytes, which means that the kernel holds none.
 */
export function createWriteGate(source: Pausable): WriteGate {
  let disturbed = false
  let pauses = 0
  let looking = false
  let waiting: (() => void)[] = []

  const disturb = (): void => {
    disturbed = true
  }
  const lookForQuietTurn = (): void => {
    if (looking || pauses > 0 || waiting.length === 0) return
    looking = true
    // The turn we are in may be past its reading, so it proves nothing: the next one does.
    setImmediate(() => {
      disturbed = false
      setImmediate(() => {
        looking = false
        if (!source.destroyed && (disturbed || source.isPaused())) lookForQuietTurn()
        else admit()
      })
    })
  }
  const admit = (): void => {
    const admitted = waiting
    waiting = []
    for (const resolve of admitted) resolve()
  }

  return {
    pauseUntil(settled) {
      if (pauses++ === 0) source.pause()
      disturb()
      void settled.finally(() => {
        if (--pauses > 0) return
        source.resume()
        disturb()
        lookForQuietTurn()
      })
    },
    noteReceived: disturb,
    waitUntilOpen(patienceMs) {
      return new Promise<void>((resolve) => {
        waiting.push(resolve)
        if (patienceMs !== undefined) setTimeout(resolve, patienceMs).unref()
        lookForQuietTurn()
      })
    },
  }
}
