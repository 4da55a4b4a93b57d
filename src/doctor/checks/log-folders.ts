import {posix} from 'node:path'
import {isPodOfKubelet} from '../../node/kubelet.js'
import type {Check} from '../check.js'
import {NotChecked} from '../not-checked.js'
import type {Subject} from '../subject.js'

const folder = '/var/log/pods'
/** The kubelet removes them within minutes. */
const youngMs = 10 * 60_000
const mostNamed = 5

export const logFolders: Check = {
  name: 'log-folders',
  about: 'logs of pods that are gone',
  sources: ['CRI', 'host'],
  severity: 'warning',
  explanation:
    'The logs of a pod are in /var/log/pods/NAMESPACE_NAME_UID. The kubelet removes the folder some minutes after the pod. What stays belongs to pods of a kubelet that was set up anew, or has something in it that the kubelet does not remove. It is looked at only where the runtime has pods of a kubelet: else the folder is that of another runtime.',
  run: async (subject: Subject) => {
    const {host} = subject
    const pods = await subject.pods()
    if (!pods.some(isPodOfKubelet)) throw new NotChecked('this runtime has no pods of a kubelet')
    const uids = new Set(pods.map(({metadata}) => metadata?.uid))
    const names = ((await host.names(folder)) ?? []).filter((name) => {
      const [, uid] = /^[^_]+_[^_]+_([^_]+)$/.exec(name) ?? []
      return uid !== undefined && !uids.has(uid)
    })
    const left = (
      await Promise.all(
        names.map(async (name) => {
          const path = posix.join(folder, name)
          const facts = await host.facts(path)
          return facts?.isFolder && subject.nowMs - facts.modifiedMs > youngMs
            ? [{path, size: await sizeOf(subject, path)}]
            : []
        }),
      )
    )
      .flat()
      .sort((a, b) => b.size - a.size)
    if (left.length === 0) return []
    const total = left.reduce((sum, {size}) => sum + size, 0)
    return [
      {
        severity: 'warning',
        what: `${left.length === 1 ? 'a pod that is gone has' : `${left.length} pods that are gone have`} ${subject.sizeText(total)} of logs`,
        object: folder,
        evidence: [
          ...left.slice(0, mostNamed).map(({path, size}) => `${path}: ${subject.sizeText(size)}`),
          ...(left.length > mostNamed ? [`and ${left.length - mostNamed} more`] : []),
        ],
        fix: 'remove these folders, once nobody wants to read them',
      },
    ]
  },
}

async function sizeOf({host}: Subject, path: string): Promise<number> {
  const sizes = await Promise.all(
    (await host.folders(path)).map((name) => host.sizeOfFiles(posix.join(path, name))),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
