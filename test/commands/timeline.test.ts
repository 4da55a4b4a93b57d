import {utimesSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {startDemoRuntime} from '../../src/demo/index.js'
import type {ContainerStatus} from '../../src/generated/cri.js'
import type {Journal} from '../../src/node/journal.js'
import {podTimeline} from '../../src/node/timeline.js'
import {lookAtNode} from '../../src/node/view.js'
import {timelineView} from '../../src/views/timeline.js'
import {clientOf} from '../support/demo-node.js'
import {id, kubeletContainer, startFakeRuntime} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {logDirectory} from '../support/log-files.js'
import {textOnTerminal} from '../support/terminal-text.js'

const startMs = Date.UTC(2026, 2, 14, 23, 59, 50)
const ns = (seconds: number) => `${BigInt(startMs + seconds * 1000) * 1_000_000n}`
const logged = (seconds: number) => `${new Date(startMs + seconds * 1000).toISOString()} stdout F a line\n`

/** One container, of a pod that the runtime does not list. */
function startWithApp(status: Partial<ContainerStatus>) {
  const app = kubeletContainer('shop', 'web-1', 'app', {id: id('a1'), createdAt: ns(0)})
  return startFakeRuntime({
    ListPodSandbox: {items: []},
    ListContainers: {containers: [app]},
    ContainerStatus: {
      status: {id: id('a1'), metadata: {name: 'app', attempt: 0}, createdAt: ns(0), ...status},
    },
  })
}

/** Made, started at once, ended after a second each time; the runtime has forgotten the first attempt. */
async function crashing(directory: string) {
  const of = (attempt: number, begin: number) => {
    const metadata = {name: 'app', attempt}
    const logPath = join(directory, `${attempt}.log`)
    writeFileSync(logPath, logged(begin + 0.25))
    return {
      entry: kubeletContainer('shop', 'web-1', 'app', {
        id: id(`a${attempt}`),
        podSandboxId: id('b1'),
        metadata,
        state: 'CONTAINER_EXITED',
        createdAt: ns(begin),
      }),
      status: {
        id: id(`a${attempt}`),
        metadata,
        state: 'CONTAINER_EXITED',
        createdAt: ns(begin),
        startedAt: ns(begin + 0.1),
        finishedAt: ns(begin + 1.1),
        exitCode: 137,
        reason: 'OOMKilled',
        image: {image: 'docker.io/library/nginx:latest'},
        logPath,
      },
    }
  }
  const forgotten = join(directory, '0.log')
  writeFileSync(forgotten, logged(2))
  utimesSync(forgotten, new Date(), new Date(startMs + 3000))
  const attempts = [of(1, 13), of(2, 34)]
  return startFakeRuntime({
    ListPodSandbox: {
      items: [
        {
          id: id('b1'),
          metadata: {name: 'web-1', namespace: 'shop', uid: 'u', attempt: 0},
          state: 'SANDBOX_READY',
          createdAt: ns(0),
        },
      ],
    },
    ListContainers: {containers: attempts.map(({entry}) => entry)},
    ContainerStatus: ({containerId}: {containerId: string}) => ({
      status: attempts.find(({status}) => status.id === containerId)?.status,
    }),
  })
}

const withRuntime = async (run: (endpoint: {endpoint: string}) => Promise<void>) => {
  using directory = logDirectory()
  await using runtime = await crashing(directory.path)
  await run(runtime)
}

describe('timeline', () => {
  test('in 40 columns what happened is shown, in 80 with its attempt', () =>
    withRuntime(async (runtime) => {
      const shown = async (columns: number) =>
        await textOnTerminal(['timeline', '--no-journal', 'web-1'], {
          columns,
          endpoint: runtime.endpoint,
          env: {NO_COLOR: '1'},
        })
      const narrow = await shown(40)
      expect(narrow.split('\n').filter((line) => line.length > 40)).toEqual([])
      expect(narrow).toMatch(/^TIME +CONTAINER +WHAT$/m)
      expect(narrow).toMatch(/^\S+ +app +killed, out of…$/m)
      expect(await shown(80)).toMatch(/ first log line, attempt 2 +150ms to the first line$/m)
    }))

  test.each(['web-1', 'web-1/app', 'shop/web-1'])('%s: every attempt, and what took how long', (word) =>
    withRuntime(async (runtime) => {
      expect(await runInProcess(['timeline', '--no-journal', word], runtime)).toEqual({
        stdout: `shop/web-1
TIME           CONTAINER   WHAT                                     TOOK
2026-03-14
23:59:50.000               pod created
23:59:52.000   app         first log line
23:59:53.000   app         last log line
2026-03-15
00:00:03.000   app         created, attempt 1                       10s back-off
00:00:03.100   app         started, attempt 1                       100ms to start
00:00:03.250   app         first log line, attempt 1                150ms to the first line
00:00:04.100   app         killed, out of memory (137), attempt 1   1s running
00:00:24.000   app         created, attempt 2                       19.9s back-off
00:00:24.100   app         started, attempt 2                       100ms to start
00:00:24.250   app         first log line, attempt 2                150ms to the first line
00:00:25.100   app         killed, out of memory (137), attempt 2   1s running
due            app         attempt 3, by the usual back-off
`,
        stderr: '',
        exitCode: 0,
      })
    }),
  )

  test('in JSON each moment has its source, and what it waited for', () =>
    withRuntime(async (runtime) => {
      const {stdout} = await runInProcess(['timeline', 'web-1', '--no-journal', '-o', 'jsonl'], runtime)
      const moments = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(moments[0]).toEqual({time: '2026-03-14T23:59:50Z', what: 'sandbox', attempt: 0, source: 'CRI'})
      expect(moments[1]).toMatchObject({what: 'first line', source: 'log', attempt: 0})
      expect(moments.at(-1)).toEqual({
        ...{time: '2026-03-15T00:00:25.1Z', what: 'ended', container: 'app', attempt: 2, source: 'CRI'},
        ...{exitCode: 137, reason: 'OOMKilled', since: 'started', tookMs: 1000},
      })
    }))

  test('a start that the runtime noted after the end comes before it', async () => {
    await using runtime = await startWithApp({
      ...{state: 'CONTAINER_EXITED', exitCode: 3},
      ...{startedAt: ns(2), finishedAt: ns(1)},
    })
    const {stdout} = await runInProcess(['timeline', '--no-journal', 'app'], runtime)
    expect(stdout).toMatch(
      /^23:59:51\.000 +app +started +1s to start\n23:59:51\.000 +app +exited with 3 +0ms/m,
    )
  })

  test('a log that cannot be read is said, and the rest stands', async () => {
    await using runtime = await startWithApp({
      ...{state: 'CONTAINER_RUNNING', startedAt: ns(1)},
      logPath: '/no/such/0.log',
    })
    const {stdout, stderr, exitCode} = await runInProcess(['timeline', '--no-journal', 'app'], runtime)
    expect(stdout).toMatch(/^23:59:50\.000 +app +created\n/m)
    expect({stderr, exitCode}).toEqual({stderr: expect.stringContaining('/no/such/0.log'), exitCode: 0})
  })

  test('a pod that is not there is 3', async () => {
    await using runtime = await startFakeRuntime({
      ListPodSandbox: {items: []},
      ListContainers: {containers: []},
    })
    expect(await runInProcess(['timeline', 'web'], runtime)).toMatchObject({stdout: '', exitCode: 3})
  })

  test('the journal tells when the pod was asked for, pulls and failures, in their place', () =>
    withRuntime(async ({endpoint}) => {
      const metadata = 'PodSandboxMetadata{Name:web-1,Uid:u,Namespace:shop,Attempt:0,}'
      const lines = [
        written(-4.2, `level=info msg="RunPodSandbox for &${metadata}"`),
        written(1, 'level=info msg="PullImage \\"nginx\\""'),
        written(1.9, 'level=info msg="PullImage \\"nginx\\" returns image reference \\"sha256:1\\""'),
        written(3.5, 'E0314 1 2 a.go:1] "Error syncing pod" err="back-off 10s" pod="shop/web-1"'),
        written(34.9, `level=info msg="TaskOOM event &TaskOOM{ContainerID:${id('a2')},}"`),
      ]
      expect(await tableOf(endpoint, {lines})).toBe(`shop/web-1
TIME           CONTAINER   WHAT                                     TOOK
2026-03-14
23:59:45.800               pod asked for
23:59:50.000               pod created                              4.2s network and pause
23:59:51.000   app         pull of nginx begun
23:59:51.900   app         nginx pulled                             900ms to pull
23:59:52.000   app         first log line
23:59:53.000   app         last log line
23:59:53.500               Error syncing pod: back-off 10s
2026-03-15
00:00:03.000   app         created, attempt 1                       10s back-off
00:00:03.100   app         started, attempt 1                       100ms to start
00:00:03.250   app         first log line, attempt 1                150ms to the first line
00:00:04.100   app         killed, out of memory (137), attempt 1   1s running
00:00:24.000   app         created, attempt 2                       19.9s back-off
00:00:24.100   app         started, attempt 2                       100ms to start
00:00:24.250   app         first log line, attempt 2                150ms to the first line
00:00:24.900   app         out of memory, attempt 2
00:00:25.100   app         killed, out of memory (137), attempt 2   1s running
in 15s         app         attempt 3, by the usual back-off
`)
    }))

  test('where the journal is not read, that is said', () =>
    withRuntime(async ({endpoint}) => {
      using client = clientOf({endpoint})
      const timeline = await podTimeline(client, 'web-1', await lookAtNode(client), async () => ({
        why: 'there is no journalctl',
      }))
      expect(timeline.unread).toEqual([
        'the journals of kubelet and runtime were not read: there is no journalctl',
      ])
    }))

  test('the journal of this node is read, or that it was not is said', () =>
    withRuntime(async (runtime) => {
      const {stdout, stderr, exitCode} = await runInProcess(['timeline', 'web-1'], runtime)
      expect(exitCode).toBe(0)
      expect(stdout).toContain('pod created')
      expect(stderr).toMatch(/^(crisp: the journals of kubelet and runtime were not read: .+\n)?$/)
    }))

  test('what the journal says does nothing to a terminal', () =>
    withRuntime(async ({endpoint}) => {
      const lines = [written(1, 'E0314 1 2 a.go:1] "Failed" err="\u001b[2Jgone" pod="shop/web-1"')]
      const shown = await tableOf(endpoint, {lines})
      expect(shown).toContain('Failed: ')
      expect(shown).not.toContain('\u001b')
    }))

  test('the embedded runtime can show one: attempts, the pause between them, the next one', async () => {
    await using runtime = await startDemoRuntime({seed: 'node'})
    await runInProcess(['wait', '--for=exited', 'payments'], runtime)
    const {stdout, stderr} = await runInProcess(['timeline', 'payments'], runtime)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/ payments +exited with 1 .* running\n/)
  })
})

const written = (seconds: number, text: string) => ({timeNs: BigInt(ns(seconds)), text})

/** What the command shows, five seconds after the last attempt has ended. */
async function tableOf(endpoint: string, journal: Journal): Promise<string> {
  using client = clientOf({endpoint})
  const timeline = await podTimeline(client, 'web-1', await lookAtNode(client), async () => journal)
  return String(timelineView(timeline, {nowMs: startMs + 40_100}).table(false))
}
