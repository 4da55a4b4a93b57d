import {basename} from 'node:path'
import type {Container} from '../../generated/cri.js'
import {pidsByOwner} from './owned.js'
import {listPids, type ProcOptions, readProcesses} from './processes.js'

/**
 * Of programs that are a kubelet, or have one in them: k3s, MicroK8s, MicroShift and KubeEdge have no process of that
 * name. NixOS starts what it has wrapped by a name with a dot.
 */
const programs = /^\.?(kubelet|kubelite|hyperkube|k3s|k0s|rke2|microshift|edgecore)/

/**
 * Whether a kubelet runs on this machine; undefined where that is not to be seen: none of these containers is here, we
 * are in a container ourselves, or are shown some of the processes only.
 */
export async function kubeletRunsHere(
  containers: readonly Container[],
  options: ProcOptions = {},
): Promise<boolean | undefined> {
  const running = containers.filter(({state}) => state === 'CONTAINER_RUNNING').map(({id}) => id)
  let seesAll = true
  const looked = {...options, onDenied: () => (seesAll = false)}
  try {
    const owners = await pidsByOwner(new Set(running), looked)
    const processes = await readProcesses(await listPids(looked), looked)
    if (processes.some(isKubelet)) return true
    // A container that has its own processes sees what is in it, and not what has started it.
    const inside = new Set([...owners.values()].flat())
    const startedHere = processes.some(
      ({pid, parent}) =>
        inside.has(pid) && !inside.has(parent) && processes.some((one) => one.pid === parent),
    )
    return seesAll && startedHere && processes.some(({pid}) => pid === 1) ? false : undefined
  } catch {
    // Another machine's processes, or another system than Linux.
    return undefined
  }
}

/** A loader or a program of many names may be first, and the name that the kernel has is the file's at most. */
function isKubelet({name, command}: {name: string; command: readonly string[]}): boolean {
  return [name, ...command.slice(0, 2)].some((word) => programs.test(basename(word)))
}
