/** The kubelet's `runtimeRequestTimeout`: what every Kubernetes node allows its runtime. */
export const defaultTimeoutMs = 120_000

/** How long a runtime may take to accept a connection and speak HTTP/2; the kubelet's value for one attempt. */
export const defaultConnectTimeoutMs = 5_000

/** What a request says about how long it may take, as the CRI's fields write it. */
interface TimedRequest {
  timeout?: string | number
}

/**
 * The deadline of one call in milliseconds, undefined for none, after the kubelet's table (kubernetes/cri-client
 * 0.36): twice the base for RunPodSandbox, the base plus what the request itself allows for StopContainer and
 * ExecSync, the larger of both for CheckpointContainer, none for a pull, for events, and for an ExecSync without
 * a timeout.
 */
export function deadlineMs(method: string, request: object, baseMs: number): number | undefined {
  const tableMs = kubeletDeadlineMs(method, request, baseMs)
  return tableMs === undefined ? undefined : timerMs(tableMs)
}

/** What a timer of Node can be set to: 24 days. Beyond them it would go off at once. */
export const longestTimerMs = 2 ** 31 - 1

/** The whole milliseconds that a timer takes; undefined, which is no limit, beyond the longest. */
export function timerMs(durationMs: number): number | undefined {
  return durationMs > longestTimerMs ? undefined : Math.ceil(durationMs)
}

/**
 * Aborts after so many milliseconds and keeps no process alive, as AbortSignal.timeout() does. That one is collected as
 * garbage before it aborts, where nobody holds it but AbortSignal.any() (Node 20), and whoever waits for it waits for ever.
 */
export function signalAfter(durationMs: number): AbortSignal {
  const abort = new AbortController()
  setTimeout(() => abort.abort(new DOMException('The time is over', 'TimeoutError')), durationMs).unref()
  return abort.signal
}

function kubeletDeadlineMs(method: string, request: object, baseMs: number): number | undefined {
  const requestedMs = Number((request as TimedRequest).timeout ?? 0) * 1000
  switch (method) {
    case 'RunPodSandbox':
      return 2 * baseMs
    case 'StopContainer':
      return baseMs + requestedMs
    case 'ExecSync':
      return requestedMs === 0 ? undefined : baseMs + requestedMs
    case 'CheckpointContainer':
      return Math.max(baseMs, requestedMs)
    case 'PullImage':
    case 'GetContainerEvents':
      return undefined
    default:
      return baseMs
  }
}
