import {StreamError} from './stream-error.js'

export interface SetupLimits {
  /** Rejects with its reason. */
  signal?: AbortSignal | undefined
  /** How long connecting with the upgrade may take, and after it opening the streams. */
  setupTimeoutMs: number
}

/** As long as the servers themselves wait for the streams of a session (all runtimes). */
export const defaultSetupTimeoutMs = 30_000

/** Waits for `work` within the limits. When they end it, `abandon` is called: nothing may stay open. */
export function withinLimits<T>(work: Promise<T>, limits: SetupLimits, abandon: () => void): Promise<T> {
  const {signal, setupTimeoutMs} = limits
  return new Promise<T>((resolve, reject) => {
    const give = (reason: unknown): void => {
      stop()
      abandon()
      reject(reason)
    }
    const aborted = (): void => give(signal?.reason)
    const timer = setTimeout(() => {
      give(
        new StreamError(
          'timedOut',
          `the runtime's streaming server opened no stream within ${setupTimeoutMs / 1000} s`,
        ),
      )
    }, setupTimeoutMs)
    const stop = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
    }

    work.finally(stop).then(resolve, reject)
    signal?.addEventListener('abort', aborted)
    if (signal?.aborted) aborted()
  })
}
