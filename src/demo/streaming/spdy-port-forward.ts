import type {Socket} from 'node:net'
import {setTimeout as sleep} from 'node:timers/promises'
import type {SpdyHeaders} from '../../streaming/spdy-headers.js'
import {flush} from './command-session.js'
import {relayPort} from './port-relay.js'
import {type ServedStream, serveSpdy} from './spdy-server.js'
import type {PortHandler} from './stream-io.js'

export interface SpdyPortForward {
  handler: PortHandler
  /** How long the client may take to open the second stream of a pair. */
  setupTimeoutMs: number
  /** Why a connection failed comes before the end of its data, and not after it. */
  statusFirst: boolean
  onRefused: (reason: string) => void
}

/** Between the ends of streams, so that a client meets one without the other. */
const pauseMs = 5

type Half = 'error' | 'data'

interface Pair {
  port: number
  error?: ServedStream
  data?: ServedStream
  timer: NodeJS.Timeout
}

/**
 * Serves port-forward: one pair of streams for each connection to a port, for as long as the client stays. Runtimes
 * connect to any port that the client names, whatever the PortForward call said.
 */
export function serveSpdyPortForward(socket: Socket, options: SpdyPortForward): void {
  const pairs = new Map<string, Pair>()
  const connection = serveSpdy(socket, {
    route(headers) {
      const half = parseHalf(headers)
      if (!half) return undefined
      const pair = pairs.get(half.requestId)
      if (pair && (pair[half.type] || pair.port !== half.port)) return undefined
      return (stream) => add(half, stream)
    },
    onGarbage: (reason) => options.onRefused(`the client sent ${reason}`),
  })
  connection.gone.addEventListener('abort', () => {
    for (const {timer} of pairs.values()) clearTimeout(timer)
  })

  const add = ({requestId, port, type}: ParsedHalf, stream: ServedStream): void => {
    const pair = pairs.get(requestId) ?? {
      port,
      timer: setTimeout(() => giveUp(requestId), options.setupTimeoutMs),
    }
    pair[type] = stream
    pairs.set(requestId, pair)
    if (!pair.error || !pair.data) return
    clearTimeout(pair.timer)
    pairs.delete(requestId)
    void carry(port, pair.error, pair.data)
  }
  const giveUp = (requestId: string): void => {
    const pair = pairs.get(requestId)
    pairs.delete(requestId)
    pair?.error?.reset()
    pair?.data?.reset()
    options.onRefused('the client opened only one of the two streams of a connection')
  }
  const carry = async (port: number, error: ServedStream, data: ServedStream): Promise<void> => {
    error.input.resume()
    const failure = await relayPort({
      port,
      handler: options.handler,
      input: data.input,
      output: data.output,
      halfCloses: true,
      gone: connection.gone,
    })
    if (failure !== undefined) {
      if (!options.statusFirst) {
        await flush(data.output)
        await sleep(pauseMs)
      }
      error.output.write(failure)
    }
    await flush(error.output)
    data.reset()
  }
}

interface ParsedHalf {
  type: Half
  port: number
  requestId: string
}

function parseHalf({streamtype, port, requestid}: SpdyHeaders): ParsedHalf | undefined {
  if (streamtype !== 'error' && streamtype !== 'data') return undefined
  if (requestid === undefined || !/^\d{1,20}$/.test(requestid)) return undefined
  if (port === undefined || !/^\d{1,5}$/.test(port)) return undefined
  const number = Number(port)
  return number >= 1 && number <= 65_535 ? {type: streamtype, port: number, requestId: requestid} : undefined
}
