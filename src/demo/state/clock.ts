let lastNs = 0n

/** Nanoseconds since 1970 by the clock that everybody else reads; never the same twice, so that times tell the order. */
export function nowNs(): string {
  const wallMs = Date.now()
  // With more digits, but it knows nothing of a clock that was set meanwhile.
  const fineMs = performance.timeOrigin + performance.now()
  const measuredMs = Math.abs(fineMs - wallMs) < 2 ? fineMs : wallMs
  const measuredNs = BigInt(Math.round(measuredMs * 1_000)) * 1_000n
  lastNs = measuredNs > lastNs ? measuredNs : lastNs + 1n
  return String(lastNs)
}
