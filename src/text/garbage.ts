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
  bun.gc(true)
}

const bytesBetween = 8 * 1024 * 1024
let bytesSince = 0
