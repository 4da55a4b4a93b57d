import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import type {GlobalFlags} from '../cli/flags/common.js'
import {imageFilterFlag} from '../cli/flags/images.js'
import {targetFlags} from '../cli/flags/target.js'
import {TargetCommand} from '../cli/several-targets.js'
import type {CriClient} from '../client/connect.js'
import {listImageRows} from '../client/list-rows.js'
import {MissingArgumentError, NotFoundError, UsageError, UserError} from '../errors/errors.js'
import type {Image} from '../generated/cri.js'
import {concurrently} from '../node/concurrently.js'
import {type ImageFilter, imageFilter} from '../node/image-filter.js'
import {type ImageTarget, imageTarget, removeImage, tagsGoingToo, unusedImages} from '../node/remove-image.js'
import {removesAllTags} from '../node/runtimes.js'
import type {Target} from '../node/targets.js'
import {shortId} from '../text/short-id.js'
import {bytesText, type Units} from '../text/units.js'

export default class Rmi extends TargetCommand {
  static override summary = 'Remove images'
  static override description =
    'containerd removes an image with all its tags, whichever of them is named; the others are warned of, and on a ' +
    'terminal --all-tags is asked for. --tag-only takes one name away, as crisp untag does. The runtime decides about images in use: CRI-O refuses, containerd does not.'
  static override examples = [
    'crisp rmi docker.io/library/busybox:1.36',
    'crisp rmi --prune --dry-run',
    'crisp rmi --filter dangling=true',
    'crisp rmi busybox:1.36 --all-tags --ignore-missing',
    'sudo crisp rmi --tag-only app:latest',
  ]

  static override args = {
    image: Args.string({multiple: true, description: 'tag, digest or ID'}),
  }

  static override flags = {
    all: Flags.boolean({char: 'a', helpGroup: 'FILTER', description: 'every image, pinned ones too'}),
    prune: Flags.boolean({
      char: 'q',
      helpGroup: 'FILTER',
      description: 'every image that no container uses; pinned ones stay',
    }),
    filter: imageFilterFlag,
    'all-tags': Flags.boolean({description: "also remove the image's other tags, without a warning"}),
    'tag-only': Flags.boolean({
      description: "only the names that are given; the image keeps the others, by the runtime's own tool",
    }),
    ...targetFlags(),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Rmi)
    const words = args.image ?? []
    if (words.length === 0 && !flags.all && !flags.prune && !flags.filter)
      throw new MissingArgumentError('which image? name it, or choose with --prune, --filter or --all')
    if (flags['tag-only'] && (flags['all-tags'] || flags.all || flags.prune || flags.filter))
      throw new UsageError(
        '--tag-only takes away the names that are given, and goes with no choice of images',
      )
    using client = await this.connect(flags)
    if (flags['tag-only']) return await this.#untag(client, words, flags)

    const [version, named, chosen] = await Promise.all([
      client.runtime.version(),
      concurrently(words, flags.parallel, (word) => imageTarget(client, word)),
      chooseImages(client, flags),
    ])
    const images = [...named, ...chosen.map(asTarget)]
    // As crictl: a node that is clean already is nothing to speak of.
    if (images.length === 0 && flags.prune) return
    const names = new Set(
      images.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.name] : [])),
    )
    const takesAll = removesAllTags(version)
    const wholeImages = takesAll || flags['all-tags']
    await this.onEach(client, images.map(addKey(wholeImages)), flags, {
      verb: 'remove',
      noun: 'image',
      describe: async () => {
        const units = await this.units(flags)
        return (target) => describeImage(target, units)
      },
      act: async (target, say) => {
        const others = takesAll && !flags['all-tags'] ? tagsGoingToo(target, names) : []
        if (others.length > 0) this.#warn(target, others, version.runtimeName)
        // Named by its ID it goes whole with every runtime.
        const removed = flags['all-tags'] && !takesAll ? {...target, name: target.image.id} : target
        for (const name of await removeImage(client, removed)) say(`Deleted: ${name}`)
      },
    })
  }

  async #untag(
    client: CriClient,
    words: readonly string[],
    flags: GlobalFlags & {'dry-run': boolean; 'ignore-missing': boolean},
  ): Promise<void> {
    const {imageToolWork} = await import('../cli/images/work.js')
    const work = await imageToolWork(client, await this.settings(flags), flags, {
      signal: this.signal,
      note: (text) => this.note(text),
      write: (text) => this.write(text),
    })
    for (const word of new Set(words)) {
      try {
        const gone = await work.untag(word)
        if (gone) this.write(`Untagged: ${gone.name}\n`)
      } catch (error) {
        this.signal.throwIfAborted()
        if (!(flags['ignore-missing'] && error instanceof NotFoundError)) this.fail(error)
      }
    }
  }

  /** A script goes on as it does with crictl; a person is asked first. */
  #warn({word}: ImageTarget, others: readonly string[], runtimeName: string): void {
    const text = `removing "${word}": ${runtimeName} removes the image with all its tags, also ${others.join(', ')}`
    if (process.stdin.isTTY)
      throw new UserError(`${text}: add --all-tags if they may go, --tag-only if they shall stay`)
    this.note(`${text} (--all-tags says that this is meant, --tag-only takes one name alone)`)
  }
}

async function chooseImages(
  client: CriClient,
  {all, prune, filter}: {all: boolean; prune: boolean; filter?: ImageFilter | undefined},
): Promise<Image[]> {
  if (!all && !prune && !filter) return []
  const images = prune && !all ? await unusedImages(client) : await listImageRows(client)
  return (filter ?? imageFilter([]))(images)
}

function asTarget(image: Image): PromiseFulfilledResult<ImageTarget> {
  return {status: 'fulfilled', value: {word: image.id, name: image.id, image}}
}

/** What is removed once, however often it is named: the image, or the name where that is all that goes. */
function addKey(takesAll: boolean) {
  return (outcome: PromiseSettledResult<ImageTarget>): PromiseSettledResult<ImageTarget & Target> =>
    outcome.status === 'rejected'
      ? outcome
      : {
          status: 'fulfilled',
          value: {...outcome.value, id: takesAll ? outcome.value.image.id : outcome.value.name},
        }
}

function describeImage({image}: ImageTarget, units: Units): string {
  const names = image.repoTags.length > 0 ? image.repoTags : image.repoDigests
  const size = bytesText(Number(image.size), units, 3)
  return `${shortId(image.id)}  ${names.join(' ') || '<none>'}  ${size}${image.pinned ? '  pinned' : ''}`
}
