import {CriCommand} from '../cli/command.js'
import {outputFlags, unitsFlag} from '../cli/flags/common.js'
import {imageFsView} from '../views/image-fs.js'

export default class ImageFsInfo extends CriCommand {
  static override summary = 'Show the usage of the image filesystems'
  static override examples = ['crisp imagefsinfo', 'crisp imagefsinfo -o table']

  static override flags = {units: unitsFlag, ...outputFlags('json')}

  async run(): Promise<void> {
    const {flags} = await this.parse(ImageFsInfo)
    const output = await this.outputForm(flags)
    using client = await this.connect(flags)
    await this.show(imageFsView(await client.image.imageFsInfo(), await this.units(flags)), output)
  }
}
