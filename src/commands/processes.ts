import * as Args from '@oclif/core/args'
import {noTruncFlag, outputFlags, unitsFlag} from '../cli/flags/common.js'
import {integerFrom} from '../cli/flags/types.js'
import {HostCommand, runningFilterFlags} from '../cli/host-command.js'
import {pauseFor} from '../cli/pause.js'
import {lookAtProcesses} from '../node/container-processes.js'
import {lookAtNode} from '../node/view.js'

export default class Processes extends HostCommand {
  static override summary = 'Show the processes of containers and pods, as the node sees them'
  static override description =
    "Nothing runs inside, so no ps is needed there. PID is the node's, INSIDE the container's own. Run it on the node itself; sources: CRI, host (/proc)."
  static override examples = [
    'sudo crisp processes web',
    'sudo crisp processes kube-system/coredns-x',
    'sudo crisp processes -a --namespace shop -o wide',
    "sudo crisp processes web -o jsonpath='{.processes[*].pid}'",
  ]

  static override args = {
    container: Args.string({
      multiple: true,
      complete: 'container-or-pod',
      description: 'container or pod: ID, name, pod/name or namespace/pod/name; of a pod all its containers',
    }),
  }

  static override flags = {
    seconds: integerFrom(0)({
      char: 's',
      default: 1,
      description: 'seconds over which CPU % is measured; 0 does without',
    }),
    ...runningFilterFlags,
    units: unitsFlag,
    'no-trunc': noTruncFlag,
    ...outputFlags('table'),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Processes)
    const output = await this.outputForm(flags)
    const {proc} = this
    using client = await this.connect(flags)

    const view = await lookAtNode(client)
    const wanted = await this.chooseOwners(client, args.container, flags, view)
    const groups = await lookAtProcesses(
      client,
      wanted.flatMap(({members}) => members),
      view,
      {...proc, ...(flags.seconds > 0 ? {pause: () => pauseFor(flags.seconds * 1000, this.signal)} : {})},
    )
    this.signal.throwIfAborted()
    for (const {owner, members} of wanted) {
      const own = groups.filter((group) => members.includes(group.owner))
      if (own.every(({processes}) => processes.length === 0))
        this.failWithoutProcesses(owner, own[0]?.name ?? '')
    }
    const found = groups.filter(({processes}) => processes.length > 0)
    if (found.length === 0) return
    const {processesView} = await import('../views/processes.js')
    const context = {
      units: await this.units(flags),
      width: flags['no-trunc'] ? undefined : this.width,
      style: await this.tableStyle(),
    }
    await this.show(processesView(found, context), output)
    if (found.some(({byGroups}) => !byGroups))
      this.note(
        'this runtime makes no control groups and namespaces: its processes were found by their parents',
      )
    this.noteSources(output, 'CRI, host (/proc)')
  }
}
