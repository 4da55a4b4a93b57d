import type {CriClient} from '../client/connect.js'
import {sharesEventQueue} from './runtimes.js'

const pollMs = 500
/** Once events come, looking without one is only for those that got lost. */
const safetyMs = 5_000
/** Events come in bunches; one look serves a bunch. */
const bunchMs = 20

/** Tells when it is worth looking at the node again. Whoever starts it ends it, with `using`. */
export interface Changes extends Disposable {
  /** Resolves when something may have changed since it was called, or when there is no use in waiting any longer. */
  next(): Promise<void>
  /** Aborted when there is no use in looking any longer. */
  readonly signal: AbortSignal
}

/** By the runtime's events where it has them for every client, else twice a second. Asks nothing before `next()`. */
export function watchChanges(client: CriClient, signal?: AbortSignal): Changes {
  const abort = new AbortController()
  const ended = signal ? AbortSignal.any([signal, abort.signal]) : abort.signal
  const sleepers = new Set<() => void>()
  const wakeAll = () => {
    for (const wake of sleepers) wake()
  }
  ended.addEventListener('abort', wakeAll, {once: true})
  let listening = false
  let lively = false

  const listen = async () => {
    if (sharesEventQueue(await client.runtime.version())) return
    let waking = false
    for await (const _ of client.runtime.getContainerEvents({}, {signal: ended})) {
      lively = true
      if (waking) continue
      waking = true
      setTimeout(() => {
        waking = false
        wakeAll()
      }, bunchMs)
    }
  }
  // Without events, or when they end, there is still the clock.
  const deaf = () => {
    lively = false
  }
  return {
    next: () => {
      if (!listening) listen().then(deaf, deaf)
      listening = true
      return new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer)
          sleepers.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, lively ? safetyMs : pollMs)
        sleepers.add(wake)
        if (ended.aborted) wake()
      })
    },
    signal: ended,
    [Symbol.dispose]: () => abort.abort(),
  }
}
