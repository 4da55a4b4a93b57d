import {
  type StreamingServer,
  type StreamingServerOptions,
  startStreamingServer,
} from '../../../src/demo/server/streaming-server.js'

export interface WatchedServer extends StreamingServer {
  /** The lines about what was turned away. */
  refused: string[]
}

export async function startWatchedServer(options: StreamingServerOptions = {}): Promise<WatchedServer> {
  const refused: string[] = []
  const server = await startStreamingServer({...options, onRefused: (line) => refused.push(line)})
  return Object.assign(server, {refused})
}
