import type {RequestOptions} from 'node:http'
import {Socket} from 'node:net'
import {StreamError} from './stream-error.js'

/** Connects to a host and port of the runtime's machine. */
export type Dialer = (host: string, port: number) => Promise<Socket>

let dialer: Dialer | undefined

/** For a runtime on another machine, whose streaming server listens where only that machine reaches it. */
export function setDialer(dial: Dialer): void {
  dialer = dial
}

/** How requests of Node's and of ws to the URL connect; undefined where they do it themselves. No agent takes part. */
export function connectionTo(url: URL): object | undefined {
  const dial = dialer
  if (!dial) return undefined
  const createConnection: RequestOptions['createConnection'] = (_, onConnected) => {
    if (url.protocol === 'https:')
      throw new StreamError('unreachable', `${url.origin} is on another machine: no TLS is had through there`)
    dial(url.hostname, Number(url.port || 80)).then(
      (socket) => onConnected(null, socket),
      (error) => onConnected(error, new Socket()),
    )
    return undefined
  }
  return {createConnection}
}
