import * as Args from '@oclif/core/args'
import {noteUnknown} from '../cli/choose-containers.js'
import {CriCommand} from '../cli/command.js'
import {inspectFlags} from '../cli/flags/common.js'
import {podFilterFlags, podSelection} from '../cli/flags/selection.js'
import {resolvePods} from '../client/names.js'
import {NotFoundError} from '../errors/errors.js'
import {concurrently} from '../node/concurrently.js'
import {selectPods} from '../node/selection.js'
import {programName} from '../text/program.js'
import {podStatusesView} from '../views/pod-status.js'

export default class Inspectp extends CriCommand {
  static override summary = 'Show everything the runtime knows about pods'
  static override description = 'Without a name it shows every pod that matches the filters.'
  static override examples = [
    'crisp inspectp kube-system/coredns-x',
    "crisp inspectp coredns-x -o jsonpath='{.status.network.ip}'",
    'crisp inspectp --latest -o table',
  ]

  static override args = {
    pod: Args.string({multiple: true, description: 'ID, name or namespace/name'}),
  }

  static override flags = {
    ...podFilterFlags,
    ...inspectFlags,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Inspectp)
    const output = await this.outputForm(flags)
    const selection = podSelection(flags)
    using client = await this.connect(flags)

    const ids = args.pod
      ? this.collectValues(await resolvePods(client, args.pod))
      : (await selectPods(client, {...selection, onUnknown: noteUnknown((text) => this.note(text))})).map(
          ({id}) => id,
        )
    if (ids.length === 0 && !args.pod)
      throw new NotFoundError(`no pod matches the filters: ${programName()} pods lists all`)

    const outcomes = await concurrently(ids, 4, (id) =>
      client.runtime.podSandboxStatus({podSandboxId: id, verbose: !flags.quiet}),
    )
    const found = this.collectValues(outcomes)
    if (found.length > 0) await this.show(podStatusesView(found), output)
  }
}
