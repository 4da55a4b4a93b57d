import {existsSync} from 'node:fs'
import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {spawnOnTerminal} from '../../src/demo/processes/pty.js'
import {rpcCode} from '../../src/errors/errors.js'
import {
  type FakeRuntime,
  id,
  kubeletContainer,
  never,
  secondsAgo,
  startFakeRuntime,
  status,
} from '../support/fake-runtime.js'
import {crispCommand, runCli} from '../support/run-cli.js'
import {VirtualScreen} from '../support/virtual-screen.js'

const second = 1_000_000_000n

const names = [
  {namespace: 'shop', pod: 'web-1', container: 'app', cores: 0.5, memory: 20_000_000},
  {namespace: 'shop', pod: 'web-1', container: 'sidecar', cores: 0.01, memory: 50_000_000},
  {namespace: 'data', pod: 'db-0', container: 'postgres', cores: 1.5, memory: 9_000_000},
]

/** A node whose containers use the same all the time. */
function node(logPath = '') {
  let round = 0n
  const ids = names.map((_, index) => id(`a${index}`))
  const podId = (pod: string) => id(pod === 'web-1' ? '51' : '52')
  return {
    Status: {status: {conditions: [{type: 'RuntimeReady', status: true}]}},
    ImageFsInfo: {imageFilesystems: [{fsId: {mountpoint: '/nowhere/at/all'}, usedBytes: {value: '1000000'}}]},
    ListPodSandbox: {
      items: ['web-1', 'db-0'].map((pod) => ({
        id: podId(pod),
        metadata: {name: pod, namespace: pod === 'web-1' ? 'shop' : 'data', uid: `uid-${pod}`},
        createdAt: secondsAgo(7_000),
      })),
    },
    ListContainers: {
      containers: names.map(({namespace, pod, container}, index) =>
        kubeletContainer(namespace, pod, container, {
          id: ids[index] ?? '',
          podSandboxId: podId(pod),
          createdAt: secondsAgo(200),
        }),
      ),
    },
    ListContainerStats: () => {
      round++
      return {
        stats: names.map(({container, cores, memory}, index) => ({
          attributes: {id: ids[index], metadata: {name: container}},
          cpu: {
            timestamp: `${round * second}`,
            usageCoreNanoSeconds: {value: `${BigInt(Math.round(cores * 1e9)) * round}`},
          },
          memory: {workingSetBytes: {value: `${memory}`}},
          writableLayer: {usedBytes: {value: '4096'}},
        })),
      }
    },
    ContainerStatus: ({containerId}: {containerId: string}) => ({
      status: {
        id: containerId,
        state: 'CONTAINER_RUNNING',
        startedAt: secondsAgo(130),
        logPath,
        image: {image: 'test/app:1'},
      },
    }),
    PodSandboxStatus: {status: {id: podId('web-1'), network: {ip: '10.0.0.7'}}},
  }
}

/** `top` on a pseudo-terminal, with what its user sees. */
async function onTerminal(runtime: FakeRuntime, argv: string[] = [], env: NodeJS.ProcessEnv = {}) {
  const [columns, rows] = [80, 24]
  const terminal = await spawnOnTerminal([...crispCommand, 'top', '--interval', '200ms', ...argv], {
    cwd: '/',
    columns,
    rows,
    env: {
      TERM: 'xterm-256color',
      NO_COLOR: '1',
      PAGER: 'cat',
      HOME: process.env.HOME,
      CRI_CONFIG_FILE: '/dev/null',
      CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint,
      ...env,
    },
  })
  const screen = new VirtualScreen(columns, rows)
  let raw = ''
  let changed = () => {}
  terminal.output.on('data', (chunk: Buffer) => {
    raw += chunk
    screen.write(String(chunk))
    changed()
  })
  const until = async (satisfied: () => boolean) => {
    while (!satisfied()) {
      await new Promise<void>((resolve, reject) => {
        changed = resolve
        terminal.exited.then((code) => reject(new Error(`top ended with ${code}:\n${screen.text}`)))
      })
    }
  }
  return {
    terminal,
    screen,
    raw: () => raw,
    press: (keys: string) => terminal.input.write(keys),
    until,
    /** Waits until the screen shows all of this. */
    shows: (...texts: string[]) => until(() => texts.every((text) => screen.text.includes(text))),
    resize: (newColumns: number, newRows: number) => {
      screen.resize(newColumns, newRows)
      return terminal.resize(newColumns, newRows)
    },
    async [Symbol.asyncDispose]() {
      terminal.kill('SIGKILL')
      await terminal.exited
    },
  }
}

