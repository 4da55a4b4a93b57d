import {Writable} from 'node:stream'
import {finished} from 'node:stream/promises'

const newline = 0x0a
const lineLimitBytes = 64 * 1024

export interface Outputs {
  stdout: Writable
  stderr: Writable
}

/** Our own stdout and stderr for one of several commands that run at once. */
export function sharedOutputs(prefix: string): Outputs {
  return {stdout: lineWriter(process.stdout, prefix), stderr: lineWriter(process.stderr, prefix)}
}

/** Writes what is left in them. */
export async function endOutputs({stdout, stderr}: Outputs): Promise<void> {
  await Promise.all([finished(stdout.end()), finished(stderr.end())])
}

/**
 * Writes whole lines to `target`, each behind `prefix`, so that several writers can share it. A last line without an
 * end gets one when this is ended; of a line of more than 64 KiB parts are written as lines. `target` stays open.
 */
function lineWriter(target: Writable, prefix: string): Writable {
  let kept: Buffer = Buffer.alloc(0)
  const writeLines = (lines: Buffer, done: (error?: Error | null) => void): void => {
    if (lines.length === 0) done()
    else target.write(prefix === '' ? lines : prefixLines(lines, prefix), done)
  }
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const input = kept.length === 0 ? chunk : Buffer.concat([kept, chunk])
      const end = input.lastIndexOf(newline) + 1
      if (input.length - end > lineLimitBytes) {
        kept = Buffer.alloc(0)
        return writeLines(endLine(input), done)
      }
      // A copy, because the slice would keep the whole read alive.
      kept = Buffer.from(input.subarray(end))
      writeLines(input.subarray(0, end), done)
    },
    final(done) {
      if (kept.length === 0) return done()
      writeLines(endLine(kept), done)
    },
  })
}

function endLine(line: Buffer): Buffer {
  return Buffer.concat([line, Buffer.of(newline)])
}

function prefixLines(lines: Buffer, prefix: string): Buffer {
  // latin1 keeps every byte as it is, whatever the text's encoding.
  const before = Buffer.from(prefix).toString('latin1')
  const text = lines.toString('latin1').replaceAll(/[^\n]*\n/g, (line) => before + line)
  return Buffer.from(text, 'latin1')
}
