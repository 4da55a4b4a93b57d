/** The words that are there more than once. */
export function repeated(words: Iterable<string>): ReadonlySet<string> {
  const once = new Set<string>()
  const more = new Set<string>()
  for (const word of words) (once.has(word) ? more : once).add(word)
  return more
}
