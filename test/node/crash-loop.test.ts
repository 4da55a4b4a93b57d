import {expect, test} from 'vitest'
import {failuresInLoop} from '../../src/node/crash-loop.js'

const now = 1_800_000_000_000
const minute = 60_000
const ago = (ms: number) => String(BigInt(now - ms) * 1_000_000n)

/** An attempt that ended so long ago, after a run of so long. */
const ended = (attempt: number, endedMs: number, {exitCode = 1, ranMs = 2_000} = {}) => ({
  metadata: {name: 'app', attempt},
  exitCode,
  createdAt: ago(endedMs + ranMs),
  startedAt: ago(endedMs + ranMs),
  finishedAt: ago(endedMs),
})

const pod = (madeMs: number, attempt = 0) => ({
  createdAt: ago(madeMs),
  metadata: {name: 'web', namespace: 'shop', uid: 'u', attempt},
})

test.each([
  [
    'three failures that the runtime still knows',
    [1, 2, 3].map((n) => ended(n, (5 - n) * minute)),
    pod(60 * minute * 24 * 9),
    3,
  ],
  ['two of them', [2, 3].map((n) => ended(n, (5 - n) * minute)), pod(60 * minute * 24 * 9), undefined],
  [
    'the earliest of three more than ten minutes ago',
    [1, 2, 3].map((n) => ended(n, (4 - n) * 5 * minute)),
    pod(60 * minute * 24 * 9),
    undefined,
  ],
  ['one that is left of six in eight minutes', [ended(5, 10_000)], pod(8 * minute), 6],
  [
    'one that is left of a loop with pauses of five minutes, for hours',
    [ended(119, 4 * minute)],
    pod(590 * minute),
    120,
  ],
  [
    'one that is left, after months of few restarts',
    [ended(5, 10_000)],
    pod(90 * 24 * 60 * minute),
    undefined,
  ],
  [
    'a run longer than the kubelet remembers',
    [ended(5, 10_000, {ranMs: 11 * minute})],
    pod(60 * minute),
    undefined,
  ],
  [
    'numbers that began with an earlier sandbox of the pod',
    [ended(5, 10_000)],
    pod(8 * minute, 1),
    undefined,
  ],
  ['the first two attempts of a new pod', [ended(0, 30_000), ended(1, 10_000)], pod(minute), undefined],
  [
    'a success after three failures',
    [...[1, 2, 3].map((n) => ended(n, (6 - n) * minute)), ended(4, minute, {exitCode: 0})],
    pod(9 * 24 * 60 * minute),
    undefined,
  ],
  ['nothing that has ended', [], pod(minute), undefined],
  ['a pod that is not there', [ended(5, 10_000)], undefined, undefined],
])('%s', (_, attempts, of, failures) => {
  expect(failuresInLoop(attempts, of, now)).toBe(failures)
})
