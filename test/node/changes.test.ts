import {afterEach, beforeEach, expect, test, vi} from 'vitest'
import type {CriClient} from '../../src/client/connect.js'
import {watchChanges} from '../../src/node/changes.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A client whose events come when the test sends them. */
function eventful() {
  let send = () => {}
  const runtime = {
    version: async () => ({runtimeName: 'containerd', runtimeVersion: 'v2.0.0'}),
    getContainerEvents: async function* () {
      for (;;) {
        await new Promise<void>((resolve) => {
          send = resolve
        })
        yield {}
      }
    },
  }
  return {client: {runtime} as unknown as CriClient, send: () => send()}
}

async function passed(change: Promise<void>, ms: number): Promise<boolean> {
  let done = false
  void change.then(() => {
    done = true
  })
  await vi.advanceTimersByTimeAsync(ms)
  return done
}

test('without an event the clock wakes, twice a second; one event wakes all, and makes the clock slow', async () => {
  const {client, send} = eventful()
  using changes = watchChanges(client)
  const first = changes.next()
  expect(await passed(first, 499)).toBe(false)
  expect(await passed(first, 1)).toBe(true)

  const [one, other] = [changes.next(), changes.next()]
  await vi.advanceTimersByTimeAsync(1)
  send()
  expect(await Promise.all([passed(one, 20), passed(other, 20)])).toEqual([true, true])

  const later = changes.next()
  expect(await passed(later, 4_900)).toBe(false)
  expect(await passed(later, 100)).toBe(true)
})

test('the end of the watch wakes every waiter', async () => {
  const changes = watchChanges(eventful().client)
  const change = changes.next()
  changes[Symbol.dispose]()
  expect(await passed(change, 0)).toBe(true)
  expect(await passed(changes.next(), 0)).toBe(true)
  expect(changes.signal.aborted).toBe(true)
})
