/** A word that a POSIX shell takes as it is; in quotes only where it must be. */
export function quoteForShell(word: string): string {
  return /^[\w./+-][\w./+:,@=-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
