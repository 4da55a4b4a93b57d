import {CriCommand} from '../cli/command.js'
import {outputFlags} from '../cli/flags/common.js'
import {versionView} from '../views/version.js'

export default class Version extends CriCommand {
  static override summary = "Show the runtime's name and version"
  static override description =
    'Also shows which CRI version the runtime speaks. For the version of crisp itself: crisp --version.'
  static override examples = ['crisp version', 'crisp version -o json']

  static override flags = outputFlags('table')

  async run(): Promise<void> {
    const {flags} = await this.parse(Version)
    const output = await this.outputForm(flags)
    using client = await this.connect(flags)
    await this.show(versionView(await client.runtime.version()), output)
  }
}
