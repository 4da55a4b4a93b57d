import {mkdtemp, rm} from 'node:fs/promises'
import {createServer as createHttpServer, type Server as HttpServer} from 'node:http'
import {createServer as createHttp2Server, type Http2Server} from 'node:http2'
import {createServer, type Server, type Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

export interface BrokenServer extends AsyncDisposable {
  endpoint: string
  path: string
  server: Server | HttpServer | Http2Server
}

/** Accepts and never says a word. */
export function silent(): Promise<BrokenServer> {
  return listening((track) => createServer(track))
}

/** Some other daemon: plain HTTP/1.1, as Docker's socket. */
export function httpServer(): Promise<BrokenServer> {
  return listening((track) => {
    const server = createHttpServer((_, response) => response.end('{"message":"page not found"}'))
    server.on('connection', track)
    return server
  })
}

/** Answers with bytes that are no protocol. */
export function garbage(): Promise<BrokenServer> {
  return listening((track) =>
    createServer((socket) => {
      track(socket)
      socket.write(Buffer.alloc(512, 0xfe))
    }),
  )
}

/** Accepts and hangs up. */
export function hangsUp(): Promise<BrokenServer> {
  return listening((track) =>
    createServer((socket) => {
      track(socket)
      socket.destroy()
    }),
  )
}

/** Speaks gRPC, promises an answer of 1000 bytes, sends 10 and hangs up. */
export function hangsUpInMidAnswer(): Promise<BrokenServer> {
  return listening((track) => {
    const server = createHttp2Server()
    server.on('connection', track)
    server.on('stream', (stream) => {
      stream.respond({':status': 200, 'content-type': 'application/grpc'})
      const message = Buffer.alloc(15)
      message.writeUInt32BE(1000, 1)
      stream.write(message, () => stream.session?.destroy())
      stream.on('error', () => undefined)
    })
    return server
  })
}

/** Speaks gRPC, ends its answer in the middle, and never says how the call went. */
export function endsWithoutStatus(): Promise<BrokenServer> {
  return listening((track) => {
    const server = createHttp2Server()
    server.on('connection', track)
    server.on('stream', (stream) => {
      stream.respond({':status': 200, 'content-type': 'application/grpc'})
      stream.end(Buffer.from([0, 0, 0, 3, 0xe8, 0]))
    })
    return server
  })
}

/** Speaks gRPC and answers every call with bytes that are no message of the CRI. */
export function answersNonsense(): Promise<BrokenServer> {
  return listening((track) => {
    const server = createHttp2Server()
    server.on('connection', track)
    server.on('stream', (stream) => {
      stream.respond({':status': 200, 'content-type': 'application/grpc'}, {waitForTrailers: true})
      stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': '0'}))
      const message = Buffer.concat([
        Buffer.from([0, 0, 0, 0, 6]),
        Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
      ])
      stream.end(message)
    })
    return server
  })
}

/** Speaks gRPC, calls every list too large, and streams one without end. `message` is one piece of it. */
export function listsWithoutEnd(message: Buffer): Promise<BrokenServer> {
  return listsInPieces(message, Number.POSITIVE_INFINITY)
}

/** The same with an end, after so many of the piece. */
export function listsInPieces(message: Buffer, count: number): Promise<BrokenServer> {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  const piece = Buffer.concat([head, message])
  return listening((track) => {
    const server = createHttp2Server()
    server.on('connection', track)
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined)
      const method = String(headers[':path']).split('/').at(-1) ?? ''
      if (!/^(Stream|GetContainerEvents)/.test(method)) {
        const status = method === 'Version' ? 12 : 8
        stream.respond(
          {':status': 200, 'content-type': 'application/grpc', 'grpc-status': status},
          {endStream: true},
        )
        return
      }
      stream.respond({':status': 200, 'content-type': 'application/grpc'}, {waitForTrailers: true})
      stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': '0'}))
      let sent = 0
      const pour = () => {
        while (!stream.destroyed && sent < count) {
          sent++
          if (!stream.write(piece)) return
        }
        if (sent === count) stream.end()
      }
      stream.on('drain', pour)
      pour()
    })
    return server
  })
}

/** Speaks gRPC and answers every call with these bytes. */
export function answers(message: Buffer): Promise<BrokenServer> {
  return listening((track) => {
    const server = createHttp2Server()
    server.on('connection', track)
    server.on('stream', (stream) => {
      stream.on('error', () => undefined)
      stream.respond({':status': 200, 'content-type': 'application/grpc'}, {waitForTrailers: true})
      stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': '0'}))
      const head = Buffer.alloc(5)
      head.writeUInt32BE(message.length, 1)
      stream.end(Buffer.concat([head, message]))
    })
    return server
  })
}

/** Accepts HTTP/2, and sends one frame over and over without reading what comes back: for ever, or thousands of times. */
export function floods(frame: Buffer, thousands = Number.POSITIVE_INFINITY): Promise<BrokenServer> {
  const many = Buffer.concat(Array(1000).fill(frame))
  return listening((track) =>
    createServer((socket) => {
      track(socket)
      socket.write(httpFrame(4, 0, 0, Buffer.alloc(0)))
      let sent = 0
      const pour = () => {
        while (!socket.destroyed && sent++ < thousands && socket.write(many));
      }
      socket.once('data', () => {
        socket.pause()
        socket.on('drain', pour)
        pour()
      })
    }),
  )
}

export function httpFrame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

async function listening(
  create: (track: (socket: Socket) => void) => Server | HttpServer | Http2Server,
): Promise<BrokenServer> {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-broken-'))
  const path = join(directory, 'cri.sock')
  const sockets = new Set<Socket>()
  const server = create((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    endpoint: `unix://${path}`,
    path,
    server,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      await rm(directory, {recursive: true, force: true})
    },
  }
}
