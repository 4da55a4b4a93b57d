import {CriCommand} from '../base-command.js'
import {outputFlags} from '../flags.js'
import {imageFsView} from '../views/image-fs.js'
import {parseOutput} from '../views/output.js'

export default class ImageFsInfo extends CriCommand {
  static override summary = 'Show how full the image filesystems are'
  static override examples = ['crisp imagefsinfo', 'crisp imagefsinfo -o table']

  static override flags = outputFlags('json')

  async run(): Promise<void> {
    const {flags} = await this.parse(ImageFsInfo)
    const output = parseOutput(flags.output, flags.template)
    using client = await this.connect(flags)
    await this.show(imageFsView(await client.image.imageFsInfo()), output)
  }
}
