import {once, setMaxListeners} from 'node:events'
import type {Duplex} from 'node:stream'
import * as Args from '@oclif/core/args'
import {CriCommand} from '../cli/command.js'
import {describeError} from '../cli/failures/describe.js'
import {streamFlags, streamingOf} from '../cli/flags/stream.js'
import {listFlag} from '../cli/flags/types.js'
import {portForwardRequest} from '../cli/port-forward-request.js'
import type {CriClient} from '../client/connect.js'
import {podIdOf} from '../client/names.js'
import {exitCode, Interrupted, UserError} from '../errors/errors.js'
import {listenFor} from '../sessions/local-listeners.js'
import type {Streaming, StreamObserver} from '../sessions/session.js'
import {type UsersConnection, usersConnection} from '../sessions/users-connection.js'
import {forwardConnection} from '../streaming/index.js'
import type {PortMapping} from '../text/port-mapping.js'
import {programName} from '../text/program.js'
import {splitWords} from '../text/selectors.js'

interface Forwarding {
  client: CriClient
  streaming: Streaming
  podSandboxId: string
  pod: string
}

export default class PortForward extends CriCommand {
  static override summary = 'Forward local ports to a pod'
  static override description =
    'Listens until Ctrl-C, by default on both loopback addresses. Connections are independent: one that fails ends alone, with a line on stderr.'
  static override usage = 'port-forward [flags] POD [[ADDRESS:]LOCAL:]REMOTE...'
  static override examples = [
    'crisp port-forward web-0 8080:80',
    'crisp port-forward kube-system/coredns-x :9153',
    'crisp port-forward web-0 8080:80 8443:443 --address 0.0.0.0',
    "crisp port-forward web-0 '[::1]:8080:80'",
  ]

  static override strict = false

  static override args = {
    pod: Args.string({complete: 'ready-pod', description: 'ID, name or namespace/name'}),
    port: Args.string({
      description:
        'REMOTE, LOCAL:REMOTE, :REMOTE (any free local port), or with the address to listen on before it',
    }),
  }

  static override flags = {
    address: listFlag(splitWords, (lists) => new Set(lists.flat()), {
      helpValue: 'ADDRESS',
      description: 'address to listen on, or several with commas; localhost means 127.0.0.1 and ::1',
    }),
    ...streamFlags,
  }

  async run(): Promise<void> {
    const {raw, flags} = await this.parse(PortForward)
    const words = raw.filter(({type}) => type === 'arg').map(({input}) => input)
    const {pod, mappings, addresses} = portForwardRequest(words, [...(flags.address ?? [])])
    const streaming = await streamingOf(flags, await this.streamOptions(flags))
    if (streaming.transport === 'websocket')
      this.note(
        'forwarding over SPDY all the same: every runtime has it, and WebSocket cannot carry the end of a stream',
      )
    using client = await this.connect(flags)
    const podSandboxId = await this.#readyPod(client, pod)

    const forwarding = {client, streaming, podSandboxId, pod}

    const elsewhere = usersConnection()
    if (elsewhere) return await this.#carryOne(elsewhere, forwarding, mappings)
    setMaxListeners(0, this.signal)
    const listeners = await listenFor(mappings, {
      addresses,
      write: (text) => this.write(text),
      note: (text) => this.note(text),
      carry: (socket, remotePort) => void this.#carry(forwarding, socket, remotePort),
    })
    if (!this.signal.aborted) await once(this.signal, 'abort')
    // The connections end by the signal as well.
    for (const {server} of listeners) server.close()
    // Ctrl-C is how one ends it; SIGTERM is somebody else's.
    const {reason} = this.signal
    if (reason instanceof Interrupted && reason.signal === 'SIGTERM') throw reason
  }

  /** The user listens elsewhere. */
  async #carryOne(
    connection: UsersConnection,
    forwarding: Forwarding,
    [mapping]: readonly PortMapping[],
  ): Promise<void> {
    if (connection.kind === 'check' || !mapping) return
    if (!(await this.#carry(forwarding, connection.open(), mapping.remotePort)))
      process.exitCode = exitCode.failed
  }

  async #readyPod(client: CriClient, reference: string): Promise<string> {
    const podSandboxId = await podIdOf(client, reference)
    const {status} = await client.runtime.podSandboxStatus({podSandboxId})
    if (status?.state === 'SANDBOX_NOTREADY')
      throw new UserError(
        `pod ${reference} is not running any more: ${programName()} pods --state ready shows those that are`,
      )
    return podSandboxId
  }

  async #carry(
    {client, streaming, podSandboxId, pod}: Forwarding,
    local: Duplex,
    remotePort: number,
  ): Promise<boolean> {
    let end: ReturnType<StreamObserver> | undefined
    try {
      await forwardConnection({
        openUrl: async () => {
          const {url} = await client.runtime.portForward({podSandboxId, port: [remotePort]})
          end = streaming.onStream?.(url, 'spdy')
          return url
        },
        local,
        remotePort,
        tls: streaming.tls,
        signal: this.signal,
      })
      end?.({})
      return true
    } catch (error) {
      end?.({error})
      if (!this.signal.aborted)
        this.note(`a connection to port ${remotePort} of ${pod} failed: ${describeError(error).text}`)
      return false
    }
  }
}
