import {posix} from 'node:path'
import {mountsOf} from '../../node/host/mounts.js'
import {idsIn} from '../../node/owner/proc.js'
import type {Check, Finding} from '../check.js'
import {knownIds, youngMs} from '../runtime-processes.js'
import type {Subject} from '../subject.js'

/** Where runtimes keep what lives as long as a container: containerd's, for one that does not tell, and CRI-O's. */
const usualFolders = ['/run/containerd', '/run/containers/storage', '/var/run/containers/storage']
/** Below it the folders that are named for containers and pods; in others IDs mean layers. */
const ofObjects = /\/(?:k8s\.io|sandboxes|containers|overlay-containers)\/[0-9a-f]{64}\//

export const mounts: Check = {
  name: 'mounts',
  about: 'mounts of containers and pods that the runtime does not know',
  sources: ['CRI', 'host'],
  severity: 'warning',
  explanation:
    'A container has its root file system mounted by the runtime, a pod its shared memory. Where removing one failed half-way ("device or resource busy") the mount stays: its layers cannot be removed, the image neither, and its room is not given back. Usually a process in another mount namespace still holds it, such as an agent that has all of the node mounted.',
  run: async (subject: Subject) => {
    const {host} = subject
    const [known, {stateDir}, all] = await Promise.all([
      knownIds(subject),
      subject.settings(),
      mountsOf('self', {root: host.path('/proc')}),
    ])
    const folders = typeof stateDir === 'string' && stateDir !== '' ? [posix.dirname(stateDir)] : usualFolders
    const byId = new Map<string, string[]>()
    for (const {path} of all) {
      if (!folders.some((folder) => path.startsWith(`${folder}/`)) || !ofObjects.test(`${path}/`)) continue
      const [id] = idsIn(path)
      if (id !== undefined && !known.has(id)) byId.set(id, [...(byId.get(id) ?? []), path])
    }
    const findings = await Promise.all(
      [...byId].map(async ([id, paths]): Promise<Finding[]> => {
        const [path = ''] = paths
        const made = await host.facts(path.slice(0, path.indexOf(id) + id.length))
        if (made && subject.nowMs - made.modifiedMs <= youngMs) return []
        return [
          {
            severity: 'warning',
            what: `something is mounted for ${id.slice(0, 13)}, which the runtime does not know`,
            object: path,
            evidence: [...paths, 'no pod or container of this ID is in the lists'],
            fix: `who holds it: grep -l ${id.slice(0, 13)} /proc/*/mountinfo; then umount ${path}`,
          },
        ]
      }),
    )
    return findings.flat()
  },
}
