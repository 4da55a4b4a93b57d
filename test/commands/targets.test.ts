import {existsSync} from 'node:fs'
import {mkdtemp, readdir, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {connect} from '../../src/client/connect.js'
import {rpcCode} from '../../src/errors/errors.js'
import type * as cri from '../../src/generated/cri.js'
import {type Answer, id, kubeletContainer, startFakeRuntime, status} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'

type State = 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED'

interface Node {
  containers: Map<string, {name: string; state: State; logPath?: string}>
  pods: Map<string, {name: string; state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY'}>
  answers: Record<string, Answer>
}

/** A node that does what it is told: containers c0… of one pod, and pods p0…. */
function node(states: State[], pods: ('SANDBOX_READY' | 'SANDBOX_NOTREADY')[] = []): Node {
  const containers: Node['containers'] = new Map(
    states.map((state, index) => [
      // Digits that the padding cannot make equal.
      index < 10 ? id(`c${index}`) : id(`d${index - 10}`),
      {name: `c${index}`, state},
    ]),
  )
  const sandboxes: Node['pods'] = new Map(
    pods.map((state, index) => [id(`b${index}`), {name: `p${index}`, state}]),
  )
  const container = (containerId: string) => {
    const found = containers.get(containerId)
    if (!found) throw status(rpcCode.notFound, `container "${containerId}": not found`)
    return found
  }
  const pod = (podId: string) => {
    const found = sandboxes.get(podId)
    if (!found) throw status(rpcCode.notFound, `sandbox "${podId}": not found`)
    return found
  }
  const listed = () =>
    [...containers].map(([containerId, {name, state}], index) =>
      kubeletContainer('default', 'web', name, {
        id: containerId,
        state,
        createdAt: `${1000 - index}`,
        podSandboxId: id('b0'),
      }),
    )
  return {
    containers,
    pods: sandboxes,
    answers: {
      ListContainers: ({filter}: cri.ListContainersRequest) => ({
        containers: listed().filter(({state}) => !filter?.state || filter.state.state === state),
      }),
      ListPodSandbox: ({filter}: cri.ListPodSandboxRequest) => ({
        items: [...sandboxes]
          .map(([podId, {name, state}], index) => ({
            id: podId,
            state,
            createdAt: `${1000 - index}`,
            metadata: {name, namespace: 'default', uid: name},
          }))
          .filter(({state}) => !filter?.state || filter.state.state === state),
      }),
      ContainerStatus: ({containerId}: cri.ContainerStatusRequest) => {
        const {name, state, logPath = ''} = container(containerId)
        return {status: {id: containerId, state, metadata: {name}, exitCode: 7, logPath}}
      },
      PodSandboxStatus: ({podSandboxId}: cri.PodSandboxStatusRequest) => ({
        status: {id: podSandboxId, state: pod(podSandboxId).state},
      }),
      StartContainer: ({containerId}: cri.StartContainerRequest) => {
        const found = container(containerId)
        if (found.state !== 'CONTAINER_CREATED')
          throw status(rpcCode.unknown, `container is in ${found.state} state`)
        found.state = 'CONTAINER_RUNNING'
        return {}
      },
      StopContainer: ({containerId}: cri.StopContainerRequest) => {
        container(containerId).state = 'CONTAINER_EXITED'
        return {}
      },
      RemoveContainer: ({containerId}: cri.RemoveContainerRequest) => {
        containers.delete(containerId)
        return {}
      },
      StopPodSandbox: ({podSandboxId}: cri.StopPodSandboxRequest) => {
        pod(podSandboxId).state = 'SANDBOX_NOTREADY'
        return {}
      },
      RemovePodSandbox: ({podSandboxId}: cri.RemovePodSandboxRequest) => {
        sandboxes.delete(podSandboxId)
        return {}
      },
    },
  }
}

const created = (count: number) => new Array<State>(count).fill('CONTAINER_CREATED')
const running = (count: number) => new Array<State>(count).fill('CONTAINER_RUNNING')
const exited = (count: number) => new Array<State>(count).fill('CONTAINER_EXITED')

const methods = (calls: readonly {method: string}[], ...names: string[]) =>
  calls.map(({method}) => method).filter((method) => names.includes(method))

describe('several targets', () => {
  test('exactly --parallel calls run at once', async () => {
    const {answers} = node(created(12))
    let now = 0
    let most = 0
    let release: (() => void)[] = []
    await using runtime = await startFakeRuntime({
      ...answers,
      StartContainer: async () => {
        most = Math.max(most, ++now)
        // None is answered before as many as may be under way are: fewer would never end.
        await new Promise<void>((resolve) => {
          release.push(resolve)
          if (release.length < 3) return
          for (const go of release) go()
          release = []
        })
        now--
        return {}
      },
    })
    expect(await runInProcess(['start', '--all', '--parallel', '3'], runtime)).toMatchObject({
      exitCode: 0,
      stderr: '',
    })
    expect(most).toBe(3)
  })

  test.each([
    ['rm -fa', 'RemoveContainer', 8],
    ['stop -a', 'StopContainer', 8],
    ['stop -a -t 0s', 'StopContainer', 8],
    ['stop -a -t 1', 'StopContainer', 16],
    ['stop -a -t 1 --parallel 5', 'StopContainer', 5],
    ['stop -a --parallel 12', 'StopContainer', 12],
  ])('crisp %s: %s for %d at once', async (line, method, atOnce) => {
    const {answers} = node(running(17))
    let now = 0
    let arrive = () => {}
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve
    })
    let go = () => {}
    const enough = new Promise<void>((resolve) => {
      go = resolve
    })
    await using runtime = await startFakeRuntime({
      ...answers,
      [method]: async () => {
        if (++now === atOnce) arrive()
        await enough
        return {}
      },
    })
    const calls = () => methods(runtime.calls, method).length
    const outcome = runInProcess(line.split(' '), runtime)
    await arrived
    // What was sent beside them has come too when a call that is sent later is answered.
    using client = connect({endpoint: runtime.endpoint})
    await client.runtime.version()
    expect(calls()).toBe(atOnce)
    go()
    expect((await outcome).exitCode).toBe(0)
    expect(calls()).toBe(17)
  })

  test('stdout keeps the order of the arguments, whichever call ends first', async () => {
    const {answers} = node(created(4))
    let later = () => {}
    const others = new Promise<void>((resolve) => {
      later = resolve
    })
    let done = 0
    await using runtime = await startFakeRuntime({
      ...answers,
      StartContainer: async ({containerId}: cri.StartContainerRequest) => {
        if (containerId === id('c2')) await others
        else if (++done === 3) later()
        return {}
      },
    })
    expect(
      await runInProcess(['start', 'c2', 'web/c0', 'default/web/c1', id('c3').slice(0, 12)], runtime),
    ).toEqual({
      stdout: `c2\nweb/c0\ndefault/web/c1\n${id('c3').slice(0, 12)}\n`,
      stderr: '',
      exitCode: 0,
    })
  })

  test('every target is tried, each failure is a line, and the worst code wins', async () => {
    const {answers, containers} = node([...running(1), ...exited(2), ...running(1)])
    await using runtime = await startFakeRuntime(answers)
    const {stdout, stderr, exitCode} = await runInProcess(['rm', 'c0', 'c1', 'absent', 'c3', 'c2'], runtime)
    expect({stdout, exitCode}).toEqual({stdout: 'c1\nc2\n', exitCode: 3})
    expect(stderr.split('\n').sort()).toEqual([
      '',
      'crisp: container "c0" is running: stop it first, or remove it with -f',
      'crisp: container "c3" is running: stop it first, or remove it with -f',
      'crisp: no container "absent": crisp ps -a lists all',
    ])
    expect([...containers.values()].map(({name}) => name)).toEqual(['c0', 'c3'])
  })

  test('a container that is named twice is changed once', async () => {
    const {answers} = node(created(1))
    await using runtime = await startFakeRuntime(answers)
    expect(await runInProcess(['start', 'c0', id('c0')], runtime)).toMatchObject({stderr: '', exitCode: 0})
    expect(methods(runtime.calls, 'StartContainer')).toHaveLength(1)
  })

  test('a runtime that dies in the middle has every remaining target reported, and a second run finishes', async () => {
    const {answers, containers} = node(exited(20))
    let removals = 0
    const dying = await startFakeRuntime({
      ...answers,
      RemoveContainer: ({containerId}: cri.RemoveContainerRequest) => {
        if (++removals === 6) void dying[Symbol.asyncDispose]()
        if (removals >= 6) return new Promise<object>(() => undefined)
        containers.delete(containerId)
        return {}
      },
    })
    const all = [...containers.keys()]
    const first = await runInProcess(['rm', '-a'], dying)
    const removed = first.stdout.split('\n').filter((line) => line !== '')
    expect(first.exitCode).toBe(4)
    const failed = first.stderr.split('\n').filter((line) => line !== '')
    for (const line of failed)
      expect(line).toMatch(
        /^crisp: removing container "[0-9a-f]{64}": .*(is it restarting|is it shutting down)\?/,
      )
    const named = failed.map((line) => line.split('"')[1] as string)
    expect([...removed, ...named].sort()).toEqual(all.sort())
    expect(removed.length).toBeLessThan(6)

    await using again = await startFakeRuntime(answers)
    const left = [...containers.keys()]
    expect(await runInProcess(['rm', '-a'], again)).toEqual({
      stdout: left.map((each) => `${each}\n`).join(''),
      stderr: '',
      exitCode: 0,
    })
    expect(containers.size).toBe(0)
  })
})

