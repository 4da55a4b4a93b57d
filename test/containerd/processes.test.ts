import {readFile, readlink} from 'node:fs/promises'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd, type TestPod} from '../support/containerd/containerd.js'
import {eventually} from '../support/eventually.js'
import {runInProcess} from '../support/in-process.js'

interface Shown {
  of: string
  kind: string
  pid: number
  parentPid: number
  insidePid: number | null
  name: string
  command: string[]
  uid: number
  nodeUid: number
  cores: number | null
}

interface Socket {
  of: string
  protocol: string
  listening: boolean
  local: {address: string; port?: number}
  process?: {pid: number; name: string}
  container?: string
}

/** As the kubelet asks for it. */
const own = {namespaceOptions: {network: 'POD', pid: 'CONTAINER'}} as const

describeOnContainerd('processes and sockets of a real containerd, without anything that runs inside', () => {
  let containerd: Containerd
  let pod: TestPod
  let id: string

  beforeAll(async () => {
    containerd = await startContainerd()
    pod = await containerd.runPod('web-1', {
      hostname: 'web-1',
      linux: {cgroupParent: `/crisp-${containerd.directory.slice(-6)}`, securityContext: own},
    })
    // A name and arguments that would move the cursor, a child, a listener in the pod's own network.
    id = await pod.runContainer(
      'web',
      `evil="$(printf '/tmp/busybox\\033[2J')"; ln /bin/busybox "$evil"; "$evil" sleep 1000 &
       httpd -p 8080; sleep 1001`,
      {config: {linux: {securityContext: own}}},
    )
    await pod.runContainer('idle', 'exec sleep 1002', {config: {linux: {securityContext: own}}})
  })
  afterAll(async () => {
    await containerd?.[Symbol.asyncDispose]()
  })

  const crisp = (...argv: string[]) => runInProcess(argv, {endpoint: containerd.endpoint, here: true})
  const processes = async (...argv: string[]): Promise<Shown[]> => {
    const {stdout, stderr, exitCode} = await crisp('processes', ...argv, '-o', 'json')
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    return JSON.parse(stdout).processes
  }

  test('each with its PID on the node and inside, as /proc has them', async () => {
    const shown = await eventually(async () => {
      const found = await processes('web', '-s', '0')
      if (!found.some(({command}) => command.includes('1001'))) throw new Error('not all are there yet')
      return found
    })
    expect(
      shown.every(({of, uid, nodeUid}) => of === 'default/web-1/web' && uid === 0 && nodeUid === 0),
    ).toBe(true)
    for (const {pid, insidePid, parentPid} of shown) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8')
      expect(/^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split('\t').map(Number)).toEqual([pid, insidePid])
      expect(Number(/^PPid:\s+(\d+)/m.exec(status)?.[1])).toBe(parentPid)
    }
    expect(shown.map(({insidePid}) => insidePid)).toContain(1)
    const {info} = await containerd.client.runtime.containerStatus({containerId: id, verbose: true})
    expect(shown[0]?.pid).toBe(JSON.parse(info.info ?? '{}').pid)
  })

  test('of a pod its pause process and all of its containers', async () => {
    const shown = await processes('web-1', '-s', '0')
    expect([...new Set(shown.map(({of}) => of))].sort()).toEqual([
      // CRI-O does without a pause process.
      ...(containerd.isCrio ? [] : ['default/web-1']),
      'default/web-1/idle',
      'default/web-1/web',
    ])
    const ofPod = shown.filter(({kind}) => kind === 'pod').map(({name}) => name)
    expect(ofPod).toEqual(containerd.isCrio ? [] : ['busybox'])
    const chosen = await processes('--name', '^idle$', '-s', '0')
    expect(chosen.map(({of, command}) => [of, command.join(' ')])).toEqual([
      ['default/web-1/idle', 'sleep 1002'],
    ])
  })

  test('in the tree of pods they stand below their containers', async () => {
    const {stdout, stderr, exitCode} = await crisp('ps', '-o', 'tree', '-v', '--name', '^idle$')
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    expect(stdout).toMatch(
      /^default\/web-1 {2}Ready .*\n(├─ \d+ {2}\/bin\/busybox sleep \d+\n)?└─ idle {2}Running .*\n {3}└─ \d+ {2}sleep 1002\n$/,
    )
  })

  test('CPU use between two looks', async () => {
    const shown = await processes('idle')
    expect(shown.map(({cores}) => cores)).toEqual([0])
  })

  test('a tree whose names cannot move the cursor', async () => {
    const {stdout} = await crisp('processes', 'web', '-s', '0')
    expect(stdout).toContain('└─ ')
    expect([...stdout].filter((character) => character < ' ' && character !== '\n')).toEqual([])
  })

  test('what does not run, or is not there, is said; the others are shown', async () => {
    const gone = await pod.runContainer('gone', 'exit 3', {config: {linux: {securityContext: own}}})
    await eventually(async () => {
      const {status} = await containerd.client.runtime.containerStatus({containerId: gone})
      if (status?.state !== 'CONTAINER_EXITED') throw new Error('it still runs')
    })
    const {stdout, stderr, exitCode} = await crisp('processes', 'gone', 'nosuch', 'idle', '-s', '0')
    expect(stdout).toContain('sleep 1002')
    expect(stderr).toBe(
      'crisp: no container "nosuch": crisp ps -a lists all\ncrisp: container default/web-1/gone does not run\n',
    )
    expect(exitCode).toBe(3)
  })

  test('sockets of the pod’s network, those that listen first, with their owner', async () => {
    const {stdout, stderr, exitCode} = await crisp('sockets', 'web-1', 'idle', '-o', 'json')
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    const sockets: Socket[] = JSON.parse(stdout).sockets
    expect(sockets[0]).toMatchObject({
      of: 'default/web-1',
      listening: true,
      local: {port: 8080},
      process: {name: 'httpd'},
      container: 'web',
    })
    expect(sockets.filter(({of}) => of === 'default/web-1/idle')).toEqual([])
    const [owner] = sockets
    const network = await readlink(`/proc/${owner?.process?.pid}/ns/net`)
    expect(network).not.toBe(await readlink('/proc/self/ns/net'))
  })
})
