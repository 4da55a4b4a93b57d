import {once} from 'node:events'
import net, {type AddressInfo, type Server, type Socket} from 'node:net'
import {UserError} from '../errors/errors.js'
import type {PortMapping} from '../text/port-mapping.js'

export interface Listener {
  server: Server
  /** As the system has it. */
  address: string
  port: number
}

interface Listening {
  listeners: Listener[]
  /** One line for each address that there is no listener on; none for a loopback address that is merely absent. */
  problems: string[]
}

type OnConnection = (socket: Socket, localPort: number) => void

const loopback = ['127.0.0.1', '::1']

export interface ForwardingOptions {
  /** For mappings without an address of their own. */
  addresses: readonly string[]
  /** What is on stdout of whoever forwards. */
  write: (text: string) => void
  /** Told of each address that there is no listener on. */
  note: (text: string) => void
  carry: (socket: Socket, remotePort: number) => void
}

/** Listens for all mappings, and says on what. Throws UserError where there is not one listener. */
export async function listenFor(
  mappings: readonly PortMapping[],
  {addresses, write, note, carry}: ForwardingOptions,
): Promise<Listener[]> {
  const all: Listener[] = []
  for (const {address, localPort, remotePort} of mappings) {
    const {listeners, problems} = await listenOn(
      address === undefined ? addresses : [address],
      localPort,
      (socket, port) => {
        write(`Handling connection for ${port}\n`)
        carry(socket, remotePort)
      },
    )
    for (const listener of listeners) write(forwardingLine(listener, remotePort))
    for (const problem of problems) note(problem)
    all.push(...listeners)
  }
  if (all.length === 0) throw new UserError('no port can be forwarded')
  return all
}

function forwardingLine({address, port}: Listener, remotePort: number): string {
  const host = address.includes(':') ? `[${address}]` : address
  return `Forwarding from ${host}:${port} -> ${remotePort}\n`
}

/**
 * Listens on one port of all addresses; 0 is any port that is free on the first of them. `localhost` is both loopback
 * addresses, of which one is enough.
 */
async function listenOn(
  addresses: readonly string[],
  port: number,
  onConnection: OnConnection,
): Promise<Listening> {
  const listeners: Listener[] = []
  const problems: string[] = []
  for (const address of addresses) {
    const before = listeners.length
    const failures: NodeJS.ErrnoException[] = []
    for (const host of address === 'localhost' ? loopback : [address]) {
      try {
        listeners.push(await listen(host, port || (listeners[0]?.port ?? 0), onConnection))
      } catch (error) {
        failures.push(error as NodeJS.ErrnoException)
      }
    }
    const taken = failures.find(({code}) => code === 'EADDRINUSE')
    if (listeners.length === before) problems.push(`${address}:${port}: ${listenProblem(failures[0])}`)
    else if (taken) problems.push(`${taken.message}: only ${listeners.at(-1)?.address} leads to the pod`)
  }
  return {listeners, problems}
}

async function listen(host: string, port: number, onConnection: OnConnection): Promise<Listener> {
  const server = net.createServer({allowHalfOpen: true, noDelay: true})
  server.listen({host, port, ipv6Only: true})
  await once(server, 'listening')
  const bound = server.address() as AddressInfo
  server.on('connection', (socket) => onConnection(socket, bound.port))
  return {server, address: bound.address, port: bound.port}
}

/** By the system's code. */
const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has this port; choose one, or let :REMOTE find a free one',
  EACCES: 'ports below 1024 need root; choose a higher one',
  EADDRNOTAVAIL: 'this machine does not have this address',
  ENOTFOUND: 'no such address',
}

function listenProblem(error: NodeJS.ErrnoException | undefined): string {
  return listenProblems[error?.code ?? ''] ?? error?.message ?? 'cannot listen'
}
