import {once} from 'node:events'
import type {Socket} from 'node:net'
import {exitCode, Interrupted, MissingArgumentError, UserError} from '../../errors/errors.js'
import type {Ending} from '../../nodes/run.js'
import {type Listener, listenOn} from '../../sessions/local-listeners.js'
import {parsePortMapping} from '../../text/port-mapping.js'
import {programName} from '../../text/program.js'
import {splitWords} from '../../text/selectors.js'
import type {CommandLine} from '../argv.js'
import {describeError} from '../failures/describe.js'
import {writeMessage} from '../messages.js'

/** Runs a line on the node, to the end of it. */
type RunThere = (line: CommandLine, socket?: Socket) => Promise<Ending>

interface ForwardOptions {
  failureOf: (ending: Ending) => Error
  signal: AbortSignal
  /** From now on the signal ends it well. */
  onListening: () => void
}

/** Listens on this machine; each connection is carried by a program of its own on the node, which listens on nothing. */
export async function forwardFromHere(
  line: CommandLine,
  run: RunThere,
  {failureOf, signal, onListening}: ForwardOptions,
): Promise<number> {
  const [pod, ...ports] = line.arguments
  if (pod === undefined || ports.length === 0)
    throw new MissingArgumentError(`which pod and ports? ${programName()} port-forward POD LOCAL:REMOTE`)
  const mappings = ports.map(parsePortMapping)
  const given = line.given.filter(({flag}) => flag.name === 'address').map(({value}) => String(value))
  const addresses = given.length > 0 ? [...new Set(given.flatMap(splitWords))] : ['localhost']
  const checked = await run(line)
  if (checked.kind !== 'ended') throw failureOf(checked)
  if (checked.exitCode !== exitCode.done) return checked.exitCode
  onListening()
  const listeners: Listener[] = []
  for (const {address, localPort, remotePort} of mappings) {
    const carry = async (socket: Socket, port: number): Promise<void> => {
      process.stdout.write(`Handling connection for ${port}\n`)
      socket.on('error', () => undefined)
      try {
        const ending = await run({...line, arguments: [pod, String(remotePort)]}, socket)
        if (ending.kind !== 'ended') throw failureOf(ending)
        if (ending.exitCode === exitCode.done) socket.destroySoon()
        else socket.resetAndDestroy()
      } catch (error) {
        if (!signal.aborted && !socket.closed) writeMessage(describeError(error).text)
        socket.resetAndDestroy()
      }
    }
    const listening = await listenOn(
      address === undefined ? addresses : [address],
      localPort,
      (socket, port) => void carry(socket, port),
    )
    for (const listener of listening.listeners) {
      const host = listener.address.includes(':') ? `[${listener.address}]` : listener.address
      process.stdout.write(`Forwarding from ${host}:${listener.port} -> ${remotePort}\n`)
    }
    for (const problem of listening.problems) writeMessage(problem)
    listeners.push(...listening.listeners)
  }
  if (listeners.length === 0) throw new UserError('no port can be forwarded')
  if (!signal.aborted) await once(signal, 'abort')
  for (const {server} of listeners) server.close()
  const {reason} = signal
  if (reason instanceof Interrupted && reason.signal !== 'SIGINT') throw reason
  return exitCode.done
}
