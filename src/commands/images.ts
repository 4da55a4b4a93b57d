import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {listFlags, unitsFlag} from '../cli/flags/common.js'
import {imageFilterFlag} from '../cli/flags/images.js'
import {imageFilter} from '../node/image-filter.js'
import {selectImages} from '../node/selection.js'
import {referenceOf} from '../views/order.js'

export default class Images extends CriCommand {
  static override summary = 'List images, one line for each tag'
  static override aliases = ['image', 'img']
  static override examples = [
    'crisp images',
    'crisp images busybox',
    'crisp images --filter dangling=true -q',
    'crisp images -o wide',
  ]

  static override args = {
    image: Args.string({description: 'only images of this repository, tag, digest or ID'}),
  }

  static override flags = {
    filter: imageFilterFlag,
    ...listFlags,
    units: unitsFlag,
    digests: Flags.boolean({helpGroup: 'OUTPUT', description: 'show digests'}),
    pinned: Flags.boolean({helpGroup: 'OUTPUT', description: 'show which images are pinned'}),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Images)
    const output = await this.outputForm(flags)
    const filter = flags.filter ?? imageFilter([])
    using client = await this.connect(flags)

    const images = filter(await selectImages(client, args.image))
    const forPeople = output.shows === 'table'
    if (flags.quiet && forPeople) return await this.showIds(images, () => images.map(referenceOf))

    const {imageBlocks, imagesView} = await import('../views/images.js')
    if (flags.verbose && forPeople) return this.write(imageBlocks(images))
    const context = {
      width: flags['no-trunc'] ? undefined : this.width,
      style: await this.tableStyle(),
      fullIds: flags['no-trunc'],
      digests: flags.digests,
      pinned: flags.pinned,
      units: await this.units(flags),
    }
    await this.show(imagesView(images, context), output)
  }
}
