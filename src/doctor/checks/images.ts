import {RpcError, rpcCode} from '../../errors/errors.js'
import type {Image} from '../../generated/cri.js'
import {programName} from '../../text/program.js'
import type {Check, Finding} from '../check.js'
import type {Subject} from '../subject.js'

export const images: Check = {
  name: 'images',
  about: 'images that cannot be removed: broken ones, and those that only ended containers hold',
  sources: ['CRI'],
  severity: 'warning',
  explanation:
    'Images are removed by the kubelet when the disk is 85 % full, unless a container has them, ended ones too. An image that is in the list and has no status is broken: content of it is missing, since a pull was cut off or files were removed by hand. Its removal fails each time, and the kubelet says "ImageGCFailed". CRI-O refuses to remove what any container was made from; containerd removes the image and keeps its layers until the containers are gone.',
  run: async (subject: Subject) => {
    const [list, asked, containers] = await Promise.all([
      subject.images(),
      subject.imageStatuses(),
      subject.containers(),
    ])
    const broken = asked.flatMap(({thing, answer, error}): Finding[] => {
      const isGone = error instanceof RpcError && error.code === rpcCode.notFound
      const fails = error instanceof RpcError && error.code !== rpcCode.deadlineExceeded
      if (!isGone && !fails && !(answer && !answer.image)) return []
      const object = nameOf(thing)
      return [
        {
          severity: 'warning',
          what: `image ${object} is in the list, and has no status`,
          object,
          evidence: [
            thing.id || 'it has no ID',
            error instanceof RpcError ? error.details : 'ImageStatus knows no such image',
          ],
          fix: `remove it with the tool of the runtime (ctr -n k8s.io images rm, podman rmi -f), then pull it again`,
        },
      ]
    })
    const held = heldByEnded(list, containers)
    if (held.length === 0) return broken
    const total = held.reduce((sum, {size}) => sum + Number(size), 0)
    return [
      ...broken,
      {
        severity: 'info',
        what: `${held.length === 1 ? 'an image is' : `${held.length} images are`} held by ended containers alone`,
        evidence: [
          `${subject.sizeText(total)}: ${held.slice(0, 5).map(nameOf).join(', ')}${held.length > 5 ? ', …' : ''}`,
        ],
        fix: `${programName()} rm -a --state exited, then ${programName()} rmi --prune, once nobody wants to look at them`,
      },
    ]
  },
}

function heldByEnded(
  list: readonly Image[],
  containers: Awaited<ReturnType<Subject['containers']>>,
): Image[] {
  const holders = new Map<string, {ended: number; alive: number}>()
  for (const {imageId, imageRef, image, state} of containers)
    for (const name of new Set([imageId, imageRef, image?.image ?? ''])) {
      const counts = holders.get(name) ?? {ended: 0, alive: 0}
      if (state === 'CONTAINER_EXITED') counts.ended++
      else counts.alive++
      holders.set(name, counts)
    }
  holders.delete('')
  return list.filter(({id, repoTags, repoDigests, pinned}) => {
    const counts = [id, ...repoTags, ...repoDigests].flatMap((name) => holders.get(name) ?? [])
    return !pinned && counts.length > 0 && counts.every(({alive}) => alive === 0)
  })
}

function nameOf({repoTags, repoDigests, id}: Image): string {
  return repoTags[0] ?? repoDigests[0] ?? id
}