describe('selection of targets', () => {
  test.each([
    ['start', 'which container? name it, or choose with --all, --label and other filters'],
    ['stop', 'which container? name it, or choose with --all, --label and other filters'],
    ['rm -f', 'which container? name it, or choose with --all, --label and other filters'],
    ['stopp', 'which pod? name it, or choose with --all, --label and other filters'],
    ['rmp', 'which pod? name it, or choose with --all, --label and other filters'],
    ['rm -a c0', '--all chooses containers by itself: leave it out, or the names'],
    ['rmp --label a=b p0', '--label chooses pods by itself: leave it out, or the names'],
    ['rm -a --parallel 0', '--parallel "0" should be 1 or more'],
    ['stop c0 -t -1', '--timeout "-1": a grace period is not negative'],
    ['stop c0 -t soon', '--timeout "soon" is not a duration: write 10s, 1m30s or 500ms'],
  ])('crisp %s is a mistake, before anything is removed', async (line, message) => {
    const {answers} = node(exited(1), ['SANDBOX_NOTREADY'])
    await using runtime = await startFakeRuntime(answers)
    expect(await runInProcess(line.split(' '), runtime)).toEqual({
      stdout: '',
      stderr: `crisp: ${message}\n`,
      exitCode: 2,
    })
    expect(methods(runtime.calls, 'RemoveContainer', 'StopContainer', 'RemovePodSandbox')).toEqual([])
  })

  const mixed: State[] = ['CONTAINER_CREATED', 'CONTAINER_RUNNING', 'CONTAINER_EXITED']
  test.each([
    ['start -a', ['c0']],
    ['stop -a', ['c1']],
    ['rm -f -a', ['c0', 'c1', 'c2']],
    ['rm --state exited', ['c2']],
    ['rm -f --name 1$', ['c1']],
    ['rm --namespace other', []],
  ])('crisp %s: %j', async (line, names) => {
    const {answers} = node(mixed)
    await using runtime = await startFakeRuntime(answers)
    const {stdout, exitCode} = await runInProcess(line.split(' '), runtime)
    expect({stdout, exitCode}).toEqual({stdout: names.map((name) => `${id(name)}\n`).join(''), exitCode: 0})
  })

  test.each([
    ['rm -f --label a=b', ''],
    ['rm -f --state exited', `${id('c2')}\n`],
    ['rm -f --pod b1', ''],
    ['rm -f --pod-label a=b', ''],
    ['stop -a', `${id('c1')}\n`],
    ['rmp -f --label a=b', ''],
    ['rmp --state notready', `Removed sandbox ${id('b1')}\n`],
    ['stopp --state notready', `Stopped sandbox ${id('b1')}\n`],
  ])('crisp %s of a runtime that heeds no filter chooses no more', async (line, stdout) => {
    const {answers} = node(mixed, ['SANDBOX_READY', 'SANDBOX_NOTREADY'])
    const heedless = (method: string) => () => (answers[method] as (request: object) => object)({})
    await using runtime = await startFakeRuntime({
      ...answers,
      ListContainers: heedless('ListContainers'),
      ListPodSandbox: heedless('ListPodSandbox'),
    })
    expect(await runInProcess(line.split(' '), runtime)).toMatchObject({stdout, exitCode: 0})
  })

  test.each([
    ['start -a', 'No containers to start'],
    ['stop -a', 'No containers to stop'],
    ['rm -a', 'No containers to remove'],
    ['stopp -a', 'No pods to stop'],
    ['rmp -a', 'No pods to remove'],
  ])('crisp %s with nothing there ends with 0', async (line, message) => {
    await using runtime = await startFakeRuntime(node([]).answers)
    expect(await runInProcess(line.split(' '), runtime)).toEqual({
      stdout: '',
      stderr: `crisp: ${message}\n`,
      exitCode: 0,
    })
  })

  test('--dry-run lists the targets and changes nothing', async () => {
    const {answers} = node(mixed, ['SANDBOX_READY', 'SANDBOX_NOTREADY'])
    await using runtime = await startFakeRuntime(answers)
    expect(await runInProcess(['rm', '-fa', '--dry-run'], runtime)).toEqual({
      stdout: `would remove container c000000000000  default/web/c0  created
would remove container c100000000000  default/web/c1  running
would remove container c200000000000  default/web/c2  exited
`,
      stderr: '',
      exitCode: 0,
    })
    expect(await runInProcess(['rmp', 'p1', 'p7', '--dry-run'], runtime)).toEqual({
      stdout: 'would remove pod b100000000000  default/p1  notready\n',
      stderr: 'crisp: no pod "p7": crisp pods lists all\n',
      exitCode: 3,
    })
    expect(methods(runtime.calls, 'RemoveContainer', 'StopContainer', 'RemovePodSandbox')).toEqual([])
  })

  test('--ignore-missing counts a missing target as done, but not an ambiguous one', async () => {
    const {answers} = node(exited(1))
    await using runtime = await startFakeRuntime({
      ...answers,
      ListContainers: {
        containers: [
          kubeletContainer('default', 'web', 'c0', {id: id('c0'), state: 'CONTAINER_EXITED'}),
          kubeletContainer('default', 'a', 'twin', {id: id('d0')}),
          kubeletContainer('default', 'b', 'twin', {id: id('d1')}),
        ],
      },
    })
    expect(
      await runInProcess(['rm', '--ignore-missing', 'c0', 'gone', id('ff'), 'web/gone'], runtime),
    ).toEqual({
      stdout: 'c0\n',
      stderr: '',
      exitCode: 0,
    })
    expect(await runInProcess(['rm', '--ignore-missing', 'twin'], runtime)).toMatchObject({
      stdout: '',
      exitCode: 3,
    })
  })
})

