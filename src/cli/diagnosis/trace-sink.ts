/** Takes what `--trace` prints. */
export type TraceSink = (text: string) => void

let sink: TraceSink | undefined

/** From now on calls are traced to there: the file that the user named is on another machine. */
export function setTraceSink(given: TraceSink): void {
  sink = given
}

export function traceSink(): TraceSink | undefined {
  return sink
}
