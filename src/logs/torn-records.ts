import {newline} from './record.js'

/** What a record begins with: its time, zone and stream, or the first key of Docker's. */
const criBeginning = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d) std(out|err) /
const dockerBeginning = '{"log":'
const longestBeginning = 48

/**
 * After a crash of the node, or where the disk was full, bytes that were never written are NUL, and the next record
 * begins right behind them. Puts a newline in place of the last one of such a run in `bytes` from `from` to `end`, so
 * that what was torn ends there. Gives how far that is known: what follows may be the beginning of a record.
 */
export function endTornRecords(bytes: Buffer, from: number, end: number, docker: boolean): number {
  for (let at = bytes.indexOf(0, from); at !== -1 && at < end; at = bytes.indexOf(0, at)) {
    while (at < end && bytes[at] === 0) at++
    const isRecord = beginsRecord(bytes, at, end, docker)
    if (isRecord === undefined) return at - 1
    if (isRecord) bytes[at - 1] = newline
  }
  return end
}

/** Undefined where there is too little to know it. */
function beginsRecord(bytes: Buffer, at: number, end: number, docker: boolean): boolean | undefined {
  const text = bytes.toString('latin1', at, Math.min(end, at + longestBeginning))
  if (criBeginning.test(text) || (docker && text.startsWith(dockerBeginning))) return true
  if (text.length >= longestBeginning) return false
  const mayBecomeRecord = /^(\d[\d:T.Z+-]*( (s[tdouer]*)?)?)?$/.test(text)
  return mayBecomeRecord || (docker && dockerBeginning.startsWith(text)) ? undefined : false
}
