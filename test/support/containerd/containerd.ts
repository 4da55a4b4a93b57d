import {type ChildProcess, execFile, spawn} from 'node:child_process'
import {once} from 'node:events'
import {closeSync, openSync} from 'node:fs'
import {mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {type CriClient, connect} from '../../../src/client/connect.js'
import {RpcError, rpcCode} from '../../../src/errors/errors.js'
import type {ContainerConfig, Input, PodSandboxConfig} from '../../../src/generated/cri.js'
import {stopPod} from '../../../src/node/remove.js'
import {cniDirectory} from './availability.js'
import {writeBusyboxArchive} from './images.js'
import {otherRuntime} from './other-runtime.js'

const run = promisify(execFile)

export const busyboxImage = otherRuntime?.image ?? 'test.local/busybox:1.35'
const pauseImage = 'test.local/pause:1'

/** A containerd of the test's own, with a busybox image and a network for pods. Its end removes all it made. */
export interface Containerd extends AsyncDisposable {
  readonly endpoint: string
  /** Its own directory, for files that a test needs; goes with it. */
  readonly directory: string
  readonly client: CriClient
  /** The runtime that is named in its place is a CRI-O. */
  readonly isCrio: boolean
  /** A docker-archive of the busybox image, for a registry. */
  readonly archive: string
  /** On the host's network, which is quickest, unless the configuration says otherwise. */
  runPod(name: string, config?: Input<PodSandboxConfig>): Promise<TestPod>
  /** Ends the daemon; pods and containers live on in their shims. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again on the same socket and state, after `stop`. */
  start(): Promise<void>
}

export interface TestPod {
  readonly id: string
  readonly config: Input<PodSandboxConfig>
  /** Creates a container that runs the words in a shell; `start` false leaves it created. */
  runContainer(name: string, script: string, options?: ContainerOptions): Promise<string>
}

export interface ContainerOptions {
  config?: Input<ContainerConfig>
  attempt?: number
  start?: boolean
}

export async function startContainerd(): Promise<Containerd> {
  return otherRuntime ? connectTo(otherRuntime.endpoint) : startOwn([])
}

/** The runtime that is named in place of a containerd, which has to be without pods. What the test makes there goes. */
async function connectTo(endpoint: string): Promise<Containerd> {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-ctd-'))
  const cgroupParent = `/crisp-${directory.slice(-6)}`
  const client = connect({endpoint, maxRetries: -1, timeoutMs: 60_000})
  const {runtimeName} = await client.runtime.version()
  const notOurs = () => Promise.reject(new Error(`${endpoint} is not the test's to stop`))
  return {
    endpoint,
    directory,
    client,
    isCrio: runtimeName === 'cri-o',
    archive: '',
    runPod: (name, config = {}) => runPod(client, directory, cgroupParent, name, config),
    stop: notOurs,
    start: notOurs,
    [Symbol.asyncDispose]: async () => {
      await removeAllPods(client)
      client.close()
      await removeCgroups(cgroupParent)
      await rm(directory, {recursive: true, force: true, maxRetries: 5})
    },
  }
}

/** `inside`: words before a command that runs in the network that it should have. */
export async function startOwn(inside: readonly string[]): Promise<Containerd> {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-ctd-'))
  const socket = join(directory, 'c.sock')
  const endpoint = `unix://${socket}`
  const bridge = `crisp${directory.slice(-6).toLowerCase()}`
  const cgroupParent = `/crisp-${directory.slice(-6)}`
  const configPath = join(directory, 'config.toml')
  await writeFile(configPath, configuration(directory, socket))
  await mkdir(join(directory, 'cni'))
  await writeFile(join(directory, 'cni', '10-test.conflist'), network(bridge, directory))

  let daemon = await launch(directory, configPath, inside)
  const client = connect({endpoint, maxRetries: -1, timeoutMs: 60_000})
  await answers(client)
  const archive = await importImages(directory, socket)

  const containerd: Containerd = {
    endpoint,
    directory,
    client,
    isCrio: false,
    archive,
    runPod: (name, config = {}) => runPod(client, directory, cgroupParent, name, config),
    stop: (signal = 'SIGTERM') => end(daemon, signal),
    start: async () => {
      daemon = await launch(directory, configPath, inside)
      await answers(client)
    },
    [Symbol.asyncDispose]: async () => {
      try {
        if (daemon.exitCode !== null || daemon.signalCode !== null) await containerd.start()
        await removeAllPods(client)
      } finally {
        client.close()
        await end(daemon, 'SIGTERM')
        await endShims(directory)
        await unmountBelow(directory)
        await run('ip', ['link', 'delete', bridge]).catch(() => undefined) // There is none unless a pod had a network.
        await removeCgroups(cgroupParent)
        await rm(directory, {recursive: true, force: true, maxRetries: 5})
      }
    },
  }
  return containerd
}

function configuration(directory: string, socket: string): string {
  return `version = 2
root = "${directory}/root"
state = "${directory}/state"
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "${directory}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${cniDirectory}"
  conf_dir = "${directory}/cni"
`
}

function network(bridge: string, directory: string): string {
  const subnet = `10.${100 + (process.pid % 100)}.${Math.floor(Math.random() * 256)}.0/24`
  return JSON.stringify({
    cniVersion: '0.4.0',
    name: bridge,
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        ipam: {type: 'host-local', dataDir: join(directory, 'ipam'), ranges: [[{subnet}]]},
      },
      // Does something for pods that publish ports only.
      {type: 'portmap', capabilities: {portMappings: true}},
    ],
  })
}

