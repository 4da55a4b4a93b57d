/** Says each thing once, however often it happens; `sameAs` tells which are the same. */
export function sayEachOnce<Said extends unknown[]>(
  say: (...said: Said) => void,
  sameAs: (...said: Said) => unknown = (...said) => said[0],
): (...said: Said) => void {
  const known = new Set<unknown>()
  return (...said) => {
    const key = sameAs(...said)
    if (known.has(key)) return
    known.add(key)
    say(...said)
  }
}