describe('start', () => {
  test('start of an exited container says what is wrong and what to do', async () => {
    await using runtime = await startFakeRuntime(node(exited(1)).answers)
    expect(await runInProcess(['start', 'c0'], runtime)).toEqual({
      stdout: '',
      stderr: 'crisp: container "c0" has exited with 7 and cannot be started again: create a new one\n',
      exitCode: 1,
    })
  })

  test.each([
    [
      'exec: "/no/such": stat /no/such: no such file or directory: unknown',
      'there is no "/no/such" in the container: give the full path of a program that its image has (some images have no shell at all)',
    ],
    [
      'exec: "/etc/passwd": permission denied: unknown',
      '"/etc/passwd" cannot be executed in the container: permission denied',
    ],
  ])('a command that cannot be started, as exec says it: %s', async (runcWords, message) => {
    const {answers, containers} = node(created(1))
    await using runtime = await startFakeRuntime({
      ...answers,
      StartContainer: () => {
        for (const container of containers.values()) container.state = 'CONTAINER_EXITED'
        const text = `failed to create containerd task: OCI runtime create failed: unable to start container process: ${runcWords}`
        throw status(rpcCode.unknown, text)
      },
    })
    expect(await runInProcess(['start', 'c0'], runtime)).toEqual({
      stdout: '',
      stderr: `crisp: container "c0": ${message}\n`,
      exitCode: 1,
    })
  })
})

