import {expect, test} from 'vitest'
import type * as cri from '../../src/generated/cri.js'
import {EventLines} from '../../src/views/events.js'
import {id, startFakeRuntime} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'

// What a runtime leaves out: metadata, network, and times that are 0 or Go's zero time.

const zeroTimes = ['0', '-6795364578871345152'] as const

function node(time: string, state: cri.ContainerState) {
  const container = {id: id('a1'), podSandboxId: id('b1'), state, createdAt: time}
  const pod = {id: id('b1'), state: 'SANDBOX_READY', createdAt: time}
  return startFakeRuntime({
    ListContainers: {containers: [container]},
    ListPodSandbox: {items: [pod]},
    ContainerStatus: {
      status: {...container, startedAt: time, finishedAt: time, exitCode: 3, reason: 'Error'},
    },
    PodSandboxStatus: {status: pod},
    RemovePodSandbox: {},
  })
}

const states: [cri.ContainerState, string][] = [
  ['CONTAINER_CREATED', 'created, not started'],
  ['CONTAINER_RUNNING', 'running'],
  ['CONTAINER_EXITED', 'exited with 3, not started'],
  ['CONTAINER_UNKNOWN', 'in a state that the runtime does not know'],
]

test.each(zeroTimes.flatMap((time) => states.map(([state, words]) => [time, state, words] as const)))(
  'with times of %s describe of %s says %j, and names what it describes',
  async (time, state, words) => {
    await using runtime = await node(time, state)
    const {stdout, stderr} = await runInProcess(['describe', id('a1'), id('b1')], runtime)
    expect(stderr).toBe('')
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        `container ${id('a1')}`,
        expect.stringMatching(new RegExp(`^ {2}State {2,}${words}$`)),
        `pod ${id('b1')}`,
        expect.stringMatching(/^ {2}State {2,}ready$/),
        expect.stringMatching(new RegExp(`^ {2}Containers {2,}${words}$`)),
      ]),
    )
  },
)

test.each([
  ['ps', '-a'],
  ['ps', '-a', '-o', 'wide'],
  ['ps', '-a', '-v'],
  ['ps', '-a', '-o', 'name'],
  ['pods'],
  ['pods', '-o', 'wide'],
  ['pods', '-v'],
  ['pods', '-o', 'name'],
  ['inspect', '-o', 'table', 'a1'],
  ['inspectp', '-o', 'table', 'b1'],
  ['describe', 'a1', 'b1'],
  ['describe', 'a1', 'b1', '-o', 'name'],
  ['rm', '-a', '--dry-run'],
  ['rmp', '-a', '--dry-run'],
  ['logs', 'b1'],
  ['exec', 'a1', 'true'],
])('%s %s says nothing of undefined names and of years', async (...argv) => {
  for (const time of zeroTimes)
    for (const [state] of states) {
      await using runtime = await node(time, state)
      const {stdout, stderr} = await runInProcess(argv, runtime)
      expect(`${stdout}${stderr}`).not.toMatch(/undefined|NaN|years|1754|1970|0001|null| {2}with code/)
    }
})

test.each(zeroTimes)('an event with a time of %s says that none was told', (time) => {
  const event: cri.ContainerEventResponse = {
    containerId: id('a1'),
    containerEventType: 'CONTAINER_STOPPED_EVENT',
    createdAt: time,
    podSandboxStatus: null,
    containersStatuses: [],
  }
  expect(new EventLines().view(event, undefined).table(false)).toBe('--:--:--  a100000000000  stopped\n')
})
