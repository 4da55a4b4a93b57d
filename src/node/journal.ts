// What kubelet and runtime wrote to the node's journal, which no call of the CRI tells.

export interface JournalLine {
  /** Nanoseconds since 1970. */
  timeNs: bigint
  text: string
}

/** What was written; or why that was not read. */
export type Journal = {lines: readonly JournalLine[]; why?: never} | {lines?: never; why: string}
