import {setImmediate as nextTurn} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {createWriteGate} from '../../src/streaming/write-gate.js'

function createSource() {
  const calls: string[] = []
  return {
    calls,
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
    isPaused: () => calls.at(-1) === 'pause',
    destroyed: false,
  }
}

function createBusy() {
  let settle: () => void = () => {}
  const busy = new Promise<void>((resolve) => {
    settle = resolve
  })
  return {busy, settle}
}

/** Whether a promise has settled `turns` turns of the event loop from now. */
async function settlesWithin(
  promise: Promise<void>,
  turns: number,
  eachTurn = (): void => {},
): Promise<boolean> {
  let settled = false
  void promise.then(() => {
    settled = true
  })
  for (let turn = 0; turn < turns; turn++) {
    eachTurn()
    await nextTurn()
  }
  return settled
}

test('opens while nothing happens', async () => {
  const source = createSource()
  await createWriteGate(source).waitUntilOpen()

  expect(source.calls).toEqual([])
})

test('stays closed while reading is paused', async () => {
  const source = createSource()
  const gate = createWriteGate(source)
  gate.pauseUntil(createBusy().busy)

  expect(await settlesWithin(gate.waitUntilOpen(), 20)).toBe(false)
  expect(source.calls).toEqual(['pause'])
})

test('stays closed while every turn brings bytes, and opens after one that brings none', async () => {
  const source = createSource()
  const gate = createWriteGate(source)
  gate.noteReceived()
  const opened = gate.waitUntilOpen()

  expect(await settlesWithin(opened, 20, gate.noteReceived)).toBe(false)
  await opened
  expect(source.calls).toEqual([])
})

test('opens after a pause, once a turn has brought no bytes', async () => {
  const source = createSource()
  const gate = createWriteGate(source)
  const {busy, settle} = createBusy()
  gate.pauseUntil(busy)
  const opened = gate.waitUntilOpen()
  settle()
  await busy

  expect(await settlesWithin(opened, 20, gate.noteReceived)).toBe(false)
  await opened
  expect(source.calls).toEqual(['pause', 'resume'])
})

test('a pause before the quiet turn keeps it closed', async () => {
  const source = createSource()
  const gate = createWriteGate(source)
  gate.noteReceived()
  const opened = gate.waitUntilOpen()
  const {busy, settle} = createBusy()
  gate.pauseUntil(busy)
  expect(await settlesWithin(opened, 20)).toBe(false)

  settle()
  await opened
  expect(source.calls).toEqual(['pause', 'resume'])
})

test('two consumers at once: reading goes on when both are done', async () => {
  const source = createSource()
  const gate = createWriteGate(source)
  const [first, second] = [createBusy(), createBusy()]
  gate.pauseUntil(first.busy)
  gate.pauseUntil(second.busy)
  const opened = gate.waitUntilOpen()
  first.settle()
  expect(await settlesWithin(opened, 20)).toBe(false)
  expect(source.calls).toEqual(['pause'])

  second.settle()
  await opened
  expect(source.calls).toEqual(['pause', 'resume'])
})

test('stays closed while something else holds the source', async () => {
  let turns = 0
  const gate = createWriteGate({...createSource(), isPaused: () => ++turns < 20})
  await gate.waitUntilOpen()

  expect(turns).toBe(20)
})

test('a closed connection blocks no writer', async () => {
  const source = {...createSource(), isPaused: () => true, destroyed: false}
  const gate = createWriteGate(source)
  const opened = gate.waitUntilOpen()
  expect(await settlesWithin(opened, 20)).toBe(false)

  source.destroyed = true
  await opened
})

test('a time limit ends the wait', async () => {
  const gate = createWriteGate(createSource())
  gate.pauseUntil(createBusy().busy)

  await expect(gate.waitUntilOpen(1)).resolves.toBeUndefined()
})
