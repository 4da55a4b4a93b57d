import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../base-command.js'
import {outputFlags} from '../flags.js'
import {runtimeStatusView} from '../views/runtime-status.js'

export default class Info extends CriCommand {
  static override summary = 'Show the state of the runtime: ready or why not, handlers, configuration'
  static override examples = [
    'crisp info',
    'crisp info -o table',
    "crisp info -o go-template --template '{{range .status.conditions}}{{.type}} {{.status}} {{end}}'",
  ]

  static override flags = {
    ...outputFlags('json', 'json, yaml, table, wide, go-template, jsonpath=EXPRESSION'),
    quiet: Flags.boolean({
      char: 'q',
      helpGroup: 'OUTPUT',
      description: "leave out the runtime's own configuration",
    }),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Info)
    using client = await this.connect(flags)
    const status = await client.runtime.status({verbose: !flags.quiet})
    await this.show(
      runtimeStatusView(status, {width: this.width, style: await this.tableStyle()}),
      flags.output,
      flags.template,
    )
  }
}
