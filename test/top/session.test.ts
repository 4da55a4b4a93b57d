import {PassThrough} from 'node:stream'
import type {ReadStream, WriteStream} from 'node:tty'
import {expect, test} from 'vitest'
import {connect} from '../../src/client/connect.js'
import {plainTopStyle} from '../../src/top/frame.js'
import type {TopPod} from '../../src/top/node.js'
import {TopSession} from '../../src/top/session.js'
import {initialState} from '../../src/top/state.js'
import {startFakeRuntime} from '../support/fake-runtime.js'
import {VirtualScreen} from '../support/virtual-screen.js'

/** A session on streams that stand for a terminal; `onLook` may fail as no runtime makes it. */
async function sessionWith(
  onLook: (look: number) => void,
  act: (input: PassThrough) => void = () => {},
  suspend: (input: PassThrough) => void = () => {},
) {
  await using runtime = await startFakeRuntime({
    Status: {status: {conditions: []}},
    ListPodSandbox: {items: []},
    ListContainers: {containers: []},
    ListContainerStats: {stats: []},
  })
  using client = connect({endpoint: runtime.endpoint})
  const screen = new VirtualScreen(80, 24)
  const raw: boolean[] = []
  const input = Object.assign(new PassThrough(), {setRawMode: (mode: boolean) => raw.push(mode)})
  const output = Object.assign(new PassThrough(), {columns: 80, rows: 24})
  output.on('data', (chunk: Buffer) => screen.write(String(chunk)))
  let looks = 0
  const session = new TopSession({
    client,
    input: input as unknown as ReadStream,
    output: output as unknown as WriteStream,
    signal: new AbortController().signal,
    program: process,
    state: initialState,
    filter: (pods: TopPod[]) => {
      onLook(++looks)
      return pods
    },
    intervalMs: 10,
    units: 'si',
    style: plainTopStyle,
    machine: {cores: 1, memoryBytes: 1},
    describe: ({details}) => details,
    visit: async () => undefined,
    suspend: async () => suspend(input),
  })
  act(input)
  const outcome = await session.run().then(
    () => 'done',
    (error: Error) => error.message,
  )
  return {outcome, raw, modes: [...screen.modes].sort(), listeners: listenersOf(input)}
}

function listenersOf(input: PassThrough) {
  return ['data', 'end', 'error'].map((name) => input.listenerCount(name))
}

const unheard = [0, 0, 0]
const givenBack = {raw: [true, false], modes: ['?25', '?7'], listeners: unheard}

test('an error during the session is thrown after the terminal is restored', async () => {
  const ended = await sessionWith((look) => {
    if (look === 3) throw new Error('a fault')
  })
  expect(ended).toEqual({outcome: 'a fault', ...givenBack})
})

test('an error in the first sample leaves the terminal untouched', async () => {
  const {outcome, modes} = await sessionWith(() => {
    throw new Error('a fault')
  })
  expect({outcome, modes}).toEqual({outcome: 'a fault', modes: []})
})

test('a terminal that is closed ends it', async () => {
  const {outcome, modes} = await sessionWith(
    () => {},
    (input) => input.end(),
  )
  expect({outcome, modes}).toEqual({outcome: 'SIGHUP', modes: givenBack.modes})
})

test('repeated handovers of the terminal add no further listeners', async () => {
  const lent: number[][] = []
  const {outcome, listeners} = await sessionWith(
    () => {},
    (input) => input.write('\u001a'),
    (input) => {
      lent.push(listenersOf(input))
      input.write(lent.length < 5 ? '\u001a' : 'q')
    },
  )
  expect({outcome, listeners}).toEqual({outcome: 'done', listeners: unheard})
  expect(lent).toEqual(Array(5).fill([0, 0, 1]))
})
