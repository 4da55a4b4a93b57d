/** The known word that a mistyped one most likely meant; undefined where none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const allowed = Math.max(1, Math.floor(word.length / 3))
  const ranked = known
    // Each letter more or less is an edit; comparing costs the product of both lengths, and a word may be a whole file.
    .filter((candidate) => Math.abs(candidate.length - word.length) <= allowed)
    .map((candidate) => ({candidate, distance: editDistance(word, candidate, allowed)}))
    .sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  if (best && best.distance <= allowed) return best.candidate
  return word.length >= 3 ? known.find((candidate) => candidate.startsWith(word)) : undefined
}

/** The least unlike one of any, which has the word in it if one has; undefined for no word. */
export function closest(word: string, known: readonly string[]): string | undefined {
  if (word === '') return undefined
  const cut = word.slice(0, longestCompared).toLowerCase()
  const having = known.filter((candidate) => candidate.toLowerCase().includes(cut))
  const ranked = (having.length > 0 ? having : known)
    .map((candidate) => ({
      candidate,
      distance: editDistance(cut, candidate.toLowerCase(), Number.POSITIVE_INFINITY),
    }))
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate
}

/** Longer than any name; a word may be a whole file. */
const longestCompared = 64

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn one word into the other; infinite as soon as it
 * is sure that there are more than `most`.
 */
function editDistance(from: string, to: string, most: number): number {
  const rows = Array.from({length: from.length + 1}, (_, i) => [i, ...new Array<number>(to.length).fill(0)])
  for (let j = 1; j <= to.length; j++) at(rows, 0)[j] = j
  for (let i = 1; i <= from.length; i++) {
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1
      let least = Math.min(at(rows, i - 1, j) + 1, at(rows, i, j - 1) + 1, at(rows, i - 1, j - 1) + same)
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        least = Math.min(least, at(rows, i - 2, j - 2) + 1)
      }
      at(rows, i)[j] = least
    }
    if (leastOf(at(rows, i)) > most && leastOf(at(rows, i - 1)) > most) return Number.POSITIVE_INFINITY
  }
  return at(rows, from.length, to.length)
}

function leastOf(row: readonly number[]): number {
  return row.reduce((least, each) => Math.min(least, each))
}

function at(rows: number[][], i: number): number[]
function at(rows: number[][], i: number, j: number): number
function at(rows: number[][], i: number, j?: number): number | number[] {
  const row = rows[i] ?? []
  return j === undefined ? row : (row[j] ?? 0)
}
