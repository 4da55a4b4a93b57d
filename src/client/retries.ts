import {setTimeout as sleep} from 'node:timers/promises'

const delaysMs = [500, 1_000, 2_000, 4_000, 5_000]

/** The pause before try number `attempt` + 1: crictl's series, half a second growing to five. */
export function retryDelayMs(attempt: number): number {
  return delaysMs[Math.min(attempt, delaysMs.length - 1)] as number
}

/** Rejects with the signal's reason. */
export async function waitMs(durationMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(durationMs, undefined, signal ? {signal} : {})
  } catch {
    signal?.throwIfAborted()
  }
}