/** The names in the table, in their order, the selected one marked. */
function table(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^([> ] (?:[▸▾] | {4})?\S+) .* \d+[smhd]$/.exec(line)?.[1] ?? [])
}

test.each([
  [120, 30, 'NAMESPACE        STATE', 9],
  [200, 50, 'NAMESPACE        STATE', 17],
])('a session at %ix%i: all columns, a pane that grows, keys', async (columns, rows, titles, paneRows) => {
  await using runtime = await startFakeRuntime(node())
  await using top = await onTerminal(runtime)
  const {screen, press, shows} = top
  await shows('> db-0/postgres', 'q quit')
  await top.resize(columns, rows)
  await shows(titles, '── data/db-0/postgres ─', 'd describe', ' 150.0 ')
  const title = screen.lines[4] ?? ''
  for (const each of ['CONTAINER', 'CPU %▼', 'HISTORY', 'MEM', 'DISK', 'RESTARTS', 'AGE'])
    expect(title).toContain(each)
  expect(screen.lines).toHaveLength(rows)
  expect(screen.lines.filter((line) => line.length > columns)).toEqual([])
  expect(screen.lines[rows - 1]).toMatch(/^q quit/)
  const pane = screen.lines.findIndex((line) => line.startsWith('── '))
  expect(rows - 1 - pane).toBe(paneRows)
  expect(screen.lines[5]).toMatch(/^> db-0\/postgres +data +Running +150\.0 .* 0 +\d+m$/)

  press('R')
  await shows('RESTARTS▼')
  press('\tG\r')
  await shows('▾ web-1', '── shop/web-1 ─')
  expect(table(screen.lines)).toHaveLength(4)
  press('?')
  await shows('KEYS', 'draw anew', 'any key closes this')
  press('x')
  await shows('▾ web-1')
  press('q')
  expect(await top.terminal.exited).toBe(0)
  expect([...screen.modes].sort()).toEqual(['?25', '?7'])
})

test('a session: sort, filter, pods, expand, resize to 40x10 and back, quit', async () => {
  await using runtime = await startFakeRuntime(node())
  await using top = await onTerminal(runtime)
  const {screen, press, shows, until} = top

  await shows('> db-0/postgres', '150.0', '50.0', 'running for 2m', '(no log: the runtime tells no path)')
  expect(screen.lines.slice(0, 5).map((line) => line.replace(/ \d\d:\d\d:\d\d$/, ' CLOCK'))).toEqual([
    expect.stringMatching(/^fake 1\.2\.3 +CLOCK$/),
    'RuntimeReady',
    expect.stringMatching(/^CPU 201% of \d+% {2}MEM 79MB of \S+ {2}3 running {2}2 of 2 pods ready$/),
    'images 1MB  /nowhere/at/all',
    'CONTAINER                  STATE     CPU %▼              HISTORY       MEM   AGE',
  ])
  expect(table(screen.lines)).toEqual(['> db-0/postgres', '  web-1/app', '  web-1/sidecar'])

  press('m')
  await shows('MEM▼')
  expect(table(screen.lines)).toEqual(['> web-1/sidecar', '  web-1/app', '  db-0/postgres'])
  press('m')
  await shows('MEM▲')
  expect(table(screen.lines)).toEqual(['> db-0/postgres', '  web-1/app', '  web-1/sidecar'])

  press('/we')
  await shows('/we_')
  expect(table(screen.lines)).toEqual(['> web-1/app', '  web-1/sidecar'])
  press('\r')
  await shows('filter "we", Esc clears it')
  press('\u001b')
  await shows('> db-0/postgres')

  // A mouse that another program left on, and what is pasted, press no keys.
  press('\u001b[<0;11;3M\u001b[<0;11;3m\u001b[M qq\u001b[200~q\rq\u001b[201~/')
  await shows('/_')
  press('\u001b[200~web-1\r\nq\u001b[201~')
  await shows('/web-1_')
  press('\u001b')
  await shows('> db-0/postgres')

  press('\tn')
  await shows('POD▲')
  expect(table(screen.lines)).toEqual(['> ▸ data/db-0', '  ▸ shop/web-1'])
  press('\u001b[B\r')
  await shows('▾ shop/web-1', 'ready  10.0.0.7')
  expect(table(screen.lines)).toEqual(['  ▸ data/db-0', '> ▾ shop/web-1', '      app', '      sidecar'])

  await top.resize(40, 10)
  await until(() => screen.lines[9] === 'q quit  / filter  ? keys')
  expect(screen.lines.slice(2, 9)).toEqual([
    'POD▲                     CPU %       MEM',
    '  ▸ data/db-0            150.0       9MB',
    '> ▾ shop/web-1            51.0      70MB',
    '      app                 50.0      20MB',
    '      sidecar              1.0      50MB',
    '',
    '',
  ])
  await top.resize(80, 24)
  await shows('── shop/web-1 ──', 'd describe')
  expect(table(screen.lines)).toHaveLength(4)

  press('?')
  await shows('any key closes this')
  press('x')
  await until(() => !screen.text.includes('any key closes'))
  press('q')
  expect(await top.terminal.exited).toBe(0)
  expect([...screen.modes].sort()).toEqual(['?25', '?7'])
})

