import {expect, test} from 'vitest'
import {deadlineMs} from '../../src/client/deadlines.js'

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
] as const)('%s %j', (method, request, expected) =>
  expect(deadlineMs(method, request, 10_000)).toBe(expected),
)
