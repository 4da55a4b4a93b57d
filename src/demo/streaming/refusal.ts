import {type IncomingMessage, ServerResponse} from 'node:http'
import {closeLingering} from './lingering-close.js'

/** Why a request does not become a stream. */
export interface Refusal {
  status: number
  message: string
  headers?: Record<string, string | string[]>
}

const lingerMs = 5000

export function answerRefusal(response: ServerResponse, refusal: Refusal): void {
  response.shouldKeepAlive = false
  response.writeHead(refusal.status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(refusal.message) + 1,
    ...refusal.headers,
  })
  response.end(`${refusal.message}\n`)
}

/** As `answerRefusal`, for a request whose connection the HTTP server has handed over. */
export function refuseUpgrade(request: IncomingMessage, refusal: Refusal): void {
  const {socket} = request
  if (!socket.writable) return
  const response = new ServerResponse(request)
  response.assignSocket(socket)
  response.on('finish', () => {
    response.detachSocket(socket)
    closeLingering(socket, lingerMs)
  })
  answerRefusal(response, refusal)
}