test.each([
  ['Ctrl-C', (top: Awaited<ReturnType<typeof onTerminal>>) => top.press('\u0003'), 130],
  ['SIGTERM', (top: Awaited<ReturnType<typeof onTerminal>>) => top.terminal.kill('SIGTERM'), 143],
])('%s ends it, the terminal as before', async (_, end, code) => {
  await using runtime = await startFakeRuntime(node())
  await using top = await onTerminal(runtime)
  await top.shows('db-0/postgres')
  end(top)
  expect(await top.terminal.exited).toBe(code)
  expect([...top.screen.modes].sort()).toEqual(['?25', '?7'])
})

test('the mouse selects and sorts, and is given back', async () => {
  await using runtime = await startFakeRuntime(node())
  await using top = await onTerminal(runtime)
  await top.shows('> db-0/postgres')
  expect([...top.screen.modes].filter((mode) => /10\d\d$/.test(mode)).sort()).toEqual([
    '?1000',
    '?1006',
    '?1049',
  ])
  top.press('\u001b[<0;5;7M\u001b[<0;5;7m')
  await top.shows('> web-1/app')
  top.press('\u001b[<65;5;7M')
  await top.shows('> web-1/sidecar')
  top.press('\u001b[<0;70;5M\u001b[<0;70;5m')
  await top.shows('MEM▼')
  top.press('q')
  expect(await top.terminal.exited).toBe(0)
  expect([...top.screen.modes].sort()).toEqual(['?25', '?7'])
})

test('a container that crashes again and again is in view, and d describes it', async () => {
  const ended = (attempt: number, finished: number) => ({
    id: id(`c${attempt}`),
    metadata: {name: 'queue', attempt},
    state: 'CONTAINER_EXITED',
    createdAt: secondsAgo(finished + 1),
    startedAt: secondsAgo(finished + 1),
    finishedAt: secondsAgo(finished),
    exitCode: 1,
    reason: 'Error',
    image: {image: 'test/queue:1'},
  })
  const attempts = [ended(0, 200), ended(1, 100), ended(2, 10)]
  const base = node()
  await using runtime = await startFakeRuntime({
    ...base,
    ListContainers: {
      containers: [
        ...base.ListContainers.containers,
        ...attempts.map(({id: containerId, metadata, createdAt}) =>
          kubeletContainer('shop', 'web-1', 'queue', {
            id: containerId,
            podSandboxId: id('51'),
            metadata,
            createdAt,
            state: 'CONTAINER_EXITED',
          }),
        ),
      ],
    },
    ContainerStatus: (request: {containerId: string}) => {
      const status = attempts.find((each) => each.id === request.containerId)
      return status ? {status} : base.ContainerStatus(request)
    },
  } as never)
  await using top = await onTerminal(runtime)
  await top.shows('> web-1/queue', 'CrashLoop 3×', 'db-0/postgres')
  // What has ended is asked for once.
  const asked = () => runtime.calls.filter(({request}) => request.containerId === id('c0')).length
  expect(asked()).toBe(1)
  top.press('d')
  await top.shows('-- any key leads back to top --', 'web-1/queue')
  // Nothing of it is left on the screen of before.
  expect(top.screen.modes).toContain('?1049')
  top.press('x')
  await top.shows('> web-1/queue', 'q quit')
  top.press('q')
  expect(await top.terminal.exited).toBe(0)
})

test('Ctrl-Z where nobody could continue the process, again and again', async () => {
  await using runtime = await startFakeRuntime(node())
  await using top = await onTerminal(runtime)
  await top.shows('db-0/postgres')
  for (let times = 1; times <= 11; times++) {
    top.press('\u001a')
    await top.until(() => top.raw().split('?1049h').length === times + 2)
  }
  top.press('q')
  expect(await top.terminal.exited).toBe(0)
  expect(top.raw()).not.toContain('Warning')
})

