import type {CriClient} from '../client/connect.js'
import {UserError} from '../errors/errors.js'
import type {Container, PodSandbox} from '../generated/cri.js'
import {lookAtProcesses, type ProcessGroup} from '../node/container-processes.js'
import {endingsOf, podEndings} from '../node/endings.js'
import {byCreation, type NodeView} from '../node/view.js'
import {treeText} from '../views/tree.js'

export interface TreeOptions {
  /** With their processes, which are looked for on this machine. */
  processes: boolean
  width: number | undefined
  /** How long the runtime may take to tell how containers have ended; undefined where nobody wants to know. */
  endingsWithinMs: number | undefined
}

/** Pods and containers of the node as a tree. */
export async function lookAtTree(
  client: CriClient,
  pods: readonly PodSandbox[],
  containers: readonly Container[],
  view: NodeView,
  {processes, width, endingsWithinMs: withinMs}: TreeOptions,
): Promise<string> {
  const nowMs = Date.now()
  if (processes && process.platform !== 'linux')
    throw new UserError("processes are looked up in Linux's /proc: run this on the node itself")
  const [groups, endings, ofPods] = await Promise.all([
    processes ? groupsOf(client, pods, containers, view) : [],
    withinMs === undefined ? undefined : endingsOf(client, containers, {withinMs, nowMs, pods}),
    withinMs === undefined ? undefined : podEndings(client, pods, {withinMs, nowMs}),
  ])
  return treeText(pods, [...containers].sort(byCreation), {
    nowMs,
    width,
    endings,
    podEndings: ofPods,
    processes: new Map(groups.map(({owner, processes: own}) => [(owner.container ?? owner.pod).id, own])),
  })
}

function groupsOf(
  client: CriClient,
  pods: readonly PodSandbox[],
  containers: readonly Container[],
  view: NodeView,
): Promise<ProcessGroup[]> {
  const owners = [...pods.map((pod) => ({pod})), ...containers.map((container) => ({container}))]
  return lookAtProcesses(client, owners, view, {})
}