describe('stop', () => {
  test.each([
    [[], '0'],
    [['-t', '10'], '10'],
    [['--timeout=1m30s'], '90'],
    [['-t', '1500ms'], '2'],
    [['-t', '0x10'], '16'],
  ])('%j is a grace period of %s seconds', async (flags, timeout) => {
    await using runtime = await startFakeRuntime(node(running(1)).answers)
    expect(await runInProcess(['stop', 'c0', ...flags], runtime)).toEqual({
      stdout: 'c0\n',
      stderr: '',
      exitCode: 0,
    })
    expect(runtime.calls.find(({method}) => method === 'StopContainer')?.request).toEqual({
      containerId: id('c0'),
      timeout,
    })
  })

  test('stop has a deadline beyond the grace period, whatever --timeout before the verb says', async () => {
    let remainingMs = 0
    await using runtime = await startFakeRuntime({
      ...node(running(1)).answers,
      StopContainer: (_: never, call) => {
        remainingMs = Number(call.getDeadline()) - Date.now()
        return {}
      },
    })
    expect((await runInProcess(['-t', '3s', 'stop', 'c0', '-t', '60'], runtime)).exitCode).toBe(0)
    expect(remainingMs).toBeGreaterThan(60_000)
    expect(remainingMs).toBeLessThanOrEqual(63_000)
  })
})