test('after SIGSTOP and SIGCONT top draws its screen again', async () => {
  await using runtime = await startFakeRuntime(node())
  await using top = await onTerminal(runtime)
  await top.shows('db-0/postgres')
  top.terminal.kill('SIGSTOP')
  top.screen.write('\u001b[?1049l$ fg')
  // `script` stops itself too, whenever it hears that its command has stopped.
  const continued = setInterval(() => {
    top.terminal.process.kill('SIGCONT')
    top.terminal.kill('SIGCONT')
  }, 20)
  try {
    await top.until(() => top.screen.modes.has('?1049'))
    await top.shows('db-0/postgres', 'q quit')
    top.press('q')
    expect(await top.terminal.exited).toBe(0)
  } finally {
    clearInterval(continued)
  }
})

test('a runtime that refuses the first look gets one message, and no screen is taken', async () => {
  const {ListContainerStats: _, ...withoutStats} = node()
  await using runtime = await startFakeRuntime(withoutStats)
  await using top = await onTerminal(runtime)
  expect(await top.terminal.exited).toBe(1)
  expect(top.raw()).toMatch(
    /^crisp: fake 1\.2\.3 does not implement ListContainerStats[^\n]*\n(?: {2}[^\n]*\n)*$/,
  )
})

test('a terminal that cannot move its cursor gets no screen', async () => {
  await using runtime = await startFakeRuntime(node())
  await using top = await onTerminal(runtime, [], {TERM: 'dumb'})
  expect(await top.terminal.exited).toBe(2)
  expect(top.raw().trimEnd()).toBe(
    'crisp: top needs a terminal that can move its cursor, and TERM is dumb:\r\n  --once prints one frame without',
  )
})

test('a runtime that is restarted is waited for, with what was known still there', async () => {
  await using runtime = await startFakeRuntime(node())
  await using top = await onTerminal(runtime)
  await top.shows('150.0')
  await runtime.stop()
  await top.shows('the runtime has not answered for', 'db-0/postgres')
  await runtime.start()
  await top.shows('q quit  ? keys', 'db-0/postgres')
  expect(top.screen.modes).toContain('?1049')
})

test('the log of the selected container is shown, and only lines that change are drawn', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-top-'))
  const path = join(directory, '0.log')
  const line = (text: string) => `2026-01-02T03:04:05.000000000Z stdout F ${text}\n`
  await writeFile(path, line('first') + line('\u001b[31mred\u001b[0m\u0007'))
  try {
    await using runtime = await startFakeRuntime(node(path))
    await using top = await onTerminal(runtime)
    await top.shows('first', 'red\\x07', '150.0')
    const before = top.raw().length
    await writeFile(path, line('first') + line('second'))
    await top.shows('second')
    const drawn = top.raw().slice(before)
    for (const unchanged of ['RuntimeReady', 'images 1MB', 'CONTAINER', 'd describe'])
      expect(drawn).not.toContain(unchanged)
  } finally {
    await rm(directory, {recursive: true})
  }
})

test('inspect, logs and exec run crisp itself on the terminal and come back', async () => {
  await using runtime = await startFakeRuntime({
    ...node(),
    Exec: () => {
      throw status(rpcCode.unknown, 'no shell here')
    },
  })
  await using top = await onTerminal(runtime, ['--sort', 'name'])
  await top.shows('> db-0/postgres')
  // Logs and exec do not find what they need in this runtime: their words stay until a key is pressed.
  top.press('l')
  await top.shows('-- logs ended with')
  expect(top.screen.modes).not.toContain('?1049')
  top.press(' ')
  await top.until(() => top.screen.modes.has('?1049'))
  top.press('e')
  await top.shows('no shell here', '-- exec ended with 125: any key leads back')
  top.press(' ')
  await top.shows('> db-0/postgres', 'q quit')
  top.press('i')
  await top.until(() => top.raw().includes('"logPath": ""'))
  await top.shows('-- any key leads back to top --')
  top.press(' ')
  await top.shows('> db-0/postgres', 'q quit')
  const exec = runtime.calls.filter(({method}) => method === 'Exec')
  expect(exec.map(({request}) => [request.containerId, request.cmd, request.tty])).toEqual([
    [id('a2'), ['sh'], true],
  ])
  top.press('q')
  expect(await top.terminal.exited).toBe(0)
})

