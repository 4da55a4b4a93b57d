import {bun} from './standalone.js'

/**
 * Says that so many bytes are needed no more, of what comes in thousands: pieces of an answer, rows of a table. The
 * collector of a standalone file's runtime lets garbage grow with what is alive, the bytes of a large answer among it, and
 * so holds three times as much as Node's, which needs no word.
 */
export function letGo(bytes: number): void {
  if (!bun) return
  bytesSince += bytes
  if (bytesSince < bytesBetween) return
  bytesSince = 0
  collections++
  bun.gc(collections % waitedFor === 0)
}

const bytesBetween = 4 * 1024 * 1024
/** Others are made beside the program, and so cost it little; one that it waits for gives the memory back to the system. */
const waitedFor = 8
let bytesSince = 0
let collections = 0
