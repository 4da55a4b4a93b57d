import type {WebSocket} from 'ws'
import {runCommand} from './command-session.js'
import {statusText} from './status.js'
import type {StreamHandler, StreamRequest} from './stream-io.js'
import {serveChannels} from './websocket-channels.js'

export interface WebSocketCommand {
  request: StreamRequest
  handler: StreamHandler
  /** As negotiated. */
  protocol: string
  onRefused: (reason: string) => void
}

const channel = {stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4} as const

/** Serves an exec or attach on the channels of a WebSocket. */
export async function serveWebSocketCommand(socket: WebSocket, command: WebSocketCommand): Promise<void> {
  const {request, protocol} = command
  const channels = serveChannels(socket, protocol, (reason) => command.onRefused(`the client sent ${reason}`))
  const streams = {
    stdin: request.stdin ? channels.input(channel.stdin) : undefined,
    stdout: request.stdout ? channels.output(channel.stdout) : undefined,
    stderr: request.stderr ? channels.output(channel.stderr) : undefined,
    resize: request.tty ? channels.input(channel.resize) : undefined,
    gone: channels.gone,
  }
  await channels.send(firstOutput(request), Buffer.alloc(0))
  const outcome = await runCommand(command.handler, streams)
  if (!outcome) return
  const text = statusText(outcome, protocol)
  if (text !== '') await channels.send(channel.error, Buffer.from(text))
  channels.close()
}

/** Where the empty message goes that says the session is open. */
function firstOutput({stdout, stderr}: StreamRequest): number {
  if (stdout) return channel.stdout
  return stderr ? channel.stderr : channel.error
}
