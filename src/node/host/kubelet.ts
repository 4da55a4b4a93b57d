import type {Container} from '../../generated/cri.js'
import {concurrently} from '../concurrently.js'
import {readText} from './files.js'
import {pidsByOwner} from './owned.js'
import {listPids, type ProcOptions} from './processes.js'

/** Of programs that are a kubelet, or have one in them: k3s and MicroK8s have no process of that name. */
const programs = /^(kubelet|kubelite|hyperkube|k3s|rke2)/

const atOnce = 8

/** Whether a kubelet runs on this machine; undefined where none of these containers does, so that theirs runs elsewhere. */
export async function kubeletRunsHere(
  containers: readonly Container[],
  options: ProcOptions = {},
): Promise<boolean | undefined> {
  const running = containers.filter(({state}) => state === 'CONTAINER_RUNNING').map(({id}) => id)
  try {
    if ((await pidsByOwner(new Set(running), options)).size === 0) return undefined
    const names = await concurrently(await listPids(options), atOnce, (pid) =>
      readText(`${options.root ?? '/proc'}/${pid}/comm`, options.onDenied),
    )
    return names.some((name) => name.status === 'fulfilled' && programs.test(name.value ?? ''))
  } catch {
    // Another machine's processes, or another system than Linux.
    return undefined
  }
}
