import {readSync} from 'node:fs'
import type {Socket} from 'node:net'

type Written = (error?: Error | null) => void

/** The other side is gone. What it had sent before is here, in the kernel, and then the end. */
const goneCodes = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/**
 * Lets no failing write cost what the other side has said. A server that closes while there are bytes of ours that it
 * has not read resets the connection; its last words, an exec's status among them, lie in our kernel then, but a socket
 * whose write fails is destroyed with them. So from here on a write that finds the other side gone, and every one after
 * it, counts as made: the socket lives until it has been read to its end. `failed` is told once, why.
 */
export function readOnWhenWritesFail(socket: Socket, failed: (error: Error) => void): void {
  let gone = false
  /** Does one write; all that its caller learns is that it was done. */
  const outlive = (write: (written: Written) => void, written: Written): void => {
    if (gone) {
      // Later, or a source that always has more would leave no time for reading.
      setImmediate(written)
      return
    }
    let writing = true
    write((error) => {
      if (!error || socket.destroyed || !('code' in error && goneCodes.has(String(error.code))))
        return written(error)
      gone = true
      failed(error)
      // Not while its caller is still at it: that is no moment for what it will do with what it gets.
      if (!writing) readRest(socket)
      written()
    })
    writing = false
  }

  const write = socket._write.bind(socket)
  socket._write = (chunk, encoding, written) => outlive((settled) => write(chunk, encoding, settled), written)
  const writeAll = socket._writev?.bind(socket)
  if (writeAll) socket._writev = (chunks, written) => outlive((settled) => writeAll(chunks, settled), written)
}

/**
 * Hands on all that the kernel holds, also to a reader that has paused: the socket of a standalone file (Bun 1.4) is
 * closed right after it has told that the rest of an earlier write failed. Under TLS it is read first.
 */
function readRest(socket: Socket): void {
  const fd: unknown = Reflect.get(Reflect.get(socket, '_handle') ?? {}, 'fd')
  if ('encrypted' in socket || typeof fd !== 'number' || fd < 0) return
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(64 * 1024)
      const count = readSync(fd, chunk)
      if (count === 0) break
      socket.push(chunk.subarray(0, count))
    }
  } catch {
    // It held no more.
  }
  while (socket.read() !== null);
}
