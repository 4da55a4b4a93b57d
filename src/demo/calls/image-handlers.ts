import {rpcCode} from '../../errors/errors.js'
import {StatusError} from '../../errors/status-error.js'
import type * as cri from '../../generated/cri.js'
import {hexOf} from '../../text/short-id.js'
import type {Handlers} from '../server/rpc.js'
import {invalidArgument, notFound, unknown} from '../server/statuses.js'
import {nowNs} from '../state/clock.js'
import {demoRegistry, type ImageDefinition} from '../state/image-catalogue.js'
import {isImageName, isShortName, normalizedImageName, repositoryOf} from '../state/image-names.js'
import type {StoredImage} from '../state/image-store.js'
import type {Runtime} from '../state/runtime.js'
import {inChunks} from './filters.js'
import {imageInfo} from './info.js'
import {imageRecord} from './records.js'

export function imageHandlers(runtime: Runtime) {
  const {images, behaviour} = runtime
  return {
    listImages({filter}: cri.ListImagesRequest) {
      return {images: filterImages(runtime, filter).map(imageRecord)}
    },

    async *streamImages({filter}: cri.StreamImagesRequest) {
      for (const chunk of inChunks(filterImages(runtime, filter))) yield {images: chunk.map(imageRecord)}
    },

    imageStatus({image, verbose}: cri.ImageStatusRequest) {
      const stored = findImage(runtime, image?.image ?? '')
      if (!stored) return {}
      return {image: imageRecord(stored), info: verbose ? imageInfo(stored) : {}}
    },

    pullImage({image, auth}: cri.PullImageRequest) {
      const name = image?.image ?? ''
      if (!isImageName(name)) throw invalidArgument(`"${name}" is not the name of an image`)
      const definition = images.findOffered(name)
      if (!definition) throw missingImageError(name)
      checkCredentials(definition, name, auth)
      const {id} = images.pull(definition, name)
      const digest = `${repositoryOf(normalizedImageName(name))}@${definition.digest}`
      return {imageRef: behaviour.pullAnswer === 'id' ? id : digest}
    },

    removeImage({image}: cri.RemoveImageRequest) {
      const name = image?.image ?? ''
      const stored = findImage(runtime, name)
      if (!stored) return {}
      const user = runtime.containers.all().find((container) => container.image === stored)
      const byId = stored.id.includes(hexOf(name))
      if (!behaviour.keepsImagesInUse) images.remove(stored)
      else if (!byId && stored.tags.size > 1) images.untag(stored, name)
      else if (user) throw unknown(`image "${name}" is in use by container ${user.id}`)
      else images.remove(stored)
      return {}
    },

    /** The images are built in and take nothing: told is what they say of themselves. */
    imageFsInfo() {
      const timestamp = nowNs()
      const usedBytes = images.all().reduce((sum, {definition}) => sum + definition.sizeBytes, 0)
      const filesystem = {
        timestamp,
        fsId: {mountpoint: runtime.directory},
        usedBytes: {value: String(usedBytes)},
        inodesUsed: {value: String(images.all().length)},
      }
      return {
        imageFilesystems: [filesystem],
        containerFilesystems: behaviour.containerFilesystem ? [filesystem] : [],
      }
    },
  } satisfies Partial<Handlers>
}

function findImage({images, behaviour}: Runtime, name: string): StoredImage | undefined {
  const found = images.find(name)
  if (!found && behaviour.refusesShortNames && isShortName(name))
    throw unknown(
      `short-name "${name}" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"`,
    )
  return found
}

function filterImages({images, behaviour}: Runtime, filter: cri.ImageFilter | null): StoredImage[] {
  const name = filter?.image?.image ?? ''
  if (name === '' || !behaviour.filtersImages) return images.all()
  const found = images.find(name)
  return found ? [found] : []
}

function missingImageError(name: string): StatusError {
  const normalized = normalizedImageName(name)
  if (normalized.startsWith(`${demoRegistry}/`) || normalized.startsWith('docker.io/library/busybox'))
    return notFound(`${normalized}: the registry has no such image`)
  const registry = normalized.slice(0, normalized.indexOf('/'))
  return new StatusError(
    rpcCode.unavailable,
    `${normalized}: cannot reach ${registry}: the embedded runtime has only what ${demoRegistry} offers (crisp images)`,
  )
}

/** As containerd reads them: user name and password, else both in `auth`; a login for another host does not count. */
function checkCredentials({credentials}: ImageDefinition, name: string, auth: cri.AuthConfig | null): void {
  if (credentials === undefined) return
  const host = (auth?.serverAddress ?? '').replace(/^https?:\/\//, '').split('/')[0]
  const given =
    !auth || (host !== '' && host !== demoRegistry)
      ? ''
      : auth.username === ''
        ? Buffer.from(auth.auth, 'base64').toString()
        : `${auth.username}:${auth.password}`
  if (given !== credentials)
    throw unknown(
      `${name}: pull access denied: ${given === '' ? 'the registry asks for a login' : 'wrong user name or password'}`,
    )
}