test('describe is coloured and laid out for the terminal, and long text is read in a pager, for root in less', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-top-'))
  const pager = join(directory, 'pager')
  const mark = join(directory, 'started')
  await writeFile(pager, `#!/bin/sh\n: >${mark}\nless\n`, {mode: 0o755})
  const base = node()
  const words = Array.from({length: 40}, (_, index) => `word${index}`)
  await using runtime = await startFakeRuntime({
    ...base,
    ContainerStatus: ({containerId}: {containerId: string}) => ({
      status: {
        ...base.ContainerStatus({containerId}).status,
        state: 'CONTAINER_EXITED',
        startedAt: secondsAgo(130),
        finishedAt: secondsAgo(100),
        exitCode: 137,
        reason: 'OOMKilled',
        message: words.join(' '),
      },
      // More lines than the screen has.
      info: Object.fromEntries(words.map((word) => [word, word])),
    }),
  })
  await using top = await onTerminal(runtime, ['--sort', 'name', '--units', 'iec'], {
    NO_COLOR: '',
    PAGER: pager,
  })
  await top.shows('> db-0/postgres')
  const before = top.raw().length
  top.press('d')
  await top.shows('out of memory', 'word39', '-- any key leads back to top --')
  expect(top.raw().slice(before)).toMatch(/\u001b\[38;5;196m[^\u001b]*out of memory/)
  const message = top.screen.lines.filter((line) => /word\d/.test(line))
  expect(message.length).toBeGreaterThan(1)
  expect(message.join(' ').match(/word\d+/g)).toEqual(words)
  top.press(' ')
  await top.shows('> db-0/postgres', 'q quit')
  top.press('i')
  const paged = () => top.raw().slice(top.raw().lastIndexOf('"status": {'))
  await top.until(() => /[\r\n]:/.test(paged()))
  expect(existsSync(mark)).toBe(process.geteuid?.() !== 0)
  top.press('q')
  await top.shows('> db-0/postgres', 'q quit')
  top.press('q')
  expect(await top.terminal.exited).toBe(0)
  await rm(directory, {recursive: true})
})

test('SIGTERM ends top and the session that it started', async () => {
  await using runtime = await startFakeRuntime({...node(), Exec: never})
  await using top = await onTerminal(runtime, ['--sort', 'name'])
  await top.shows('> db-0/postgres')
  const asked = runtime.nextCall('Exec')
  top.press('e')
  await top.shows('-- sh in data/db-0/postgres: exit leads back to top --')
  const {cancelled} = await asked
  top.terminal.kill('SIGTERM')
  await cancelled
  expect(await top.terminal.exited).toBe(143)
  expect([...top.screen.modes].sort()).toEqual(['?25', '?7'])
})

test('what cannot be inspected is said, without a pager', async () => {
  const {ContainerStatus: _, ...withoutStatus} = node()
  await using runtime = await startFakeRuntime(withoutStatus)
  await using top = await onTerminal(runtime)
  await top.shows('> db-0/postgres')
  top.press('i')
  await top.shows(
    'does not implement ContainerStatus',
    '-- inspect ended with 1: any key leads back to top --',
  )
  top.press(' ')
  await top.shows('q quit')
  expect(top.screen.modes).toContain('?1049')
})

test('--once prints one frame, with CPU from two samples', async () => {
  await using runtime = await startFakeRuntime(node())
  const {stdout, stderr, exitCode} = await runCli(
    ['top', '--once', '--interval', '200ms', '--sort', 'mem', '--limit', '2', '--units', 'iec'],
    runtime,
  )
  expect(stdout.split('\n').slice(4)).toEqual([
    expect.stringMatching(/^CONTAINER +NAMESPACE +STATE +CPU % +HISTORY +MEM▼ +DISK +RESTARTS +AGE$/),
    expect.stringMatching(/^ {2}web-1\/sidecar +shop +Running +1\.0 +\S +47\.68MiB +4KiB +0 +3m$/),
    expect.stringMatching(/^ {2}web-1\/app +shop +Running +50\.0 +\S +19\.07MiB +4KiB +0 +3m$/),
    '',
  ])
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
})

test.each([
  [['top'], 'top needs a terminal: --once prints one frame without, stats --watch goes on'],
  [['top', '--once', '--sort', 'size'], '--sort "size" should be one of cpu, mem,'],
  [['top', '--interval', '10ms'], '--interval "10ms" should be 200ms or more'],
])('%j is refused', async (argv, text) => {
  const {stderr, exitCode} = await runCli(argv)
  expect({stderr, exitCode}).toEqual({stderr: expect.stringContaining(text), exitCode: 2})
})
