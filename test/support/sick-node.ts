import {chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {type CriClient, connect} from '../../src/client/connect.js'
import type {Finding} from '../../src/doctor/check.js'
import {checks} from '../../src/doctor/checks/index.js'
import {examine, type Outcome} from '../../src/doctor/examine.js'
import {type FileSystem, Host} from '../../src/doctor/host.js'
import {Subject} from '../../src/doctor/subject.js'
import type * as cri from '../../src/generated/cri.js'
import {
  type Answer,
  type FakeCall,
  type FakeRuntime,
  id,
  kubeletContainer,
  secondsAgo,
  startFakeRuntime,
  status,
} from './fake-runtime.js'

// A node that is well, as files below a directory and a runtime that says what it is told. A test breaks one thing.

export const webPod = id('b1')
export const web = id('a1')
export const webUid = '0e1c4b1e-6d6b-4f7a-9a3e-0c2f8f1f1b11'
const sandboxNamespace = 'cni-3f0b6c1e-8a57-4b5e-9b0a-6a7d1b2c3d4e'

export interface TestProcess {
  pid: number
  name: string
  command?: string[]
  state?: string
  cgroup?: string
  parent?: number
}

export interface SickNode extends AsyncDisposable {
  /** Where the node's `/` is. */
  root: string
  runtime: FakeRuntime
  client: CriClient
  pods: cri.Input<cri.PodSandbox>[]
  containers: cri.Input<cri.Container>[]
  /** By ID, over what the lists say; an answer of its own for one that fails or hangs. */
  statuses: Record<string, cri.Input<cri.ContainerStatus> | (() => Promise<never>)>
  conditions: cri.Input<cri.RuntimeCondition>[]
  /** Over these answers. */
  answers: Record<string, Answer>
  settings: Record<string, unknown>
  images: cri.Input<cri.Image>[]
  fileSystem: FileSystem
  /** A line of mountinfo: what is mounted below the root. */
  mountLine(path: string, type?: string): string
  /** inotify has nothing more to give. */
  watchError: NodeJS.ErrnoException | undefined
  write(path: string, text: string, options?: {mode?: number; secondsAgo?: number}): Promise<void>
  link(path: string, target: string): Promise<void>
  remove(path: string): Promise<void>
  process(process: TestProcess): Promise<void>
  examine(options?: ExamineOptions): Promise<Outcome[]>
  /** What was found, with the name of the check. */
  findings(options?: ExamineOptions): Promise<(Finding & {check: string})[]>
}

export interface ExamineOptions {
  only?: string
  limitMs?: number
  nowMs?: number
  upgradeTo?: string
}

const roomy: FileSystem = {
  blockBytes: 4096,
  blocks: 1_000_000,
  availableBlocks: 600_000,
  files: 100_000,
  freeFiles: 80_000,
}

const podCgroup = `/kubepods.slice/kubepods-pod${webUid.replaceAll('-', '_')}.slice`
export const webCgroup = `${podCgroup}/cri-containerd-${web}.scope`

export async function startSickNode(): Promise<SickNode> {
  const root = await mkdtemp(join(tmpdir(), 'crisp-sick-'))
  const at = (path: string) => join(root, path)
  const write: SickNode['write'] = async (path, text, {mode, secondsAgo: age} = {}) => {
    await mkdir(dirname(at(path)), {recursive: true})
    await writeFile(at(path), text)
    if (mode !== undefined) await chmod(at(path), mode)
    if (age !== undefined) await utimes(at(path), Date.now() / 1000 - age, Date.now() / 1000 - age)
  }
  const link: SickNode['link'] = async (path, target) => {
    await mkdir(dirname(at(path)), {recursive: true})
    await symlink(target, at(path))
  }
  const addProcess: SickNode['process'] = async ({
    pid,
    name,
    command = [name],
    state = 'S',
    cgroup = '/system.slice',
    parent = 1,
  }) => {
    // The sixteenth of those after the parent is the number of threads.
    const figures = Array.from({length: 40}, (_, index) => (index === 15 ? '1' : '0')).join(' ')
    await write(`/proc/${pid}/stat`, `${pid} (${name}) ${state} ${parent} ${figures}\n`)
    await write(
      `/proc/${pid}/status`,
      `Name:\t${name}\nPPid:\t${parent}\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n`,
    )
    await write(`/proc/${pid}/comm`, `${name}\n`)
    await write(`/proc/${pid}/cgroup`, `0::${cgroup}\n`)
    await write(`/proc/${pid}/cmdline`, `${command.join('\0')}\0`)
    await write(`/proc/${pid}/wchan`, '0')
  }

  const node = {} as SickNode
  const healthy: Record<string, Answer> = {
    Version: {version: '0.1.0', runtimeName: 'containerd', runtimeVersion: '2.1.0', runtimeApiVersion: 'v1'},
    Status: () => ({
      status: {conditions: node.conditions},
      info: {config: JSON.stringify(node.settings)},
    }),
    RuntimeConfig: {linux: {cgroupDriver: 'SYSTEMD'}},
    ListPodSandbox: () => ({items: node.pods}),
    ListContainers: () => ({containers: node.containers}),
    ListImages: () => ({images: node.images}),
    ImageStatus: ({image}: cri.ImageStatusRequest) => ({
      image: node.images.find((one) => one.id === image?.image) ?? null,
    }),
    ImageFsInfo: {
      imageFilesystems: [{timestamp: secondsAgo(1), fsId: {mountpoint: '/var/lib/containerd/overlayfs'}}],
    },
    ListContainerStats: () => ({
      stats: node.containers.map((one) => ({
        attributes: {id: one.id ?? ''},
        writableLayer: {usedBytes: {value: '1000'}},
        memory: {workingSetBytes: {value: '500000000'}},
      })),
    }),
    PodSandboxStatus: ({podSandboxId}: cri.PodSandboxStatusRequest) => {
      const pod = node.pods.find((one) => one.id === podSandboxId) ?? missing()
      return {
        status: pod,
        info: {
          info: JSON.stringify({
            pid: 200,
            runtimeSpec: {linux: {namespaces: [{type: 'network', path: `/run/netns/${sandboxNamespace}`}]}},
          }),
        },
      }
    },
    ContainerStatus: async ({containerId}: cri.ContainerStatusRequest) => {
      const container = node.containers.find((one) => one.id === containerId) ?? missing()
      const own = node.statuses[containerId]
      if (typeof own === 'function') return own()
      const pid = container.state === 'CONTAINER_RUNNING' ? 201 : 0
      return {
        status: {...container, logPath: `/var/log/pods/default_web_${webUid}/web/0.log`, ...own},
        info: {info: JSON.stringify({pid, runtimeSpec: {linux: {cgroupsPath: webCgroup}}})},
      }
    },
  }
  const runtime = await startFakeRuntime(
    Object.fromEntries(
      Object.entries(healthy).map(([method, usual]) => [
        method,
        (request: never, call: FakeCall) => {
          const answer = node.answers[method] ?? usual
          return typeof answer === 'function' ? answer(request, call) : answer
        },
      ]),
    ),
  )
  const client = connect({endpoint: runtime.endpoint, maxRetries: 0})
  Object.assign(node, {
    root,
    runtime,
    client,
    pods: [
      {
        id: webPod,
        metadata: {name: 'web', namespace: 'default', uid: webUid, attempt: 0},
        state: 'SANDBOX_READY',
        createdAt: secondsAgo(3600),
        annotations: {'kubernetes.io/config.source': 'api'},
      },
    ],
    containers: [
      kubeletContainer('default', 'web', 'web', {id: web, podSandboxId: webPod, createdAt: secondsAgo(3600)}),
    ],
    statuses: {},
    conditions: [
      {type: 'RuntimeReady', status: true},
      {type: 'NetworkReady', status: true},
    ],
    answers: {},
    settings: {
      cni: {binDirs: ['/opt/cni/bin'], confDir: '/etc/cni/net.d'},
      stateDir: '/run/containerd/io.containerd.grpc.v1.cri',
      containerdEndpoint: '/run/containerd/containerd.sock',
    },
    images: [{id: 'sha256:11', repoTags: ['docker.io/library/busybox:1.36'], size: '2000000'}],
    fileSystem: {...roomy},
    watchError: undefined,
    mountLine: (path: string, type = 'tmpfs') => `30 1 0:26 / ${at(path)} rw - ${type} ${type} rw\n`,
    write,
    link,
    remove: (path: string) => rm(at(path), {recursive: true}),
    process: addProcess,
    examine: ({only, limitMs = 20_000, nowMs = Date.now(), upgradeTo}: ExamineOptions = {}) =>
      examine(
        checks.filter(({name}) => (only === undefined ? name !== 'upgrade' || upgradeTo : name === only)),
        new Subject({
          client,
          host: new Host({
            root,
            statfs: async () => node.fileSystem,
            tryWatch: () => {
              if (node.watchError) throw node.watchError
            },
          }),
          limitMs,
          nowMs,
          sinceMs: nowMs - 3_600_000,
          upgradeTo,
        }),
      ),
    findings: async (options?: ExamineOptions) =>
      (await node.examine(options)).flatMap(({name, findings}) =>
        findings.map((finding) => ({check: name, ...finding})),
      ),
    [Symbol.asyncDispose]: async () => {
      client.close()
      await runtime[Symbol.asyncDispose]()
      await rm(root, {recursive: true})
    },
  } satisfies SickNode)
  await writeHealthyNode(node)
  return node
}

async function writeHealthyNode(node: SickNode): Promise<void> {
  const {write, process} = node
  await write('/proc/self/mountinfo', node.mountLine('/sys/fs/cgroup', 'cgroup2'))
  await write('/proc/stat', `btime ${Math.floor(Date.now() / 1000) - 86_400}\n`)
  await write('/proc/sys/fs/file-nr', '2000\t0\t100000\n')
  await write('/proc/sys/kernel/pid_max', '32768\n')
  for (const resource of ['cpu', 'memory', 'io'])
    await write(
      `/proc/pressure/${resource}`,
      'some avg10=0.00 avg60=1.50 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.50 avg300=0.00 total=1\n',
    )
  await write(`/run/netns/${sandboxNamespace}`, '', {secondsAgo: 3600})
  await write(`/sys/fs/cgroup${webCgroup}/memory.events`, 'low 0\noom 0\noom_kill 0\n')
  await write(`/sys/fs/cgroup${webCgroup}/pids.current`, '3\n')
  await write(`/sys/fs/cgroup${webCgroup}/pids.max`, '100\n')
  await write('/sys/fs/cgroup/cgroup.controllers', 'cpuset cpu io memory hugetlb pids\n')
  await write('/etc/cni/net.d/10-net.conflist', cniFile(['bridge', 'portmap'], 'host-local'))
  for (const plugin of ['bridge', 'portmap', 'host-local'])
    await write(`/opt/cni/bin/${plugin}`, '', {mode: 0o755})
  await write(
    '/var/lib/kubelet/config.yaml',
    `kind: KubeletConfiguration\ncgroupDriver: systemd\ncontainerRuntimeEndpoint: ${node.runtime.endpoint}\n`,
  )
  await write('/var/lib/kubelet/image_manager/pulling/.keep', '')
  await node.remove('/var/lib/kubelet/image_manager/pulling/.keep')
  await write(`/var/log/pods/default_web_${webUid}/web/0.log`, 'x'.repeat(1000), {secondsAgo: 3600})
  await process({pid: 100, name: 'containerd'})
  await process({
    pid: 101,
    name: 'kubelet',
    command: ['/usr/bin/kubelet', '--config=/var/lib/kubelet/config.yaml'],
  })
  await process({
    pid: 110,
    name: 'containerd-shim',
    command: shimCommand(webPod),
  })
  await process({pid: 200, name: 'pause', cgroup: webCgroup.replace(web, webPod), parent: 110})
  await process({pid: 201, name: 'httpd', cgroup: webCgroup, parent: 110})
}

export function shimCommand(podId: string): string[] {
  return [
    ...['/usr/bin/containerd-shim-runc-v2', '-namespace', 'k8s.io', '-id', podId],
    ...['-address', '/run/containerd/containerd.sock'],
  ]
}

export function cniFile(plugins: string[], ipam: string): string {
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'net',
    plugins: plugins.map((type, index) => ({type, ...(index === 0 ? {ipam: {type: ipam}} : {})})),
  })
}

function missing(): never {
  throw status(5, 'no such object')
}
