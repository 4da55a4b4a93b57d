/** All of a text up to where its first sentence ends. */
export function firstSentence(text: string): string {
  return /^[\s\S]*?[.?!](?=\s|$)/.exec(text)?.[0] ?? text
}
