import {CriCommand} from '../base-command.js'
import {outputFlags} from '../flags.js'
import {imageFsView} from '../views/image-fs.js'

export default class ImageFsInfo extends CriCommand {
  static override summary = 'Show how full the image filesystems are'
  static override examples = ['crisp imagefsinfo', 'crisp imagefsinfo -o table']

  static override flags = outputFlags('json', 'json, yaml, table, go-template, jsonpath=EXPRESSION')

  async run(): Promise<void> {
    const {flags} = await this.parse(ImageFsInfo)
    using client = await this.connect(flags)
    await this.show(imageFsView(await client.image.imageFsInfo()), flags.output, flags.template)
  }
}