describe('rm', () => {
  test('-f kills a running target at once and says so once', async () => {
    await using runtime = await startFakeRuntime(node([...running(1), ...exited(1)]).answers)
    expect(await runInProcess(['rm', '-f', 'c0', 'c1', '--parallel=1'], runtime)).toEqual({
      stdout: 'c0\nc1\n',
      stderr: '',
      exitCode: 0,
    })
    expect(methods(runtime.calls, 'StopContainer', 'RemoveContainer')).toEqual([
      'StopContainer',
      'RemoveContainer',
      'RemoveContainer',
    ])
  })

  test('--wait tries again while another client removes the target', async () => {
    const {answers, containers} = node(exited(1))
    await using runtime = await startFakeRuntime({
      ...answers,
      RemoveContainer: () => {
        if (methods(runtime.calls, 'RemoveContainer').length === 2) containers.clear()
        throw status(rpcCode.unknown, 'failed to set removing state: container is already in removing state')
      },
    })
    expect(await runInProcess(['rm', 'c0'], runtime)).toMatchObject({
      stderr:
        'crisp: removing container "c0": RemoveContainer: failed to set removing state: container is already in removing state\n',
      exitCode: 1,
    })
    expect(await runInProcess(['rm', '--wait', 'c0'], runtime)).toEqual({
      stdout: 'c0\n',
      stderr: '',
      exitCode: 0,
    })
  })

  test.each([
    ['rm -f --wait c0', 'StopContainer', 'c0\n'],
    ['rmp -f --wait p0', 'StopPodSandbox', 'Stopped sandbox p0\nRemoved sandbox p0\n'],
  ])('crisp %s tries a refused %s again', async (line, method, stdout) => {
    const {answers} = node(running(1), ['SANDBOX_READY'])
    await using runtime = await startFakeRuntime({
      ...answers,
      [method]: () => {
        if (methods(runtime.calls, method).length === 1) throw status(rpcCode.unknown, 'resource busy')
        return {}
      },
    })
    expect(await runInProcess(line.split(' '), runtime)).toEqual({stdout, stderr: '', exitCode: 0})
    expect(methods(runtime.calls, method)).toHaveLength(2)
  })

  test('--wait counts a target as done that another client removes first', async () => {
    const {answers, containers} = node(running(1))
    await using runtime = await startFakeRuntime({
      ...answers,
      StopContainer: () => {
        containers.clear()
        throw status(rpcCode.notFound, 'container not found')
      },
    })
    expect(await runInProcess(['rm', '-f', '--wait', 'c0'], runtime)).toEqual({
      stdout: 'c0\n',
      stderr: '',
      exitCode: 0,
    })
  })

  test('rm removes log files, but not those of others, and none with -k', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'crisp-logs-'))
    try {
      for (const name of ['0.log', '0.log.20240101-000000', '0.log.20240101-000000.gz', '10.log', '1.log'])
        await writeFile(join(directory, name), '')
      const {answers, containers} = node(exited(2))
      const [first, second] = [...containers.values()]
      if (first && second) {
        first.logPath = join(directory, '0.log')
        second.logPath = join(directory, '1.log')
      }
      await using runtime = await startFakeRuntime(answers)
      expect((await runInProcess(['rm', 'c0'], runtime)).exitCode).toBe(0)
      expect((await runInProcess(['rm', '-k', 'c1'], runtime)).exitCode).toBe(0)
      expect((await readdir(directory)).sort()).toEqual(['1.log', '10.log'])
    } finally {
      await rm(directory, {recursive: true})
      expect(existsSync(directory)).toBe(false)
    }
  })
})

