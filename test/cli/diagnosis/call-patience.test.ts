import {afterEach, beforeEach, expect, test, vi} from 'vitest'
import {patientCalls} from '../../../src/cli/diagnosis/call-patience.js'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test.each([
  ['ListContainers', {}, 3_000, 'ListContainers after 3s'],
  // A grace period is no delay.
  ['StopContainer', {timeout: '10'}, 13_000, 'StopContainer after 13s'],
])('a slow %s %j is told after %d ms', (method, request, afterMs, text) => {
  const said: string[] = []
  patientCalls((line) => said.push(line))(method, request, () => undefined)
  vi.advanceTimersByTime(afterMs - 1)
  expect(said).toEqual([])
  vi.advanceTimersByTime(1)
  expect(said).toEqual([`still waiting for ${text} (Ctrl-C cancels it)`])
})
