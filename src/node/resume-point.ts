/** 0 is stdout, 1 is stderr. */
export type OutputIndex = 0 | 1

/**
 * Of a command whose user follows from another machine, and goes on with another one where the connection is lost: how
 * far it has come, as what is kept under some keys.
 */
export interface ResumePoint {
  /** What was kept when the connection was lost; undefined where this is the first time. */
  readonly before: ReadonlyMap<string, string> | undefined
  readonly lostMs: number
  /** Counts from the next release of that output on. An empty value removes the key. */
  keep(output: OutputIndex, key: string, value: string): void
  /** What was written there up to now may be shown: it is not lost any more, and does not come again. */
  release(output: OutputIndex): void
}

let point: ResumePoint | undefined

export function setResumePoint(elsewhere: ResumePoint): void {
  point = elsewhere
}

export function resumePoint(): ResumePoint | undefined {
  return point
}
