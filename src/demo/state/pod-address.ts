let pods = 0

/** The next address of 10.88.0.0/16. Nothing listens there: a pod of the embedded runtime shares the host's network. */
export function podAddress(): string {
  pods = (pods % 65_000) + 1
  const host = pods + 1
  return `10.88.${host >> 8}.${host & 255}`
}
