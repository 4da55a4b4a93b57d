import {once} from 'node:events'
import {appendFileSync} from 'node:fs'
import {connect, type Socket} from 'node:net'
import {PassThrough} from 'node:stream'
import {describe, test} from 'vitest'
import {startStreamingServer} from '../../src/demo/server/streaming-server.js'
import type * as cri from '../../src/generated/cri.js'
import {type Answer, id, kubeletContainer, never, secondsAgo} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {logDirectory, record} from '../support/log-files.js'
import {onTerminal} from '../support/on-terminal.js'
import {type Cli, type CliResult, outcomeOf, startCli} from '../support/run-cli.js'
import {
  Door,
  type Loss,
  losses,
  startUnsteadyRuntime,
  type UnsteadyRuntime,
} from '../support/unsteady-runtime.js'

// Each verb that waits × each way in which its runtime goes away. docs/connecting.md has the outcomes as a table.

const webId = id('1a')
const podId = id('b1')

/** A node with one running container, default/web-0/web. */
function node(logPath = ''): Record<string, Answer> & {status: {state: string}} {
  const status = {state: 'CONTAINER_RUNNING'}
  const web = () =>
    kubeletContainer('default', 'web-0', 'web', {
      id: webId,
      podSandboxId: podId,
      createdAt: secondsAgo(200),
      state: status.state as cri.ContainerState,
    })
  const pod = {
    id: podId,
    metadata: {name: 'web-0', namespace: 'default', uid: 'uid-web-0', attempt: 0},
    state: 'SANDBOX_READY',
    createdAt: secondsAgo(201),
  }
  const answers: Record<string, Answer> = {
    Version: {version: '0.1.0', runtimeName: 'fake', runtimeVersion: '1.2.3', runtimeApiVersion: 'v1'},
    Status: {status: {conditions: [{type: 'RuntimeReady', status: true}]}},
    ImageFsInfo: {imageFilesystems: []},
    ListContainers: () => ({containers: [web()]}),
    ListPodSandbox: {items: [pod]},
    PodSandboxStatus: {status: pod},
    ContainerStatus: () => ({status: {...web(), logPath, exitCode: 0}}),
    ListContainerStats: () => ({
      stats: [
        {
          attributes: {id: webId, metadata: {name: 'web'}},
          cpu: {timestamp: secondsAgo(0), usageCoreNanoSeconds: {value: secondsAgo(0)}},
        },
      ],
    }),
    ListPodSandboxMetrics: {podMetrics: []},
    StopContainer: never,
    RemoveContainer: never,
    PullImage: never,
    ReopenContainerLog: {},
  }
  return Object.assign(answers, {status})
}

/** The one stream of events: it goes on and tells nothing. */
async function* silentEvents(): AsyncGenerator<object> {
  yield await never()
}

/** So many start at once here that a busy machine connects in more than the usual five seconds. */
const patience = ['--timeout', '100s']

function startPatiently(argv: readonly string[], runtime: {endpoint: string}): Cli {
  return startCli([...patience, ...argv], runtime)
}

/** Waits for what a command does, and fails with its words where it ends instead. */
async function unlessEnded(doing: Promise<unknown>, outcome: Promise<CliResult>): Promise<void> {
  const ended = outcome.then(({stderr}) => Promise.reject(new Error(`it ended, and said ${stderr}`)))
  ended.catch(() => undefined)
  await Promise.race([doing, ended])
}

/** Waits for words on stderr of a command that goes on. */
function listenTo(cli: Cli): {says: (text: string | RegExp) => Promise<void>} {
  let said = ''
  let ended = false
  cli.stderr.on('data', (chunk: Buffer) => {
    said += chunk
  })
  cli.stderr.once('close', () => {
    ended = true
  })
  return {
    async says(text) {
      while (!(typeof text === 'string' ? said.includes(text) : text.test(said))) {
        if (ended) throw new Error(`it ended, and said only ${JSON.stringify(said)}`)
        await Promise.race([once(cli.stderr, 'data'), once(cli.stderr, 'close')])
      }
    },
  }
}

/** Ways for a watcher, which outlives them: the last comes back when it has been asked some times in vain. */
const waysToReturn: [string, Loss, number?][] = [
  ...losses.map((loss): [string, Loss] => [loss, loss]),
  ['back after it was asked three times', 'UNAVAILABLE', 3],
]

interface Watcher {
  argv: string[]
  /** What it asks again and again. */
  asks: string
  answers?: Record<string, Answer>
  gone?: string
  back?: string | RegExp
  /** Makes it end by itself; else it is interrupted. */
  end?: (node: {status: {state: string}}) => void
}

