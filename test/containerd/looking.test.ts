import {load} from 'js-yaml'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {busyboxImage, type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {codeOf} from '../support/demo-node.js'
import {runInProcess} from '../support/in-process.js'
import {testWith} from '../support/needs.js'

type Json = null | boolean | number | string | Json[] | {[key: string]: Json}
type JsonObject = {[key: string]: Json}

const kubeletLabels = (namespace: string, pod: string, container: string) => ({
  'io.kubernetes.pod.name': pod,
  'io.kubernetes.pod.namespace': namespace,
  'io.kubernetes.pod.uid': `uid-${pod}`,
  'io.kubernetes.container.name': container,
})

/** What stdout is once the ages and IDs of this run are taken out. */
function steady(table: string): string[][] {
  return table
    .trimEnd()
    .split('\n')
    .map((line) =>
      line.split(/ {2,}/).map((cell) =>
        cell
          .trim()
          .replace(/^[0-9a-f]{13}$/, 'ID')
          .replace(/^.* ago$/, 'AGE'),
      ),
    )
}

/** Keys in the order in which the text has them, at every level. */
function keysOf(value: Json): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [keysOf(value[0] as Json)]
  if (value === null || typeof value !== 'object') return typeof value
  return Object.entries(value).map(([key, inner]) => [key, keysOf(inner)])
}

function isSorted(value: Json): boolean {
  if (Array.isArray(value)) return value.every(isSorted)
  if (value === null || typeof value !== 'object') return true
  const keys = Object.keys(value)
  return (
    keys.every((key, index) => index === 0 || (keys[index - 1] as string) < key) &&
    Object.values(value).every(isSorted)
  )
}

