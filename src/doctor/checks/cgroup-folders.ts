import {posix} from 'node:path'
import {parseCgroups} from '../../node/host/cgroups.js'
import {idsIn} from '../../node/owner/proc.js'
import type {Check, Finding} from '../check.js'
import {NotChecked} from '../not-checked.js'
import {knownIds, runningContainers, youngMs} from '../runtime-processes.js'
import type {Subject} from '../subject.js'

/** The kubelet's, by files and by systemd. */
const kubeletsFolders = ['/kubepods', '/kubepods.slice']
const deepest = 4

export const cgroupFolders: Check = {
  name: 'cgroup-folders',
  about: 'control groups of containers that the runtime does not know',
  sources: ['CRI', 'host'],
  severity: 'warning',
  explanation:
    'Every container has a control group that is named for it, below that of its pod. One that stays after its container is gone costs the kernel memory and time, and the kubelet reads the figures of all of them every few seconds: tens of thousands make a node slow. One that still has processes in it is worse: they run, and no list has them.',
  run: async (subject: Subject) => {
    const {host} = subject
    const [trees, known, running] = await Promise.all([
      host.cgroupTrees(),
      knownIds(subject),
      runningContainers(subject),
    ])
    const controller = trees.version === 2 ? '' : 'memory'
    const parents = running.flatMap(({process}) => {
      const groups = parseCgroups(process?.cgroup ?? '')
      const own = groups.get(controller) ?? groups.get('')
      // Right below the root are the groups of everything else.
      return own === undefined || posix.dirname(own) === '/' ? [] : [posix.dirname(own)]
    })
    const roots = [...new Set([...kubeletsFolders, ...parents])].flatMap(
      (path) => trees.directory(controller, path) ?? [],
    )
    if (trees.directory(controller, '/') === undefined)
      throw new NotChecked('no control groups are mounted here')
    const found = new Map<string, string>()
    for (const root of roots) await collect(subject, root, 0, found)
    const findings = await Promise.all(
      [...found].filter(([, id]) => !known.has(id)).map(([path]) => leftFinding(subject, path)),
    )
    return findings.flat()
  },
}

/** Folders that are named for an ID, and which. What is inside of one is its own. */
async function collect(
  subject: Subject,
  folder: string,
  depth: number,
  found: Map<string, string>,
): Promise<void> {
  for (const name of await subject.host.folders(folder)) {
    const path = posix.join(folder, name)
    const [id] = idsIn(name)
    if (id !== undefined) found.set(path, id)
    else if (depth < deepest) await collect(subject, path, depth + 1, found)
  }
}

async function leftFinding({host, nowMs}: Subject, path: string): Promise<Finding[]> {
  const [facts, text] = await Promise.all([host.facts(path), host.text(posix.join(path, 'cgroup.procs'))])
  if (!facts || text === undefined || nowMs - facts.modifiedMs <= youngMs) return []
  const pids = text.split('\n').filter(Boolean)
  return [
    {
      severity: 'warning',
      what:
        pids.length > 0
          ? `${pids.length === 1 ? 'a process runs' : `${pids.length} processes run`} in the control group of a container that the runtime does not know`
          : 'a control group is left of a container that the runtime does not know',
      object: path,
      evidence: [path, ...(pids.length > 0 ? [`processes ${pids.slice(0, 10).join(', ')}`] : [])],
      fix: pids.length > 0 ? 'see what they are (ps, pstree) before they are ended' : `rmdir ${path}`,
    },
  ]
}
