import {once} from 'node:events'
import net, {type AddressInfo, type Socket} from 'node:net'

export interface RawPeer extends AsyncDisposable {
  url: string
  /** Resolves when the first connection is gone. */
  closed: Promise<void>
}

/** A TCP server on loopback that gives each connection to `serve` when the client's request has been read. */
export async function startRawPeer(serve: (socket: Socket) => void): Promise<RawPeer> {
  const sockets = new Set<Socket>()
  let signalClosed: () => void = () => {}
  const closed = new Promise<void>((resolve) => {
    signalClosed = resolve
  })
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      signalClosed()
    })
    socket.once('data', () => serve(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/exec/token`,
    closed,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
