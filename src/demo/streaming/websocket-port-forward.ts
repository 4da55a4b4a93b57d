import type {WebSocket} from 'ws'
import {relayPort} from './port-relay.js'
import type {PortHandler} from './stream-io.js'
import {serveChannels, type WebSocketChannels} from './websocket-channels.js'

export interface WebSocketPortForward {
  ports: readonly number[]
  handler: PortHandler
  /** As negotiated. */
  protocol: string
  onRefused: (reason: string) => void
}

/** Serves one connection to each port of the PortForward call; ends when all of them have. */
export async function serveWebSocketPortForward(
  socket: WebSocket,
  options: WebSocketPortForward,
): Promise<void> {
  const channels = serveChannels(socket, options.protocol, (reason) =>
    options.onRefused(`the client sent ${reason}`),
  )
  await Promise.all(options.ports.map((port, index) => carry(channels, options.handler, port, 2 * index)))
  channels.close()
}

async function carry(
  channels: WebSocketChannels,
  handler: PortHandler,
  port: number,
  dataChannel: number,
): Promise<void> {
  const errorChannel = dataChannel + 1
  const input = channels.input(dataChannel)
  const output = channels.output(dataChannel)
  const portBytes = Buffer.alloc(2)
  portBytes.writeUInt16LE(port)
  await channels.send(dataChannel, portBytes)
  await channels.send(errorChannel, portBytes)

  const failure = await relayPort({port, handler, input, output, halfCloses: false, gone: channels.gone})
  if (failure !== undefined) await channels.send(errorChannel, Buffer.from(failure))
  input.destroy()
}
