import {once} from 'node:events'
import {createServer, type Socket} from 'node:net'
import {Duplex} from 'node:stream'
import {type Server as GrpcServer, ServerCredentials} from '@grpc/grpc-js'

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/**
 * Accepts connections for a gRPC server, which by itself neither says who was no client of its kind nor lets go of one
 * that does not hang up. Its end closes all of them.
 */
export async function acceptConnections(
  server: GrpcServer,
  path: string,
  onRefused: (line: string) => void,
): Promise<AsyncDisposable> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  const sockets = new Set<Socket>()
  const listener = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    socket.once('data', (first: Buffer) => {
      socket.pause()
      if (!startsAlike(first)) {
        onRefused('socket: a client that does not speak HTTP/2')
        socket.destroy()
        return
      }
      injector.injectConnection(withFirst(first, socket))
    })
  })
  listener.listen(path)
  await once(listener, 'listening')
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(listener, 'close')
      listener.close()
      server.forceShutdown()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/**
 * The connection from its beginning. A socket that gets its first bytes back would do under Node alone: elsewhere
 * HTTP/2 reads past them, from the system.
 */
function withFirst(first: Buffer, socket: Socket): Duplex {
  const whole = new Duplex({
    read: () => socket.resume(),
    write: (chunk, encoding, done) => socket.write(chunk, encoding, done),
    final: (done) => socket.end(done),
    destroy(error, done) {
      socket.destroy()
      done(error)
    },
  })
  whole.push(first)
  socket
    .on('data', (chunk: Buffer) => whole.push(chunk) || socket.pause())
    .on('end', () => whole.push(null))
    .on('close', () => whole.destroy())
  return whole
}

function startsAlike(first: Buffer): boolean {
  const length = Math.min(first.length, preface.length)
  return first.subarray(0, length).equals(preface.subarray(0, length))
}
