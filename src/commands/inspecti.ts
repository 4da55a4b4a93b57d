import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {inspectFlags, unitsFlag} from '../cli/flags/common.js'
import {imageFilterFlag} from '../cli/flags/images.js'
import {imageStatus} from '../client/names.js'
import {NotFoundError} from '../errors/errors.js'
import {concurrently} from '../node/concurrently.js'
import {imageFilter} from '../node/image-filter.js'
import {selectImages} from '../node/selection.js'
import {programName} from '../text/program.js'
import {imageStatusesView} from '../views/image-status.js'

export default class Inspecti extends CriCommand {
  static override summary = 'Show everything the runtime knows about images'
  static override description = 'Without a name it shows every image that matches the filters.'
  static override examples = [
    'crisp inspecti busybox',
    "crisp inspecti pause:3.9 -o jsonpath='{.status.repoDigests[0]}'",
    'crisp inspecti --filter dangling=true -o table',
  ]

  static override args = {
    image: Args.string({multiple: true, description: 'tag, digest or ID'}),
  }

  static override flags = {
    name: Flags.string({
      helpGroup: 'FILTER',
      helpValue: 'IMAGE',
      description: 'only images of this repository, tag, digest or ID',
    }),
    filter: imageFilterFlag,
    ...inspectFlags,
    units: unitsFlag,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Inspecti)
    const output = await this.outputForm(flags)
    const filter = flags.filter ?? imageFilter([])
    using client = await this.connect(flags)

    const references = args.image ?? filter(await selectImages(client, flags.name)).map(({id}) => id)
    if (references.length === 0)
      throw new NotFoundError(`no image matches the filters: ${programName()} images lists all`)

    const outcomes = await concurrently(references, 4, (reference) =>
      imageStatus(client, reference, !flags.quiet),
    )
    const found = this.collectValues(outcomes)
    if (found.length > 0) await this.show(imageStatusesView(found, await this.units(flags)), output)
  }
}
