import {once} from 'node:events'
import {setFlagsFromString} from 'node:v8'
import {runInNewContext} from 'node:vm'
import {expect, test} from 'vitest'
import {deadlineMs, signalAfter, timerMs} from '../../src/client/deadlines.js'

test.each([
  ['ListContainers', {}, 10_000],
  ['RunPodSandbox', {}, 20_000],
  ['StopContainer', {timeout: '30'}, 40_000],
  ['StopContainer', {}, 10_000],
  ['ExecSync', {timeout: '5'}, 15_000],
  ['ExecSync', {timeout: '0'}, undefined],
  ['PullImage', {}, undefined],
  ['GetContainerEvents', {}, undefined],
  ['CheckpointContainer', {timeout: '60'}, 60_000],
  ['CheckpointContainer', {timeout: '1'}, 10_000],
  ['StreamContainers', {}, 10_000],
  ['StopContainer', {timeout: '9999999'}, undefined],
] as const)('%s %j', (method, request, expected) =>
  expect(deadlineMs(method, request, 10_000)).toBe(expected),
)

test.each([
  [20, 20],
  [0.5, 1],
  [2 ** 31 - 1, 2 ** 31 - 1],
  [2 ** 31, undefined],
  [Number.POSITIVE_INFINITY, undefined],
])('a timer for %d ms', (durationMs, expected) => expect(timerMs(durationMs)).toBe(expected))

test('the end of a time comes although only a signal made of it is held', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const either = AbortSignal.any([new AbortController().signal, signalAfter(200)])
  const ended = once(either, 'abort')
  await new Promise(setImmediate)
  collectGarbage()
  const asleep = setTimeout(() => undefined, 60_000)
  await ended
  clearTimeout(asleep)
  expect(either.reason).toMatchObject({name: 'TimeoutError'})
})
