/** A set of code points: from, to, from, to …, in order, without gaps of nothing between two. */
export type CodePoints = readonly number[]

export const lastCodePoint = 0x10ffff
export const lastAscii = 0x7f

export const beyondAscii: CodePoints = [lastAscii + 1, lastCodePoint]

export function codePointsOf(ranges: readonly (readonly [number, number])[]): CodePoints {
  const merged: number[] = []
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    const before = merged.at(-1)
    if (before !== undefined && from <= before + 1) merged[merged.length - 1] = Math.max(before, to)
    else merged.push(from, to)
  }
  return merged
}

export function rangesOf(set: CodePoints): [number, number][] {
  const ranges: [number, number][] = []
  for (let index = 0; index < set.length; index += 2) ranges.push([set[index] ?? 0, set[index + 1] ?? 0])
  return ranges
}

export function unite(...sets: readonly CodePoints[]): CodePoints {
  return codePointsOf(sets.flatMap(rangesOf))
}

export function complement(set: CodePoints): CodePoints {
  const edges = [-1, ...set, lastCodePoint + 1]
  const gaps: [number, number][] = []
  for (let index = 0; index < edges.length; index += 2) {
    const [from, to] = [(edges[index] ?? 0) + 1, (edges[index + 1] ?? 0) - 1]
    if (from <= to) gaps.push([from, to])
  }
  return codePointsOf(gaps)
}

export function intersect(a: CodePoints, b: CodePoints): CodePoints {
  return complement(unite(complement(a), complement(b)))
}

export function overlap(a: CodePoints, b: CodePoints): boolean {
  return intersect(a, b).length > 0
}

export function isAscii(set: CodePoints): boolean {
  return (set.at(-1) ?? 0) <= lastAscii
}

/** The one code point in it. */
export function onlyCodePoint(set: CodePoints): number | undefined {
  return set.length === 2 && set[0] === set[1] ? set[0] : undefined
}
