import {readlink} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import type {CriClient} from '../../client/connect.js'
import {UserError} from '../../errors/errors.js'
import {elsewhere} from '../../text/elsewhere.js'
import {isEmbedded} from '../kubelet.js'
import {listPids, type ProcOptions, readProcesses} from './processes.js'
import {findRootProgram, isRootsOwn} from './root-programs.js'

// The OCI runtime's own tool, which containerd and CRI-O start too. It alone joins a container the way the runtime has
// made it: its control groups, seccomp filter, capabilities and namespaces.

export interface RuntimeTool {
  /** From root's own directories. */
  path: string
  /** Where it keeps what it knows of its containers. */
  root: string
}

export interface Place {
  root: string
  /** The file that this tool keeps of each container. */
  file: string
  tool: 'runc' | 'crun'
  /** By the path or the name that the runtime has for it, where that is told. */
  program?: string | undefined
}

const rootOfShims = '/run/containerd/runc'

/** Where containerd (with any name of its socket), CRI-O and cri-dockerd let their tools keep it unless they are told otherwise. */
const places: readonly Place[] = [
  `${rootOfShims}/k8s.io`,
  '/run/runc',
  '/run/crun',
  '/run/docker/runtime-runc/moby',
].flatMap((root) => placesIn(root))

function placesIn(root: string, program?: string): Place[] {
  return [
    {root, file: 'state.json', tool: 'runc', program},
    {root, file: 'status', tool: 'crun', program},
  ]
}

/** Undefined where no tool that we know has this container: another runtime's, a virtual machine's. */
export async function runtimeToolOf(
  client: CriClient,
  containerId: string,
  {known = places, ...options}: ProcOptions & {known?: readonly Place[]} = {},
): Promise<RuntimeTool | undefined> {
  if (elsewhere() !== undefined || (await isEmbedded(client))) return undefined
  // Part of a path and a word of a command: it is nothing else than an ID.
  if (!/^[0-9a-f]{12,128}$/.test(containerId)) return undefined
  const {status, info} = await client.runtime.containerStatus({containerId, verbose: true})
  const isRunning = status?.state === 'CONTAINER_RUNNING'
  const told = [...toldByRuntime(info), ...(isRunning ? await toldByMonitor(containerId, options) : [])]
  const place = [...told, ...known].find(({root, file}) => isRootsOwn(join(root, containerId, file)))
  if (!place) return undefined
  for (const name of [place.program, place.tool]) {
    const {path} = name === undefined ? {} : findRootProgram(name)
    if (path !== undefined) return {path, root: place.root}
  }
  throw new UserError(
    `the container is ${place.program ?? place.tool}'s, which is not in root's own directories`,
  )
}

/** containerd's settings of the container's runtime handler. */
function toldByRuntime({info = ''}: Readonly<Record<string, string>>): Place[] {
  try {
    const {runtimeOptions} = JSON.parse(info) as {runtimeOptions?: Record<string, unknown> | null}
    const text = (...names: string[]) =>
      names.map((name) => runtimeOptions?.[name]).find((value) => typeof value === 'string' && value !== '')
    const root = text('root', 'Root') as string | undefined
    const program = text('binary_name', 'BinaryName') as string | undefined
    return root === undefined && program === undefined
      ? []
      : placesIn(join('/', root ?? rootOfShims, 'k8s.io'), program)
  } catch {
    return []
  }
}

/**
 * What CRI-O has told conmon, in its command line. A process of a container may call itself so too: this one is root's,
 * and among the mounts of the node, where no container's is. So may any user of the node a program like su, by a link of
 * that name, and give it these words: this one is called so where root alone puts programs.
 */
async function toldByMonitor(containerId: string, options: ProcOptions): Promise<Place[]> {
  const {root = '/proc'} = options
  const processes = await readProcesses(await listPids(options), options).catch(() => [])
  for (const {pid, uid, pids, name, command} of processes) {
    const after = (flag: string) => (command.includes(flag) ? command[command.indexOf(flag) + 1] : undefined)
    if (name !== 'conmon' || uid !== 0 || pids.length > 1 || after('-c') !== containerId) continue
    const mounts = await Promise.all(
      [pid, 'self'].map((one) => readlink(join(root, String(one), 'ns/mnt')).catch(() => undefined)),
    )
    if (mounts[0] === undefined || mounts[0] !== mounts[1]) continue
    if (!isConmon(await readlink(join(root, String(pid), 'exe')).catch(() => ''))) continue
    const [, folder] = command.map((word) => /^--root=(\/.*)$/.exec(word)).find(Boolean) ?? []
    if (folder !== undefined) return placesIn(folder, after('-r'))
  }
  return []
}

/** Its file may have been replaced since it was started. */
function isConmon(program: string): boolean {
  return basename(program.replace(/ \(deleted\)$/, '')) === 'conmon' && isRootsOwn(dirname(program))
}