const watchers: Watcher[] = [
  {
    argv: ['wait', 'web'],
    asks: 'ContainerStatus',
    end: ({status}) => {
      status.state = 'CONTAINER_EXITED'
    },
  },
  {argv: ['stats', '--watch', '-s', '0', '-o', 'json'], asks: 'ListContainerStats'},
  {argv: ['metricsp', '--watch', '-o', 'json'], asks: 'ListPodSandboxMetrics'},
  {argv: ['events', '--poll', '--poll-interval', '10ms', '-o', 'json'], asks: 'ListContainers'},
  {
    argv: ['events', '-o', 'json'],
    asks: 'GetContainerEvents',
    answers: {GetContainerEvents: silentEvents},
    gone: 'connection to the runtime lost: listening again as soon as it is back',
    back: /listening again after \d+\.\d s: [^\n]*/,
  },
]

const goneText = 'the runtime does not answer: asking again until it does'
const backText = 'the runtime answers again'

describe.concurrent('a watching command survives a restart of the runtime and reports loss and return once each', () => {
  for (const watcher of watchers)
    test.for(waysToReturn)(`${watcher.argv.slice(0, 2).join(' ')}: %s`, async ([, loss, asks], {expect}) => {
      const {argv, answers, end, gone = goneText, back = backText} = watcher
      const web = node()
      await using runtime = await startUnsteadyRuntime({...web, ...answers})
      const begun = runtime.asked(watcher.asks, answers ? 1 : 2)
      const cli = startPatiently(argv, runtime)
      const [outcome, {says}] = [outcomeOf(cli), listenTo(cli)]
      await unlessEnded(begun, outcome)

      await runtime.lose(loss, asks)
      await says(gone)
      if (asks === undefined) await runtime.comeBack()
      await says(back)
      if (end) end(web)
      else {
        if (!answers) await runtime.asked(watcher.asks, 2)
        cli.kill('SIGINT')
      }
      const {stderr, stdout, exitCode} = await outcome
      const lines = stderr.split('\n')
      expect(lines).toEqual([`crisp: ${gone}`, expect.stringMatching(back), ''])
      expect(exitCode).toBe(end ? 0 : 130)
      if (end) expect(stdout).toBe('0\n')
    })

  test.for(waysToReturn)('logs -f: %s', async ([, loss, asks], {expect}) => {
    using logs = logDirectory()
    const path = logs.write('0.log', record(0, 'before'))
    await using runtime = await startUnsteadyRuntime(node(path))
    const begun = runtime.asked('ListContainers', 2)
    const cli = startPatiently(['logs', '-f', 'web'], runtime)
    const [outcome, {says}] = [outcomeOf(cli), listenTo(cli)]
    let shown = ''
    cli.stdout.on('data', (chunk: Buffer) => {
      shown += chunk
    })
    const shows = async (text: string) => {
      while (!shown.includes(text)) await once(cli.stdout, 'data')
    }
    await unlessEnded(Promise.all([begun, shows('before')]), outcome)

    await runtime.lose(loss, asks)
    await says('its logs are followed all the same')
    appendFileSync(path, record(1, 'meanwhile'))
    await shows('meanwhile')
    if (asks === undefined) await runtime.comeBack()
    await says(backText)
    appendFileSync(path, record(2, 'after'))
    await shows('after')
    cli.kill('SIGINT')
    expect(await outcome).toEqual({
      stdout: 'before\nmeanwhile\nafter\n',
      stderr: `crisp: the runtime does not answer: its logs are followed all the same\ncrisp: ${backText}\n`,
      exitCode: 130,
    })
  })

  test.for(waysToReturn)('top: %s', async ([, loss, asks], {expect}) => {
    await using runtime = await startUnsteadyRuntime(node())
    const begun = runtime.asked('ListContainerStats', 2)
    const session = await onTerminal([...patience, 'top', '--interval', '200ms'], runtime.endpoint)
    await begun

    await runtime.lose(loss, asks)
    await session.until('the runtime has not answered for')
    if (asks === undefined) await runtime.comeBack()
    await runtime.asked('ListContainerStats', 2)
    session.terminal.input.write('q')
    expect((await session.outcome()).exitCode).toBe(0)
  })

  test.for(waysToReturn)(
    'port-forward: %s; each connection meanwhile is closed, and it says why',
    async ([, loss, asks], {expect}) => {
      await using streaming = await startStreamingServer()
      await using runtime = await startUnsteadyRuntime({
        ...node(),
        PortForward: ({port}: cri.PortForwardRequest) => ({
          url: streaming.portForwardUrl(port, async () => new PassThrough()),
        }),
      })
      const cli = startPatiently(['port-forward', 'web-0', ':80', '--address', '127.0.0.1'], runtime)
      const [outcome, {says}] = [outcomeOf(cli), listenTo(cli)]
      const port = Number(/127\.0\.0\.1:(\d+)/.exec(String((await once(cli.stdout, 'data'))[0]))?.[1])

      await runtime.lose(loss, asks)
      for (let left = asks ?? 1; left > 0; left--) await closeOf(dial(port))
      await says('a connection to port 80 of web-0 failed: ')
      if (asks === undefined) await runtime.comeBack()
      // A gRPC channel that was refused pauses before it tries again.
      while ((await echoOf(port, 'hello')) === undefined);
      cli.kill('SIGINT')
      const {stderr, exitCode} = await outcome
      const told = stderr.split('\n').filter((line) => line.includes('of web-0 failed: PortForward: '))
      expect(told.length).toBeGreaterThanOrEqual(asks ?? 1)
      expect(exitCode).toBe(0)
    },
  )
})

