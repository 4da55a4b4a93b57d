let lastNs = 0n

/** Nanoseconds since 1970; never the same twice, so that times tell the order of what happened. */
export function nowNs(): string {
  const measured = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1_000)) * 1_000n
  lastNs = measured > lastNs ? measured : lastNs + 1n
  return String(lastNs)
}
