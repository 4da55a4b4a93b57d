import {setTimeout as sleep} from 'node:timers/promises'

/** Rejects with the signal's reason as soon as that is aborted. */
export async function pauseFor(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(durationMs, undefined, {signal})
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}
