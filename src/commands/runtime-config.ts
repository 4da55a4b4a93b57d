import {CriCommand} from '../cli/command.js'
import {outputFlags} from '../cli/flags/common.js'
import {runtimeConfigView} from '../views/runtime-status.js'

export default class RuntimeConfig extends CriCommand {
  static override summary = 'Show which cgroup driver the runtime uses'
  static override description =
    "The kubelet must use the same one. A containerd before 2.0 and a CRI-O before 1.30 do not tell it this way: crisp info -o wide shows containerd's configuration."
  static override examples = ['crisp runtime-config', 'crisp runtime-config -o json']

  static override flags = outputFlags('table')

  async run(): Promise<void> {
    const {flags} = await this.parse(RuntimeConfig)
    const output = await this.outputForm(flags)
    using client = await this.connect(flags)
    await this.show(runtimeConfigView(await client.runtime.runtimeConfig()), output)
  }
}