describeOnContainerd('looking at a real containerd', () => {
  let containerd: Containerd
  let systemPod = '系統-📦'
  const ids: Record<string, string> = {}
  const pods: Record<string, string> = {}

  const crisp = (...argv: string[]) => runInProcess(argv, {endpoint: containerd.endpoint})
  const json = async (...argv: string[]): Promise<JsonObject> => {
    const {stdout, stderr, exitCode} = await crisp(...argv)
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    return JSON.parse(stdout)
  }
  const exited = async (id: string) => {
    for (;;) {
      const {status} = await containerd.client.runtime.containerStatus({containerId: id})
      if (status?.state === 'CONTAINER_EXITED') return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  beforeAll(async () => {
    containerd = await startContainerd()
    // CRI-O makes files by the name of a pod, and fails with such a one.
    if (containerd.isCrio) systemPod = 'system-1'
    const web = await containerd.runPod('web-1', {labels: {app: 'web'}, annotations: {note: 'a<b'}})
    const batch = await containerd.runPod('batch-1', {metadata: {namespace: 'jobs'}})
    const system = await containerd.runPod(systemPod, {metadata: {namespace: 'kube-system'}})
    Object.assign(pods, {web: web.id, batch: batch.id, system: system.id})
    const labelled = (namespace: string, pod: string, container: string) => ({
      config: {labels: kubeletLabels(namespace, pod, container)},
    })
    ids.server = await web.runContainer('server', 'sleep 1000', labelled('default', 'web-1', 'server'))
    ids.waiting = await web.runContainer('waiting', 'true', {
      ...labelled('default', 'web-1', 'waiting'),
      start: false,
    })
    ids.good = await batch.runContainer('good', 'exit 0', labelled('jobs', 'batch-1', 'good'))
    ids.bad = await batch.runContainer('bad', 'exit 3', labelled('jobs', 'batch-1', 'bad'))
    ids.crashed = await system.runContainer('agent', 'exit 1', labelled('kube-system', systemPod, 'agent'))
    ids.agent = await system.runContainer('agent', 'sleep 1000', {
      ...labelled('kube-system', systemPod, 'agent'),
      attempt: 1,
    })
    await Promise.all([exited(ids.good), exited(ids.bad), exited(ids.crashed)])
  })
  afterAll(() => containerd?.[Symbol.asyncDispose]())

  test("ps -a: crictl's columns, newest first; wide names keep the columns in line", async () => {
    const {stdout} = await crisp('ps', '-a')
    expect(steady(stdout)).toEqual([
      ['CONTAINER', 'IMAGE', 'CREATED', 'STATE', 'NAME', 'ATTEMPT', 'POD ID', 'POD', 'NAMESPACE'],
      ['ID', busyboxImage, 'AGE', 'Running', 'agent', '1', 'ID', systemPod, 'kube-system'],
      ['ID', busyboxImage, 'AGE', 'Exited', 'agent', '0', 'ID', systemPod, 'kube-system'],
      ['ID', busyboxImage, 'AGE', 'Exited', 'bad', '0', 'ID', 'batch-1', 'jobs'],
      ['ID', busyboxImage, 'AGE', 'Exited', 'good', '0', 'ID', 'batch-1', 'jobs'],
      ['ID', busyboxImage, 'AGE', 'Created', 'waiting', '0', 'ID', 'web-1', 'default'],
      ['ID', busyboxImage, 'AGE', 'Running', 'server', '0', 'ID', 'web-1', 'default'],
    ])
  })

  test('ps: filters, IDs and names', async () => {
    const [running, exitedOnly, ofPod, named] = await Promise.all([
      crisp('ps', '-q'),
      crisp('ps', '-q', '--state', 'exited', '--namespace', '^jobs$'),
      crisp('ps', '-aq', '--pod', 'default/web-1'),
      crisp('ps', '-a', '-o', 'name', '--name', 'agent'),
    ])
    expect(running.stdout).toBe(`${ids.agent}\n${ids.server}\n`)
    expect(exitedOnly.stdout).toBe(`${ids.bad}\n${ids.good}\n`)
    expect(ofPod.stdout).toBe(`${ids.waiting}\n${ids.server}\n`)
    expect(named.stdout).toBe(`kube-system/${systemPod}/agent\n${ids.crashed}\n`)
  })

  test("ps -o json: the list's shape; yaml is the same with sorted keys", async () => {
    const list = await json('ps', '-a', '-o', 'json')
    const strings = (...keys: string[]) => keys.map((key) => [key, 'string'])
    const labels = Object.keys(kubeletLabels('', '', '')).toSorted()
    expect(keysOf(list)).toEqual([
      [
        'containers',
        [
          [
            ...strings('id', 'podSandboxId'),
            [
              'metadata',
              [
                ['name', 'string'],
                ['attempt', 'number'],
              ],
            ],
            [
              'image',
              [
                ['image', 'string'],
                ['annotations', []],
                ...strings('userSpecifiedImage', 'runtimeHandler', 'imageRef'),
              ],
            ],
            ...strings('imageRef', 'state', 'createdAt'),
            ['labels', strings(...labels)],
            ['annotations', []],
            ['imageId', 'string'],
          ],
        ],
      ],
    ])
    const yaml = load((await crisp('ps', '-a', '-o', 'yaml')).stdout) as JsonObject
    expect(yaml).toEqual(list)
    expect(isSorted(yaml)).toBe(true)
  })

  test('pods', async () => {
    const {stdout} = await crisp('pods')
    expect(steady(stdout)).toEqual([
      ['POD ID', 'CREATED', 'STATE', 'NAME', 'NAMESPACE', 'ATTEMPT', 'RUNTIME'],
      ['ID', 'AGE', 'Ready', systemPod, 'kube-system', '0', '(default)'],
      ['ID', 'AGE', 'Ready', 'batch-1', 'jobs', '0', '(default)'],
      ['ID', 'AGE', 'Ready', 'web-1', 'default', '0', '(default)'],
    ])
    const {items} = (await json('pods', '-o', 'json', '--label', 'app=web')) as {items: JsonObject[]}
    expect(items).toEqual([
      {
        id: pods.web,
        metadata: {name: 'web-1', uid: 'uid-web-1', namespace: 'default', attempt: 0},
        state: 'SANDBOX_READY',
        createdAt: expect.stringMatching(/^\d{19}$/),
        // CRI-O adds the kubelet's.
        labels: containerd.isCrio ? expect.objectContaining({app: 'web'}) : {app: 'web'},
        annotations: {note: 'a<b'},
        runtimeHandler: '',
      },
    ])
    expect(Object.keys(items[0] as JsonObject)).toEqual([
      'id',
      'metadata',
      'state',
      'createdAt',
      'labels',
      'annotations',
      'runtimeHandler',
    ])
  })

  test('images and inspecti', async () => {
    const {stdout} = await crisp('images')
    const [header, ...rows] = steady(stdout).map((row) => row.slice(0, 3))
    expect(header).toEqual(['IMAGE', 'TAG', 'IMAGE ID'])
    const colon = busyboxImage.lastIndexOf(':')
    expect(rows).toContainEqual([busyboxImage.slice(0, colon), busyboxImage.slice(colon + 1), 'ID'])
    const {images} = (await json('images', '-o', 'json')) as {images: JsonObject[]}
    for (const image of images)
      expect(Object.keys(image)).toEqual(['id', 'repoTags', 'repoDigests', 'size', 'username', 'pinned'])
    const {status, info} = (await json('inspecti', busyboxImage)) as {status: JsonObject; info: JsonObject}
    expect(status).toMatchObject({
      repoTags: [busyboxImage],
      pinned: false,
      size: expect.stringMatching(/^\d+$/),
    })
    expect(info).toHaveProperty('imageSpec.config.Cmd', ['/bin/sh'])
  })

  test('inspect: one is an object, several are a list in the order asked, by names and IDs', async () => {
    const one = await json('inspect', 'batch-1/bad')
    expect(one).toMatchObject({
      status: {
        id: ids.bad,
        state: 'CONTAINER_EXITED',
        exitCode: 3,
        reason: 'Error',
        startedAt: expect.stringMatching(/^20\d\d-.*Z$/),
        finishedAt: expect.stringMatching(/^20\d\d-.*Z$/),
        resources: expect.anything(),
      },
      info: containerd.isCrio ? {sandboxID: pods.batch} : {runtimeType: 'io.containerd.runc.v2'},
    })
    expect(isSorted(one)).toBe(true)
    expect(Object.keys((one as {status: JsonObject}).status)).toEqual(
      'annotations createdAt exitCode finishedAt id image imageId imageRef labels logPath message metadata mounts reason resources startedAt state stopSignal user'.split(
        ' ',
      ),
    )
    const several = (await json('inspect', 'waiting', 'agent', ids.good ?? '')) as unknown as {
      status: JsonObject
    }[]
    expect(several.map(({status}) => [status.id, status.state, status.exitCode, status.startedAt])).toEqual([
      [ids.waiting, 'CONTAINER_CREATED', 0, '0001-01-01T00:00:00Z'],
      [ids.agent, 'CONTAINER_RUNNING', 0, expect.stringMatching(/^20/)],
      [ids.good, 'CONTAINER_EXITED', 0, expect.stringMatching(/^20/)],
    ])
  })

  test('inspect: what is missing is said, what is found is printed, exit 3', async () => {
    const {stdout, stderr, exitCode} = await crisp('inspect', 'server', 'nosuch', '-o', 'name')
    expect({stdout, stderr, exitCode}).toEqual({
      stdout: `${ids.server}\n`,
      stderr: 'crisp: no container "nosuch": crisp ps -a lists all\n',
      exitCode: 3,
    })
  })

  test('inspectp', async () => {
    const pod = await json('inspectp', 'default/web-1')
    expect(pod).toMatchObject({
      status: {
        id: pods.web,
        state: 'SANDBOX_READY',
        metadata: {attempt: 0, name: 'web-1', namespace: 'default', uid: 'uid-web-1'},
        linux: {namespaces: {options: {network: 'NODE', pid: 'POD', ipc: 'POD'}}},
        network: {additionalIps: [], ip: ''},
      },
      info: {pid: expect.any(Number)},
    })
    expect(isSorted(pod)).toBe(true)
  })

  test('describe: what the CRI and the verbose info tell, of a container and of a pod', async () => {
    const {stdout, stderr, exitCode} = await crisp('describe', 'web-1/server')
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    const pid = (await json('inspect', 'web-1/server')).info as JsonObject
    expect(stdout).toMatch(/^container default\/web-1\/server\n {2}State +running for /)
    expect(stdout).toMatch(new RegExp(`^ {2}ID +${ids.server}$`, 'm'))
    expect(stdout).toMatch(new RegExp(`^ {2}PID +${pid.pid}$`, 'm'))
    expect(stdout).toMatch(/^ {2}Command +\/bin\/sh -c 'sleep 1000'$/m)
    expect(stdout).toMatch(/^ {2}Memory +\S/m)
    expect(stdout).toMatch(new RegExp(`^ {2}Pod +${pods.web?.slice(0, 13)}, ready$`, 'm'))

    const pod = await crisp('describe', 'default/web-1')
    expect(pod.stdout).toMatch(/^pod default\/web-1\n {2}State +ready, made /)
    expect(pod.stdout).toMatch(/server running for /)
    expect(pod.stdout).toMatch(/waiting created .*, not started$/m)
  })

  test('timeline: what became of a pod, in order', async () => {
    const {stdout, stderr, exitCode} = await crisp('timeline', '--no-journal', 'web-1', '-o', 'json')
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    const {pod, moments, running} = JSON.parse(stdout)
    expect(pod).toBe('default/web-1')
    const kinds = moments.map(
      ({what, container}: {what: string; container?: string}) => `${container} ${what}`,
    )
    expect(kinds).toEqual(expect.arrayContaining(['server created', 'server started']))
    expect(kinds.indexOf('server created')).toBeLessThan(kinds.indexOf('server started'))
    expect(kinds[0]).toBe('undefined sandbox')
    expect(moments.map(({time}: {time: string}) => Date.parse(time))).toEqual(
      moments.map(({time}: {time: string}) => Date.parse(time)).sort((a: number, b: number) => a - b),
    )
    expect(running.map(({container}: {container: string}) => container)).toContain('server')
  })

  test('version, info, imagefsinfo', async () => {
    const [version, info, fs] = await Promise.all([crisp('version'), json('info'), json('imagefsinfo')])
    expect(version.stdout).toMatch(
      /^Version: {2}0\.1\.0\nRuntimeName: {2}(containerd|cri-o)\nRuntimeVersion: {2}\S+\nRuntimeApiVersion: {2}v1\n$/,
    )
    expect(info).toMatchObject({
      status: {
        conditions: expect.arrayContaining([
          {message: '', reason: '', status: true, type: 'RuntimeReady'},
          {message: '', reason: '', status: true, type: 'NetworkReady'},
        ]),
      },
      config: containerd.isCrio ? expect.anything() : {containerd: {defaultRuntimeName: 'runc'}},
    })
    expect(fs).toEqual({
      status: {
        containerFilesystems: expect.any(Array),
        imageFilesystems: [
          {
            fsId: {mountpoint: expect.stringMatching(/snapshotter|overlay/)},
            inodesUsed: {value: expect.stringMatching(/^\d+$/)},
            timestamp: expect.stringMatching(/^\d{19}$/),
            usedBytes: {value: expect.stringMatching(/^\d+$/)},
          },
        ],
      },
    })
  })

  test('a call that this containerd does not have says which has it', async () => {
    const {stderr, exitCode} = await crisp('metricdescs')
    const code = await codeOf(containerd.client.runtime.listMetricDescriptors())
    if (code === 'ok') return expect(exitCode).toBe(0)
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /^crisp: containerd \d\S* does not implement ListMetricDescriptors, which needs containerd 2\.2 or CRI-O 1\.30\n$/,
    )
  })

  testWith('own containerd')(
    'a daemon that is stopped is exit 4 with the fix, and its return needs nothing from the user',
    async () => {
      await containerd.stop()
      const gone = await crisp('ps', '-q')
      expect(gone).toEqual({
        stdout: '',
        stderr: expect.stringMatching(
          /^crisp: no container runtime at \S+: .*systemctl status containerd crio.*\n$/,
        ),
        exitCode: 4,
      })
      await containerd.start()
      expect((await crisp('ps', '-q')).stdout).toBe(`${ids.agent}\n${ids.server}\n`)
    },
  )
})
