/** What runc says when a command cannot be started. */
export function startWords(error: unknown): string {
  return `unable to start container process: ${(error as Error).message}`
}

/** A line of runc's own log, which CRI-O passes on as it is: with its quotes escaped. */
export function loggedWords(words: string): string {
  const second = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  return `time="${second}" level=error msg="${words.replaceAll('"', '\\"')}"`
}
