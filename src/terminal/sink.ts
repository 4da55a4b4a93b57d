import {fstatSync, writeSync} from 'node:fs'
import type {Writable} from 'node:stream'
import {isatty} from 'node:tty'
import {UserError} from '../errors/errors.js'
import type {LogSink} from '../logs/output.js'

/**
 * This process's stdout and stderr. What never makes a writer wait, a file or the null device, is written directly;
 * a pipe or a terminal through Node's streams, so that Ctrl-C is heard while a reader is slow.
 */
export function processSink(): LogSink {
  const streams = [process.stdout, process.stderr] as const
  const direct = [isDirect(1), isDirect(2)] as const
  return {
    shared: isSameFile(1, 2),
    write: (stream, bytes) =>
      direct[stream] ? writeAll(stream + 1, bytes) : written(streams[stream], bytes),
  }
}

function isDirect(descriptor: number): boolean {
  const status = fstatSync(descriptor)
  return status.isFile() || (status.isCharacterDevice() && !isatty(descriptor))
}

function isSameFile(a: number, b: number): boolean {
  const [first, second] = [fstatSync(a, {bigint: true}), fstatSync(b, {bigint: true})]
  return first.dev === second.dev && first.ino === second.ino
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
  } catch (error) {
    throw new UserError(`the output can't be written: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    })
  }
}

function written(stream: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => {
      // The stream's own error event ends the process.
      if ((error as NodeJS.ErrnoException | null)?.code === 'EPIPE') return
      if (error) reject(error)
      else resolve()
    })
  })
}
