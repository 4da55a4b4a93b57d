import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {outputFlags} from '../cli/flags/common.js'
import {runtimeConfigIfTold} from '../node/runtime-config.js'
import {runtimeStatusView} from '../views/runtime-status.js'

export default class Info extends CriCommand {
  static override summary = 'Show the state of the runtime: conditions, handlers, configuration'
  static override description =
    'A table on a terminal, JSON elsewhere; -o wide adds the configuration to the table.'
  static override examples = [
    'crisp info',
    'crisp info -o json',
    "crisp info -o go-template='{{range .status.conditions}}{{.type}} {{end}}'",
  ]

  static override flags = {
    ...outputFlags(''),
    quiet: Flags.boolean({
      char: 'q',
      helpGroup: 'OUTPUT',
      description: "leave out the runtime's own configuration",
    }),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Info)
    const output = await this.outputForm(flags)
    const forPeople = output.shows === 'table'
    using client = await this.connect(flags)

    const [status, facts] = await Promise.all([
      client.runtime.status({verbose: !flags.quiet}),
      forPeople
        ? Promise.all([client.runtime.version(), runtimeConfigIfTold(client)]).then(([version, config]) => ({
            version,
            config,
          }))
        : undefined,
    ])
    const options = {width: this.width, style: await this.tableStyle()}
    const layOut = forPeople ? (await import('../formats/report.js')).report : undefined
    await this.show(runtimeStatusView(status, options, facts, layOut), output)
  }
}
