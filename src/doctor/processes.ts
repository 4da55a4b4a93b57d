import type {HostProcess} from '../node/host/processes.js'
import {idsIn} from '../node/owner/proc.js'
import type {Host} from './host.js'
import {NotChecked} from './not-checked.js'

/** What stays with a container or pod for as long as it lives: containerd's shim, one for a pod, or CRI-O's conmon. */
export interface Monitor {
  process: HostProcess
  /** Of the pod, or of the container, that it was started for. */
  id: string
  /** What tells which runtime started it, as far as its words do: containerd's socket, CRI-O's folder of exits. */
  startedBy: string | undefined
}

export function monitorsAmong(processes: readonly HostProcess[]): Monitor[] {
  return processes.flatMap((process) => {
    const {name, command} = process
    const after = (flag: string) => {
      const index = command.indexOf(flag)
      return index < 0 ? undefined : command[index + 1]
    }
    if (name.startsWith('containerd-shim')) {
      const id = after('-id')
      return id !== undefined && after('-namespace') === 'k8s.io'
        ? [{process, id, startedBy: after('-address')}]
        : []
    }
    // podman has the same program, and tells it to call podman at the end.
    if (name === 'conmon' && !command.includes('--exit-command')) {
      const id = after('-c')
      return id === undefined ? [] : [{process, id, startedBy: after('--exit-dir')}]
    }
    return []
  })
}

/** The shim of a container or pod, and which of its processes no signal reaches. */
export async function processLines(host: Host, id: string, podId: string): Promise<string[]> {
  let processes: readonly HostProcess[]
  try {
    processes = await host.processes()
  } catch (error) {
    if (error instanceof NotChecked) return []
    throw error
  }
  const shims = monitorsAmong(processes).filter((monitor) => [id, podId].includes(monitor.id))
  const own = processes.filter(({cgroup}) => idsIn(cgroup).includes(id))
  const stuck = own.filter(({state}) => state === 'D')
  const waits = await Promise.all(
    stuck.map(async ({pid, name}) => {
      const place = (await host.text(`/proc/${pid}/wchan`).catch(() => undefined))?.trim()
      return `process ${pid} (${name}) waits in the kernel, state D${place && place !== '0' ? ` in ${place}` : ''}`
    }),
  )
  return [
    ...shims.map(({process: {pid, name, state}}) => `its shim: process ${pid} (${name}), state ${state}`),
    ...waits,
  ]
}
