import {fstatSync, writeSync} from 'node:fs'
import type {Writable} from 'node:stream'
import type {LogSink} from '../logs/output.js'
import {isTerminal} from './is-terminal.js'
import {unwritable} from './unwritable.js'

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
      direct[stream] ? writeDirectly(stream + 1, bytes) : writeStream(streams[stream], bytes),
  }
}

/** The sink itself, and how many lines went through it. */
export function countLines(sink: LogSink): LogSink & {readonly lines: number} {
  let lines = 0
  return {
    shared: sink.shared,
    get lines() {
      return lines
    },
    write(stream, bytes) {
      for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) lines++
      return sink.write(stream, bytes)
    },
  }
}

const lineFeed = 0x0a

/**
 * Node writes as much to a file as a full disk takes at once, drops the rest and says nothing of it; a standalone
 * file's runtime says of nothing that comes after an error that it failed.
 */
export function writeWhole(stream: Writable & {fd: number}): void {
  if (!isDirect(stream.fd)) return
  let failure: Error | undefined
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    const done = rest.at(-1)
    try {
      if (!failure) writeAll(stream.fd, typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
    } catch (error) {
      failure = error as Error
      process.nextTick(() => stream.emit('error', failure))
    }
    if (typeof done === 'function') process.nextTick(done, failure)
    return true
  }
}

function isDirect(descriptor: number): boolean {
  const status = fstatSync(descriptor)
  return status.isFile() || (status.isCharacterDevice() && !isTerminal(descriptor))
}

function isSameFile(a: number, b: number): boolean {
  const [first, second] = [fstatSync(a, {bigint: true}), fstatSync(b, {bigint: true})]
  return first.dev === second.dev && first.ino === second.ino
}

function writeDirectly(descriptor: number, bytes: Uint8Array): void {
  try {
    writeAll(descriptor, bytes)
  } catch (error) {
    throw unwritable(error as NodeJS.ErrnoException)
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
}

function writeStream(stream: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => {
      // The stream's own error event ends the process.
      if ((error as NodeJS.ErrnoException | null)?.code === 'EPIPE') return
      if (error) reject(unwritable(error))
      else resolve()
    })
  })
}
