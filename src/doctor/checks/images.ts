import {RpcError, rpcCode} from '../../errors/errors.js'
import type {Image} from '../../generated/cri.js'
import {programName} from '../../text/program.js'
import type {Check, Finding} from '../check.js'
import type {Subject} from '../subject.js'

export const images: Check = {
  name: 'images',
  about: 'images that cannot be removed, or are not: broken, pinned, held by ended containers alone',
  sources: ['CRI'],
  severity: 'warning',
  explanation:
    'Images are removed by the kubelet when the disk is 85 % full, unless a container has them, ended ones too. An image that is in the list and has no status is broken: content of it is missing, since a pull was cut off or files were removed by hand. Its removal fails each time, and the kubelet says "ImageGCFailed". CRI-O refuses to remove what any container was made from; containerd removes the image and keeps its layers until the containers are gone. Pinned ones the kubelet never removes. Nothing is removed to try it: whether layers go too, which a lease of containerd may keep, only a removal shows.',
  run: async (subject: Subject) => {
    const [list, asked, containers, {sandboxImage}] = await Promise.all([
      subject.images(),
      subject.imageStatuses(),
      subject.containers(),
      subject.settings(),
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
    const holders = holdersOf(list, containers)
    const held = list.filter(({id, pinned}) => !pinned && holders.get(id) === 'ended')
    const pinned = list.filter(
      (image) => image.pinned && holders.get(image.id) === undefined && !isOfPods(image, sandboxImage),
    )
    const evidence = (images: readonly Image[]) => {
      const total = images.reduce((sum, {size}) => sum + Number(size), 0)
      return [
        `${subject.sizeText(total)}: ${images.slice(0, 5).map(nameOf).join(', ')}${images.length > 5 ? ', …' : ''}`,
      ]
    }
    const findings: Finding[] = []
    if (held.length > 0)
      findings.push({
        severity: 'info',
        what: `${held.length === 1 ? 'an image is' : `${held.length} images are`} held by ended containers alone`,
        evidence: evidence(held),
        fix: `${programName()} rm -a --state exited, then ${programName()} rmi --prune, once nobody wants to look at them`,
      })
    if (pinned.length > 0)
      findings.push({
        severity: 'info',
        what: `${pinned.length === 1 ? 'an image is' : `${pinned.length} images are`} pinned, and used by nothing`,
        evidence: evidence(pinned),
        fix: `the kubelet never removes them, nor does ${programName()} rmi --prune; once unwanted: ${programName()} rmi NAME`,
      })
    return [...broken, ...findings]
  },
}

/** The image of the pods' own containers, which are in no list. */
function isOfPods({repoTags, repoDigests}: Image, sandboxImage: unknown): boolean {
  return [...repoTags, ...repoDigests].some((name) => name === sandboxImage || /(^|\/)pause[:@]/.test(name))
}

/** By image ID, who has it: a container that may still run, or ended ones alone. */
function holdersOf(
  list: readonly Image[],
  containers: Awaited<ReturnType<Subject['containers']>>,
): Map<string, 'alive' | 'ended'> {
  const alive = new Set<string>()
  const ended = new Set<string>()
  for (const {imageId, imageRef, image, state} of containers)
    for (const name of [imageId, imageRef, image?.image ?? ''])
      (state === 'CONTAINER_EXITED' ? ended : alive).add(name)
  const holders = new Map<string, 'alive' | 'ended'>()
  for (const {id, repoTags, repoDigests} of list) {
    const names = [id, ...repoTags, ...repoDigests].filter((name) => name !== '')
    if (names.some((name) => alive.has(name))) holders.set(id, 'alive')
    else if (names.some((name) => ended.has(name))) holders.set(id, 'ended')
  }
  return holders
}

function nameOf({repoTags, repoDigests, id}: Image): string {
  return repoTags[0] ?? repoDigests[0] ?? id
}
