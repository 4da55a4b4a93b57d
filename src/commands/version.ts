import {CriCommand} from '../cli/command.js'
import {outputFlags} from '../cli/flags/common.js'
import {versionView} from '../views/version.js'

export default class Version extends CriCommand {
  static override summary = 'Show which runtime answers, and its version'
  static override description =
    'The runtime says who it is and which CRI it speaks. For the version of crisp itself: crisp --version.'
  static override examples = ['crisp version', 'crisp version -o json']

  static override flags = outputFlags('table')

  async run(): Promise<void> {
    const {flags} = await this.parse(Version)
    const output = await this.outputForm(flags)
    using client = await this.connect(flags)
    this.show(versionView(await client.runtime.version()), output)
  }
}
