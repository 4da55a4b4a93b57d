import type {Duplex, Readable, Writable} from 'node:stream'
import {flush, messageOf} from './command-session.js'
import type {PortHandler} from './stream-io.js'

/** One forwarded connection, whatever the transport. */
export interface ForwardedPort {
  port: number
  handler: PortHandler
  input: Readable
  output: Writable
  /** Both sides can end what they send and go on receiving. */
  halfCloses: boolean
  /** The client is gone. */
  gone: AbortSignal
}

/** Connects to the port and moves bytes both ways until it closes. Resolves with why it failed, if it did. */
export async function relayPort(forwarded: ForwardedPort): Promise<string | undefined> {
  const {port, handler, output, gone} = forwarded
  let target: Duplex
  try {
    target = await handler(port, gone)
  } catch (error) {
    return messageOf(error)
  }
  const failure = await relay(forwarded, target)
  if (failure === undefined) await flush(output)
  return failure
}

function relay(
  {input, output, halfCloses, gone}: ForwardedPort,
  target: Duplex,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const leave = (): void => {
      target.destroy()
    }
    // A reset of the client's; when the target has only finished talking, the client may go on.
    const outputClosed = (): void => {
      if (!output.writableFinished) leave()
    }
    target.on('error', (error) => resolve(error.message))
    target.on('close', () => {
      gone.removeEventListener('abort', leave)
      resolve(undefined)
    })
    if (!halfCloses) target.on('end', () => target.end())
    gone.addEventListener('abort', leave)
    output.on('close', outputClosed)
    if (output.destroyed) return leave()
    input.pipe(target).pipe(output)
  })
}
