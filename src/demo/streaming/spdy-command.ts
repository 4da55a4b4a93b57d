import type {Socket} from 'node:net'
import {setTimeout as sleep} from 'node:timers/promises'
import {runCommand} from './command-session.js'
import {type ServedStream, serveSpdy} from './spdy-server.js'
import {statusText} from './status.js'
import type {StreamHandler, StreamRequest} from './stream-io.js'

export interface SpdyCommand {
  request: StreamRequest
  handler: StreamHandler
  /** As negotiated. */
  protocol: string
  /** How long the client may take to open its streams. */
  setupTimeoutMs: number
  /** The status comes before the ends of the outputs, which are resets then, and not after them. */
  statusFirst: boolean
  onRefused: (reason: string) => void
}

/** Serves an exec or attach: starts when the client has opened exactly the streams of the request. */
export function serveSpdyCommand(socket: Socket, command: SpdyCommand): void {
  const expected = expectedStreams(command)
  const streams = new Map<string, ServedStream>()
  const connection = serveSpdy(socket, {
    route({streamtype = ''}) {
      if (!expected.includes(streamtype) || streams.has(streamtype)) return undefined
      return (stream) => {
        streams.set(streamtype, stream)
        if (streams.size < expected.length) return
        clearTimeout(setupTimer)
        void run()
      }
    },
    holdsEnd: ({streamtype = ''}) => command.statusFirst && outputs.includes(streamtype),
    onGarbage: (reason) => command.onRefused(`the client sent ${reason}`),
  })
  const setupTimer = setTimeout(() => {
    command.onRefused(`the client did not open its ${expected.length} streams in time`)
    connection.close()
  }, command.setupTimeoutMs)
  connection.gone.addEventListener('abort', () => clearTimeout(setupTimer))

  const run = async (): Promise<void> => {
    for (const [type, stream] of streams) if (!clientWrites.includes(type)) stream.input.resume()
    const outcome = await runCommand(command.handler, {
      stdin: streams.get('stdin')?.input,
      stdout: streams.get('stdout')?.output,
      stderr: streams.get('stderr')?.output,
      resize: streams.get('resize')?.input,
      gone: connection.gone,
    })
    if (!outcome) return
    const status = streams.get('error')
    const text = statusText(outcome, command.protocol)
    if (status && text !== '') await writeText(status, text)
    for (const type of ['error', 'stdin', 'resize']) streams.get(type)?.reset()
    if (command.statusFirst) {
      await sleep(pauseMs)
      for (const type of outputs) streams.get(type)?.reset()
    }
    connection.close()
  }
}

const clientWrites = ['stdin', 'resize']
const outputs = ['stdout', 'stderr']
/** Between the ends of streams, so that a client meets one without the other. */
const pauseMs = 5

function expectedStreams({request, protocol}: SpdyCommand): string[] {
  const resizes = /^v[34]\./.test(protocol)
  return [
    'error',
    ...(request.stdin ? ['stdin'] : []),
    ...(request.stdout ? ['stdout'] : []),
    ...(request.stderr ? ['stderr'] : []),
    ...(request.tty && resizes ? ['resize'] : []),
  ]
}

function writeText({output}: ServedStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    output.write(text, () => resolve())
  })
}
