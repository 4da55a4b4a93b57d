/**
 * How long the kubelet waits before it makes a container again that has ended: at once the first time, then ten seconds,
 * and twice as long each time up to five minutes; from the start again after twice the longest without a failure.
 */
export const kubeletBackOff = {firstMs: 10_000, longestMs: 300_000, forgottenAfterMs: 600_000} as const
