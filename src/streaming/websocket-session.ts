import type {Socket} from 'node:net'
import type {WebSocket} from 'ws'
import {createTextCollector} from './consume.js'
import {readOnWhenWritesFail} from './reading-on.js'
import {
  encodeTerminalSize,
  type RemoteSession,
  type SessionEnd,
  type SessionRequest,
} from './remote-session.js'
import {lostConnection, StreamError} from './stream-error.js'
import {dialWebSocket} from './websocket-dial.js'
import {createWriteGate} from './write-gate.js'

const channel = {stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255} as const
const normalClosure = 1000
const messageLimitBytes = 64 * 1024

/**
 * Opens an exec or attach over WebSocket, `v5.channel.k8s.io` or `v4.channel.k8s.io` as the server likes. v4
 * (containerd, CRI-O) cannot signal the end of stdin. v5 can, but conmon-rs, the one CRI server with it, then ends
 * the whole session, without a status. Rejects as `upgradeToSpdy` does, nothing left open.
 */
export async function openWebSocketSession(request: SessionRequest): Promise<RemoteSession> {
  const {socket, connection} = await dialWebSocket({
    ...request,
    protocols: ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
  })
  const endsInput = socket.protocol === 'v5.channel.k8s.io'
  const gate = createWriteGate({
    pause: () => socket.pause(),
    // ws may read on later than this, when it still has messages to deliver.
    resume: () => socket.resume(),
    isPaused: () => connection.isPaused(),
    get destroyed() {
      return connection.destroyed
    },
  })
  const status = createTextCollector()
  const consumers = new Map([
    [channel.stdout, request.stdout],
    [channel.stderr, request.stderr],
    [channel.error, status.consume],
  ] as const)
  let inputEnded = false

  connection.on('data', gate.noteReceived)
  socket.on('message', (message: Buffer) => {
    const consume = consumers.get(message[0] as 1 | 2 | 3)
    const busy = message.length > 1 ? consume?.(message.subarray(1)) : undefined
    if (busy) gate.pauseUntil(busy)
  })

  const send = async (to: number, chunk: Uint8Array, patienceMs?: number): Promise<void> => {
    await gate.waitUntilOpen(patienceMs)
    const message = Buffer.allocUnsafe(1 + chunk.length)
    message[0] = to
    message.set(chunk, 1)
    await sendMessage(socket, message)
  }
  // containerd's idle timer is reset by messages only, not by pings. conmon-rs may not know what to do with an empty one.
  const ping = async (): Promise<void> => {
    await gate.waitUntilOpen()
    if (socket.readyState !== socket.OPEN) return
    if (endsInput) socket.ping()
    else await sendMessage(socket, Buffer.alloc(0))
  }
  let pingDue = false
  const pinging = setInterval(async () => {
    if (pingDue) return
    pingDue = true
    await ping()
    pingDue = false
  }, request.pingIntervalMs)

  const finished = closed(socket, connection).then((failure): SessionEnd => {
    clearInterval(pinging)
    const statusText = status.text()
    // conmon-rs says nothing but 1000 for exit code 0; but also when it ended the session because stdin ended.
    const silentSuccess = endsInput && !inputEnded && !failure && statusText === ''
    return {statusText: silentSuccess ? '{"status":"Success"}' : statusText, inputCut: false, failure}
  })
  socket.resume()

  return {
    async writeInput(chunk) {
      for (let offset = 0; offset < chunk.length; offset += messageLimitBytes) {
        await send(channel.stdin, chunk.subarray(offset, offset + messageLimitBytes), request.patienceMs)
      }
    },
    async endInput() {
      if (!endsInput) return false
      inputEnded = true
      await send(channel.close, Uint8Array.of(channel.stdin))
      return true
    },
    resize: (size) => send(channel.resize, encodeTerminalSize(size)),
    outputEnded: finished,
    finished,
    close() {
      socket.removeAllListeners('message')
      clearInterval(pinging)
      if (socket.readyState === socket.OPEN) socket.close(normalClosure)
      // A peer that reads nothing must not keep us.
      setImmediate(() => socket.terminate())
    },
  }
}

function sendMessage(socket: WebSocket, message: Buffer): Promise<void> {
  return new Promise((resolve) => {
    // A failed send ends the socket, and its end is what the session reports.
    socket.send(message, {binary: true}, () => resolve())
  })
}

function closed(socket: WebSocket, connection: Socket): Promise<StreamError | undefined> {
  return new Promise((resolve) => {
    let cause: StreamError | undefined
    readOnWhenWritesFail(connection, (error) => {
      cause ??= lostConnection(error)
    })
    socket.on('error', (error) => {
      const isGarbage = 'code' in error && String(error.code).startsWith('WS_ERR')
      cause = isGarbage
        ? new StreamError(
            'protocol',
            `the runtime's streaming server sent no WebSocket frame: ${error.message}`,
            {
              cause: error,
            },
          )
        : lostConnection(error)
    })
    socket.on('close', (code) => resolve(code === normalClosure ? undefined : (cause ?? lostConnection())))
  })
}
