import {once} from 'node:events'
import type {Socket} from 'node:net'
import {exitCode, Interrupted} from '../../errors/errors.js'
import type {Ending} from '../../nodes/run.js'
import {listenFor} from '../../sessions/local-listeners.js'
import {splitWords} from '../../text/selectors.js'
import type {CommandLine} from '../argv.js'
import {describeError} from '../failures/describe.js'
import {writeMessage} from '../messages.js'
import {portForwardRequest} from '../port-forward-request.js'

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
  const given = line.given.filter(({flag}) => flag.name === 'address').map(({value}) => String(value))
  const {pod, mappings, addresses} = portForwardRequest(line.arguments, given.flatMap(splitWords))
  const checked = await run(line)
  if (checked.kind !== 'ended') throw failureOf(checked)
  if (checked.exitCode !== exitCode.done) return checked.exitCode
  onListening()
  const carry = async (socket: Socket, remotePort: number): Promise<void> => {
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
  const listeners = await listenFor(mappings, {
    addresses,
    write: (text) => process.stdout.write(text),
    note: writeMessage,
    carry: (socket, remotePort) => void carry(socket, remotePort),
  })
  if (!signal.aborted) await once(signal, 'abort')
  for (const {server} of listeners) server.close()
  const {reason} = signal
  if (reason instanceof Interrupted && reason.signal !== 'SIGINT') throw reason
  return exitCode.done
}
