import {statSync} from 'node:fs'
import {join} from 'node:path'
import type {CriClient} from '../../client/connect.js'
import {UserError} from '../../errors/errors.js'
import {elsewhere} from '../../text/elsewhere.js'
import {isEmbedded} from '../kubelet.js'
import {findRootProgram} from './root-programs.js'

// The OCI runtime's own tool, which containerd and CRI-O start too. It alone joins a container the way the runtime has
// made it: its control groups, seccomp filter, capabilities and namespaces.

export interface RuntimeTool {
  /** From root's own directories. */
  path: string
  /** Where it keeps what it knows of its containers. */
  root: string
}

interface Place {
  root: string
  /** The file that this tool keeps of each container. */
  file: string
  tool: 'runc' | 'crun'
}

/** Where containerd (with any name of its socket), CRI-O and cri-dockerd let their tools keep it. */
const places: readonly Place[] = [
  '/run/containerd/runc/k8s.io',
  '/run/runc',
  '/run/crun',
  '/run/docker/runtime-runc/moby',
].flatMap((root) => [
  {root, file: 'state.json', tool: 'runc'} as const,
  {root, file: 'status', tool: 'crun'} as const,
])

/** Undefined where no tool that we know has this container: another runtime's, a virtual machine's. */
export async function runtimeToolOf(
  client: CriClient,
  containerId: string,
  known: readonly Place[] = places,
): Promise<RuntimeTool | undefined> {
  if (elsewhere() !== undefined || (await isEmbedded(client))) return undefined
  // Part of a path and a word of a command: it is nothing else than an ID.
  if (!/^[0-9a-f]{12,128}$/.test(containerId)) return undefined
  const place = known.find(({root, file}) => isOfRoot(join(root, containerId, file)))
  if (!place) return undefined
  const {path} = findRootProgram(place.tool)
  if (path === undefined)
    throw new UserError(`the container is ${place.tool}'s, which is not in root's own directories`)
  return {path, root: place.root}
}

function isOfRoot(path: string): boolean {
  return statSync(path, {throwIfNoEntry: false})?.uid === 0
}
