import {once} from 'node:events'
import {PassThrough, Readable} from 'node:stream'
import {expect, test} from 'vitest'
import {pump} from '../../src/streaming/pump.js'

function fail(error: unknown): never {
  throw error
}

/** A target that keeps what it gets, and can be waited for. */
function createTarget(onWrite: (text: string) => Promise<void> | void = () => {}) {
  const got: string[] = []
  let signalEnd: () => void = () => {}
  const ended = new Promise<void>((resolve) => {
    signalEnd = resolve
  })
  return {
    got,
    ended,
    async write(chunk: Buffer) {
      got.push(chunk.toString())
      await onWrite(chunk.toString())
    },
    async end() {
      got.push('end')
      signalEnd()
    },
  }
}

test('chunks arrive in order, one at a time, then the end', async () => {
  let writing = 0
  const target = createTarget(async () => {
    expect(++writing).toBe(1)
    await new Promise(setImmediate)
    writing--
  })
  pump(Readable.from(['a', 'b', 'c']), target, fail)
  await target.ended

  expect(target.got).toEqual(['a', 'b', 'c', 'end'])
})

test('a source that has ended already ends the target', async () => {
  const source = Readable.from([])
  source.resume()
  await once(source, 'end')
  const target = createTarget()
  pump(source, target, fail)
  await target.ended

  expect(target.got).toEqual(['end'])
})

test('a source that is destroyed ends the target, once', async () => {
  const source = new PassThrough()
  const target = createTarget()
  pump(source, target, fail)
  source.destroy()
  await target.ended
  await new Promise(setImmediate)

  expect(target.got).toEqual(['end'])
})

test('after stopping, the source is paused, whole and without our listeners', async () => {
  const source = new PassThrough()
  const before = source.eventNames()
  const target = createTarget()
  const stop = await new Promise<() => void>((resolve) => {
    const stopPump = pump(source, {...target, write: async () => resolve(stopPump)}, fail)
    source.write('first')
  })
  stop()
  source.write('second')
  await new Promise(setImmediate)

  expect(source.eventNames()).toEqual(before)
  expect(source.isPaused()).toBe(true)
  expect(source.destroyed).toBe(false)
  expect(source.read().toString()).toBe('second')
})

test.each(['source', 'target'])('an error of the %s is told', async (culprit) => {
  const source = new PassThrough()
  const target = createTarget(() => {
    if (culprit === 'target') throw new Error('broken')
  })
  const failure = new Promise((resolve) => {
    pump(source, target, resolve)
  })
  if (culprit === 'source') source.destroy(new Error('broken'))
  else source.write('x')

  expect(await failure).toEqual(new Error('broken'))
})