describe('pods', () => {
  test('stopp and rmp name the pod, and rmp refuses a ready one without -f', async () => {
    const {answers, pods} = node([], ['SANDBOX_READY', 'SANDBOX_NOTREADY', 'SANDBOX_READY'])
    await using runtime = await startFakeRuntime(answers)
    expect(await runInProcess(['rmp', 'p1', 'p2'], runtime)).toEqual({
      stdout: 'Removed sandbox p1\n',
      stderr: 'crisp: pod "p2" is running: stop it first, or remove it with -f\n',
      exitCode: 1,
    })
    expect(await runInProcess(['stopp', 'default/p0'], runtime)).toEqual({
      stdout: 'Stopped sandbox default/p0\n',
      stderr: '',
      exitCode: 0,
    })
    expect(await runInProcess(['rmp', '-fa'], runtime)).toEqual({
      stdout: `Removed sandbox ${id('b0')}\nStopped sandbox ${id('b2')}\nRemoved sandbox ${id('b2')}\n`,
      stderr: '',
      exitCode: 0,
    })
    expect(pods.size).toBe(0)
    expect(await runInProcess(['rmp', 'p0'], runtime)).toMatchObject({stdout: '', exitCode: 3})
    expect(await runInProcess(['rmp', 'p0', id('b0'), '--ignore-missing'], runtime)).toEqual({
      stdout: '',
      stderr: '',
      exitCode: 0,
    })
  })
})
