import type {Readable, Writable} from 'node:stream'
import {finished} from 'node:stream/promises'
import type {StreamHandler, StreamIo, StreamOutcome} from './stream-io.js'
import {createTerminalSizes} from './terminal-sizes.js'

/** The streams of an exec or attach that a transport has opened. */
export interface CommandStreams {
  stdin: Readable | undefined
  stdout: Writable | undefined
  stderr: Writable | undefined
  resize: Readable | undefined
  /** The client is gone. */
  gone: AbortSignal
}

/** Resolves when the handler is done and all it wrote is on its way; with undefined when the client is gone. */
export async function runCommand(
  handler: StreamHandler,
  streams: CommandStreams,
): Promise<StreamOutcome | undefined> {
  const {stdin, stdout, stderr, resize, gone} = streams
  const terminal = createTerminalSizes()
  resize?.on('data', terminal.take).on('close', terminal.end)
  if (!resize) terminal.end()

  const outcome = await settle(handler, {stdin, stdout, stderr, sizes: terminal.sizes, signal: gone})
  terminal.end()
  await Promise.all([stdout, stderr].map((output) => output && flush(output)))
  return gone.aborted ? undefined : outcome
}

/** Ends `output` and waits until it is written, or its client gone. */
export async function flush(output: Writable): Promise<void> {
  output.end()
  try {
    await finished(output)
  } catch {
    // The client is gone, which its signal says too.
  }
}

async function settle(handler: StreamHandler, io: StreamIo): Promise<StreamOutcome> {
  try {
    return await handler(io)
  } catch (error) {
    return {failure: messageOf(error)}
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
