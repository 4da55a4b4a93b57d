import type {CriClient} from '../client/connect.js'
import {waitMs} from '../client/retries.js'
import {RpcError, rpcCode} from '../errors/errors.js'
import type {VersionResponse} from '../generated/cri.js'
import {isRuntimeLost} from './lost-runtime.js'

const pollMs = 300

/**
 * Resolves when a runtime answers and calls itself ready. Every attempt is a connection of its own, since the socket may
 * be absent at first, and another one after a restart. Rejects with the signal's reason, and with what no wait can put
 * right: a socket that may not be opened, a server that is no CRI runtime.
 */
export async function untilRuntimeReady(
  connect: () => Promise<CriClient>,
  {signal, onNotice}: {signal: AbortSignal; onNotice: (text: string) => void},
): Promise<VersionResponse> {
  let said = ''
  const notice = (text: string) => {
    if (text !== said) onNotice(text)
    said = text
  }
  for (;;) {
    using client = await connect()
    const stop = () => client.close()
    signal.addEventListener('abort', stop, {once: true})
    try {
      const version = await client.runtime.version()
      const {status} = await client.runtime.status()
      const ready = status?.conditions.find(({type}) => type === 'RuntimeReady')
      if (ready?.status) return version
      notice(`${version.runtimeName} answers but is not ready${ready?.message ? `: ${ready.message}` : ''}`)
    } catch (error) {
      signal.throwIfAborted()
      if (!mayComeUp(error)) throw error
      notice('no runtime yet: waiting for it')
    } finally {
      signal.removeEventListener('abort', stop)
    }
    await waitMs(pollMs, signal)
  }
}

/** A runtime that comes up may refuse in words of its own before it is ready. */
function mayComeUp(error: unknown): boolean {
  return isRuntimeLost(error) || (error instanceof RpcError && error.code === rpcCode.unknown)
}
