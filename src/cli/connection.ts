import type {CallObserver} from '../client/call-options.js'
import {type CriClient, connect} from '../client/connect.js'
import type {Settings} from './settings/settings.js'

export interface ConnectionOptions {
  signal: AbortSignal | undefined
  onCall: CallObserver | undefined
  note: (text: string) => void
}

/** The runtime that the settings name, or the one that is found; `demo` is started where it does not run. */
export async function connectRuntime(
  {endpoint, imageEndpoint, timeoutMs, maxRetries}: Settings,
  {signal, onCall, note}: ConnectionOptions,
): Promise<CriClient> {
  const startDemo = async (given: string | undefined) =>
    given === 'demo' ? (await import('./demo-process.js')).demoEndpoint(note, signal) : given
  return connect({
    endpoint: await startDemo(endpoint),
    imageEndpoint: await startDemo(imageEndpoint),
    timeoutMs,
    connectTimeoutMs: timeoutMs,
    maxRetries,
    signal,
    onCall,
  })
}
