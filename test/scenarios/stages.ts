import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import {type CriClient, connect} from '../../src/client/connect.js'
import {startDemoRuntime} from '../../src/demo/index.js'
import type {ContainerConfig, Input, PodSandboxConfig} from '../../src/generated/cri.js'
import {busyboxImage, startContainerd} from '../support/containerd/containerd.js'
import {otherRuntime} from '../support/containerd/other-runtime.js'
import {clientOf, shellImage} from '../support/demo-node.js'
import {isMet} from '../support/needs.js'
import {isStandalone, runCli} from '../support/run-cli.js'

/** A runtime to play a scenario on. */
export interface Stage extends AsyncDisposable {
  client: CriClient
  /** An image with a shell that is on the node. */
  image: string
  podConfig(name: string, config?: Input<PodSandboxConfig>): Input<PodSandboxConfig>
  containerConfig(name: string, script: string, config?: Input<ContainerConfig>): Input<ContainerConfig>
}

/** Whose answers are to be expected. */
export type Kind = 'the embedded runtime' | 'containerd' | 'CRI-O' | 'a release before containerd 2.1'

interface StageEntry {
  name: string
  kind: Kind
  missing: boolean
  start: () => Promise<Stage>
}

const ownStages: readonly StageEntry[] = [
  {name: 'the embedded runtime', kind: 'the embedded runtime', missing: false, start: () => demoStage()},
  demoEntry('containerd-1.6', 'a release before containerd 2.1'),
  demoEntry('containerd-2.3', 'the embedded runtime'),
  demoEntry('crio-1.30', 'CRI-O'),
  demoEntry('crio-1.36', 'CRI-O'),
  {name: 'containerd', kind: 'containerd', missing: !isMet('containerd'), start: containerdStage},
]

export const stages = otherRuntime ? [await entryAt(otherRuntime.endpoint, otherRuntime.image)] : ownStages

async function entryAt(endpoint: string, image: string): Promise<StageEntry> {
  const client = connect({endpoint})
  const {runtimeName, runtimeVersion} = await client.runtime.version()
  client.close()
  const answersAs = (): Kind => {
    if (runtimeName === 'cri-o') return 'CRI-O'
    if (/^v?1\.6\./.test(runtimeVersion)) return 'containerd'
    return /^v?(1\.|2\.0\.)/.test(runtimeVersion) ? 'a release before containerd 2.1' : 'the embedded runtime'
  }
  return {
    name: `${runtimeName} ${runtimeVersion}`,
    kind: answersAs(),
    missing: false,
    start: () => stageAt(endpoint, image),
  }
}

/** Pods that a failed scenario leaves there go with it. */
async function stageAt(endpoint: string, image: string): Promise<Stage> {
  const client = connect({endpoint})
  const directory = await mkdtemp(join(tmpdir(), 'crisp-stage-'))
  const ours = {'crisp-stage': basename(directory)}
  return {
    client,
    image,
    podConfig: (name, config = {}) =>
      podConfig(join(directory, name), `/${basename(directory)}`, name, {
        ...config,
        labels: {...config.labels, ...ours},
      }),
    containerConfig: (name, script, config) => containerConfig(image, name, script, config),
    async [Symbol.asyncDispose]() {
      const {items} = await client.runtime.listPodSandbox({filter: {labelSelector: ours}})
      for (const {id: podSandboxId} of items) {
        await client.runtime.stopPodSandbox({podSandboxId})
        await client.runtime.removePodSandbox({podSandboxId})
      }
      client.close()
      await rm(directory, {recursive: true})
    },
  }
}

function demoEntry(like: string, kind: Kind): StageEntry {
  return {name: `the embedded runtime as ${like}`, kind, missing: false, start: () => demoStage(like)}
}

async function demoStage(like?: string): Promise<Stage> {
  const runtime = await (isStandalone ? startDemoOfFile : startDemoRuntime)({like})
  const client = clientOf(runtime)
  const logs = await mkdtemp(join(tmpdir(), 'crisp-logs-'))
  // Good for either cgroup driver.
  const cgroupParent = 'crisp-test.slice'
  return {
    client,
    image: shellImage,
    podConfig: (name, config) => podConfig(join(logs, name), cgroupParent, name, config),
    containerConfig: (name, script, config) => containerConfig(shellImage, name, script, config),
    async [Symbol.asyncDispose]() {
      client.close()
      await runtime[Symbol.asyncDispose]()
      await rm(logs, {recursive: true})
    },
  }
}

/** As a process of the standalone file. */
async function startDemoOfFile({
  like,
}: {
  like: string | undefined
}): Promise<{endpoint: string} & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-demo-'))
  const env = {XDG_RUNTIME_DIR: directory}
  const release = like === undefined ? [] : ['--like', like]
  const {stdout, stderr} = await runCli(['demo', '--detach', '--empty', ...release], {env})
  if (stdout === '') throw new Error(stderr)
  return {
    endpoint: stdout.trim(),
    async [Symbol.asyncDispose]() {
      await runCli(['demo', '--stop'], {env})
      await rm(directory, {recursive: true})
    },
  }
}

async function containerdStage(): Promise<Stage> {
  const containerd = await startContainerd()
  const {client, directory} = containerd
  // The directory's name tells this containerd's control groups from those of another test's.
  const cgroupParent = `/crisp-${directory.slice(-6)}`
  return {
    client,
    image: busyboxImage,
    podConfig: (name, config) => podConfig(join(directory, 'logs', name), cgroupParent, name, config),
    containerConfig: (name, script, config) => containerConfig(busyboxImage, name, script, config),
    [Symbol.asyncDispose]: async () => containerd[Symbol.asyncDispose](),
  }
}

function podConfig(
  logDirectory: string,
  cgroupParent: string,
  name: string,
  config: Input<PodSandboxConfig> = {},
): Input<PodSandboxConfig> {
  return {
    metadata: {name, namespace: 'scene', uid: `uid-${name}`, attempt: 0},
    logDirectory,
    linux: {cgroupParent, securityContext: {namespaceOptions: {network: 'NODE'}}},
    ...config,
  }
}

function containerConfig(
  image: string,
  name: string,
  script: string,
  config: Input<ContainerConfig> = {},
): Input<ContainerConfig> {
  return {
    metadata: {name, attempt: 0},
    image: {image, userSpecifiedImage: image},
    command: ['/bin/sh', '-c', script],
    logPath: `${name}.log`,
    ...config,
  }
}
