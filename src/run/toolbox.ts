import {randomUUID} from 'node:crypto'
import type {CriClient} from '../client/connect.js'
import {listContainers} from '../client/lists.js'
import type {Container, ContainerConfig, Input, PodSandboxConfig} from '../generated/cri.js'
import {lookAtProcesses} from '../node/container-processes.js'
import {startedTicks} from '../node/host/processes.js'
import type {NodeView} from '../node/view.js'
import {elsewhere} from '../text/elsewhere.js'
import {containerConfigFrom} from './from-flags.js'
import {createStep, newContainer, type Plan} from './plan.js'

// A container with tools beside another one: in its pod, among its processes, with no path of the node.

export type Profile = 'general' | 'netadmin' | 'sysadmin'

/** On top of what the runtime gives every container; the seccomp filter stays the runtime's but for `sysadmin`. */
export const profiles: Readonly<Record<Profile, {capabilities: readonly string[]; text: string}>> = {
  general: {capabilities: ['SYS_PTRACE'], text: "SYS_PTRACE, the runtime's seccomp filter"},
  netadmin: {
    capabilities: ['NET_ADMIN', 'NET_RAW', 'SYS_PTRACE'],
    text: "NET_ADMIN, NET_RAW, SYS_PTRACE, the runtime's seccomp filter",
  },
  sysadmin: {capabilities: ['ALL'], text: 'all capabilities, no seccomp filter: nearly root on the node'},
}

/** On each of ours, with the process that has made it, so that it is found again. */
const label = 'crisp.debug/made-by'

export interface Toolbox {
  target: Container
  pod: Input<PodSandboxConfig>
  /** The image's ID, so that what was shown is what runs. */
  imageId: string
  /** As the user wrote it. */
  image: string
  profile: Profile
  command: readonly string[]
  interactive: boolean
  tty: boolean
  /** Of the process that takes it away again. */
  ownPid: number
}

export async function toolboxPlan(box: Toolbox): Promise<Plan> {
  const {target, pod, imageId, image, profile, command, interactive, tty, ownPid} = box
  const name = `debug-${randomUUID().slice(0, 5)}`
  const flags = {name, image: imageId, command, interactive, tty, stdinOnce: true}
  const config = containerConfigFrom(
    {...flags, label: {[label]: await markOf(ownPid)}, 'cap-add': profiles[profile].capabilities},
    {env: {}, pod},
  )
  const context = config.linux?.securityContext
  const container: Input<ContainerConfig> = {
    ...config,
    image: {image: imageId, userSpecifiedImage: image},
    linux: {
      ...config.linux,
      securityContext: {
        ...context,
        ...(profile === 'sysadmin' ? {seccomp: {profileType: 'Unconfined'}} : {}),
        namespaceOptions: {
          ...context?.namespaceOptions,
          ipc: pod.linux?.securityContext?.namespaceOptions?.ipc ?? 'POD',
          pid: 'TARGET',
          targetId: target.id,
        },
      },
    },
  }
  return [
    createStep(target.podSandboxId, container, pod),
    {method: 'StartContainer', request: {containerId: newContainer}},
  ]
}

/** Its number where its processes are: 1 in a namespace of its own, another one beside a pause process or on the node. */
export async function targetPid(
  client: CriClient,
  container: Container,
  view: NodeView,
): Promise<number | undefined> {
  if (elsewhere() !== undefined) return undefined
  const [group] = await lookAtProcesses(client, [{container}], view, {})
  return group?.processes[0]?.pids.at(-1)
}

async function markOf(ownPid: number): Promise<string> {
  const ticks = elsewhere() === undefined ? await startedTicks(ownPid) : undefined
  return ticks === undefined ? 'elsewhere' : `${ownPid}.${ticks}`
}

/** Toolboxes whose crisp has ended without taking them away, or was on another machine. */
export async function leftToolboxes(client: CriClient): Promise<Container[]> {
  const marked = (await listContainers(client)).filter(({labels}) => labels[label] !== undefined)
  const inUse = await Promise.all(
    marked.map(async ({labels}) => {
      const [, pid, ticks] = /^(\d+)\.(\d+)$/.exec(labels[label] ?? '') ?? []
      if (pid === undefined || elsewhere() !== undefined) return false
      return (await startedTicks(Number(pid))) === Number(ticks)
    }),
  )
  return marked.filter((_, index) => !inUse[index])
}