async function launch(
  directory: string,
  configPath: string,
  inside: readonly string[],
): Promise<ChildProcess> {
  const log = openSync(join(directory, 'containerd.log'), 'a')
  const [program = '', ...words] = [...inside, 'containerd', '--config', configPath]
  const daemon = spawn(program, words, {stdio: ['ignore', log, log]})
  closeSync(log)
  await once(daemon, 'spawn')
  return daemon
}

/** The channel of a client that was connected before fails at once until it has tried again by itself. */
async function answers(client: CriClient): Promise<void> {
  for (;;) {
    try {
      await client.runtime.version()
      return
    } catch (error) {
      if (!(error instanceof RpcError) || error.code !== rpcCode.unavailable) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function end(daemon: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return
  const exited = once(daemon, 'exit')
  daemon.kill(signal)
  await exited
}

async function importImages(directory: string, socket: string): Promise<string> {
  const importArchive = (archive: string) =>
    run('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', archive])
  const build = async (name: string, tag: string, config: object) => {
    await mkdir(join(directory, name))
    return writeBusyboxArchive(join(directory, name), [tag], config)
  }
  const archive = await build('busybox', busyboxImage, {Cmd: ['/bin/sh']})
  await importArchive(archive)
  await importArchive(await build('pause', pauseImage, {Entrypoint: ['/bin/busybox', 'sleep', '2147483647']}))
  return archive
}

async function runPod(
  client: CriClient,
  directory: string,
  cgroupParent: string,
  name: string,
  extra: Input<PodSandboxConfig>,
): Promise<TestPod> {
  const namespace = extra.metadata?.namespace ?? 'default'
  const config: Input<PodSandboxConfig> = {
    logDirectory: join(directory, 'logs', `${namespace}_${name}`),
    ...extra,
    metadata: {name, uid: `uid-${name}`, namespace: 'default', attempt: 0, ...extra.metadata},
    linux: {
      cgroupParent,
      securityContext: {namespaceOptions: {network: 'NODE'}},
      ...extra.linux,
    },
  }
  const {podSandboxId: id} = await client.runtime.runPodSandbox({config})
  return {
    id,
    config,
    runContainer: async (containerName, script, {config: more = {}, attempt = 0, start = true} = {}) => {
      // CRI-O makes no folders for logs, and wants to know what the user wrote, as the kubelet tells it.
      await mkdir(join(config.logDirectory ?? '', containerName), {recursive: true})
      const image = more.image?.image ?? busyboxImage
      const {containerId} = await client.runtime.createContainer({
        podSandboxId: id,
        sandboxConfig: config,
        config: {
          metadata: {name: containerName, attempt},
          command: ['/bin/sh', '-c', script],
          logPath: `${containerName}/${attempt}.log`,
          ...more,
          image: {userSpecifiedImage: image, ...more.image, image},
        },
      })
      if (start) await client.runtime.startContainer({containerId})
      return containerId
    },
  }
}

/** Shims outlive their containerd unless every sandbox is removed first. */
export async function removeAllPods(client: CriClient): Promise<void> {
  const {items} = await client.runtime.listPodSandbox()
  await Promise.all(
    items.map(async ({id}) => {
      await stopPod(client, id)
      await client.runtime.removePodSandbox({podSandboxId: id})
    }),
  )
}

/** There are none unless removing the pods has failed; their containers end with them. */
async function endShims(directory: string): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') // It may have ended meanwhile.
    if (!commandLine.includes(`${directory}/c.sock`) || !commandLine.includes('containerd-shim')) continue
    for (const child of await childrenOf(pid)) process.kill(child, 'SIGKILL')
    process.kill(Number(pid), 'SIGKILL')
  }
}

async function childrenOf(pid: string): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text.split(' ').filter(Boolean).map(Number)
}

async function unmountBelow(directory: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${directory}/`))
  for (const path of mounts.reverse()) await run('umount', ['-l', path])
}

async function removeCgroups(cgroupParent: string): Promise<void> {
  const hierarchies = (await readdir('/sys/fs/cgroup', {withFileTypes: true})).filter((entry) =>
    entry.isDirectory(),
  )
  // Most hierarchies have none.
  for (const place of ['', ...hierarchies.map(({name}) => name)])
    await rmdir(join('/sys/fs/cgroup', place, cgroupParent)).catch(() => undefined)
}
