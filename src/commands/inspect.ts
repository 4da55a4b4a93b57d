import * as Args from '@oclif/core/args'
import {chooseContainers} from '../cli/choose-containers.js'
import {CriCommand} from '../cli/command.js'
import {allFlag, inspectFlags} from '../cli/flags/common.js'
import {containerFilterFlags, containerSelection} from '../cli/flags/selection.js'
import {containerNames} from '../cli/flags/target.js'
import {resolveContainers} from '../client/names.js'
import {NotFoundError} from '../errors/errors.js'
import {concurrently} from '../node/concurrently.js'
import {programName} from '../text/program.js'
import {containerStatusesView} from '../views/container-status.js'

export default class Inspect extends CriCommand {
  static override summary = 'Show everything the runtime knows about containers'
  static override description =
    'Without a name it shows every container that matches the filters; by default running ones.'
  static override examples = [
    'crisp inspect web',
    'crisp inspect kube-system/coredns-x/coredns -o table',
    "crisp inspect web -o go-template --template '{{.info.pid}}'",
    'crisp inspect --state exited --latest',
  ]

  static override args = {
    container: Args.string(containerNames),
  }

  static override flags = {
    all: allFlag,
    ...containerFilterFlags,
    ...inspectFlags,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Inspect)
    const output = await this.outputForm(flags)
    const selection = containerSelection(flags)
    using client = await this.connect(flags)

    const ids = args.container
      ? this.collectValues(await resolveContainers(client, args.container))
      : (await chooseContainers(client, selection, (text) => this.note(text))).map(({id}) => id)
    if (ids.length === 0 && !args.container)
      throw new NotFoundError(`no container matches the filters: ${programName()} ps -a lists all`)

    const outcomes = await concurrently(ids, 4, (id) =>
      client.runtime.containerStatus({containerId: id, verbose: !flags.quiet}),
    )
    const found = this.collectValues(outcomes)
    if (found.length > 0) await this.show(containerStatusesView(found, Date.now()), output)
  }
}