/** It may be closed before it is open. */
function dial(port: number): Socket {
  return connect(port, '127.0.0.1')
    .on('error', () => undefined)
    .resume()
}

/** What comes back of a text; undefined where the connection is closed instead. */
async function echoOf(port: number, text: string): Promise<string | undefined> {
  const socket = dial(port)
  const echo = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))))
  socket.write(text)
  const answer = await Promise.race([echo, closeOf(socket)])
  socket.destroy()
  return answer ?? undefined
}

function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

describe.concurrent("a verb with a process's exit code ends with 125, a call that ran out of time with 124", () => {
  const verbs: [string, string[], string][] = [
    ['exec', ['exec', 'web', 'sh'], 'Exec'],
    ['attach', ['attach', 'web'], 'Attach'],
  ]
  for (const [verb, argv, method] of verbs)
    test.for(losses)(`${verb}: %s`, async (loss, {expect}) => {
      await using streaming = await startStreamingServer()
      // As with a real runtime, its streaming server goes away with it.
      const door = new Door(() => connect(streaming.port, '127.0.0.1'), 0)
      await door.open()
      const byStatus = !['socket gone', 'connection cut in mid-stream'].includes(loss)
      let begin = (): void => undefined
      const running = new Promise<void>((resolve) => {
        begin = resolve
      })
      const session = async () => {
        begin()
        return never() as never
      }
      const throughDoor = (url: string) => ({url: url.replace(`:${streaming.port}/`, `:${door.port}/`)})
      await using runtime: UnsteadyRuntime = await startUnsteadyRuntime({
        ...node(),
        Exec: byStatus
          ? never
          : (request: cri.ExecRequest) => throughDoor(streaming.execUrl(request, session)),
        Attach: byStatus
          ? never
          : (request: cri.AttachRequest) => throughDoor(streaming.attachUrl(request, session)),
      })
      const asked = runtime.asked(method, 1)
      const outcome = runInProcess([...patience, ...argv], runtime)
      await unlessEnded(byStatus ? asked : running, outcome)

      await runtime.lose(loss)
      await door.close()
      const {stderr, exitCode} = await outcome
      expect(exitCode).toBe(loss === 'DEADLINE_EXCEEDED' ? 124 : 125)
      expect(stderr).toMatch(
        byStatus
          ? new RegExp(`^crisp: ${method}: [^\n]+\n$`)
          : /^crisp: the runtime closed the streaming connection in the middle[^\n]+\n$/,
      )
      expect(runtime.runtime.calls.filter((call) => call.method === method)).toHaveLength(1)
    })
})

describe.concurrent('a verb that changes something fails with 4, a call that ran out of time with 124', () => {
  const verbs: [string, string[], string][] = [
    ['pull', ['pull', 'quay.io/team/app:1'], 'PullImage'],
    ['stop', ['stop', 'web'], 'StopContainer'],
    ['stop --wait', ['stop', '--wait', 'web'], 'StopContainer'],
    ['rm', ['rm', '-f', 'web'], 'StopContainer'],
  ]
  for (const [verb, argv, method] of verbs)
    test.for(losses)(`${verb}: %s`, async (loss, {expect}) => {
      await using runtime = await startUnsteadyRuntime(node())
      const begun = runtime.asked(method, 1)
      const outcome = runInProcess([...patience, ...argv], runtime)
      await unlessEnded(begun, outcome)

      await runtime.lose(loss)
      const {stderr, exitCode} = await outcome
      expect(exitCode).toBe(loss === 'DEADLINE_EXCEEDED' ? 124 : 4)
      expect(stderr).toMatch(new RegExp(`^crisp: [^\n]*${method}: [^\n]+\n$`))
      // Nothing is done twice.
      expect(runtime.runtime.calls.filter((call) => call.method === method)).toHaveLength(1)
    })
})
