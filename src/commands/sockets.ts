import * as Args from '@oclif/core/args'
import {noTruncFlag, outputFlags} from '../cli/flags/common.js'
import {HostCommand, runningFilterFlags} from '../cli/host-command.js'
import {lookAtSockets} from '../node/container-sockets.js'
import {lookAtNode} from '../node/view.js'

export default class Sockets extends HostCommand {
  static override summary = 'Show the sockets of containers and pods, those that listen first'
  static override description =
    "Nothing runs inside, so no ss or netstat is needed there. Of a pod all of its network, of a container what its processes hold; of a pod on the node's network what its processes hold. Run it on the node itself, as root to see whose a socket is; sources: CRI, host (/proc)."
  static override examples = [
    'sudo crisp sockets web-1',
    'sudo crisp sockets shop/web-1/web -o wide',
    'sudo crisp sockets --pod-label app=web -a',
    "sudo crisp sockets web-1 -o jsonpath='{.sockets[?(@.listening)].local.port}'",
  ]

  static override args = {
    container: Args.string({
      multiple: true,
      complete: 'container-or-pod',
      description: 'container or pod: ID, name, pod/name or namespace/pod/name',
    }),
  }

  static override flags = {
    ...runningFilterFlags,
    'no-trunc': noTruncFlag,
    ...outputFlags('table'),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Sockets)
    const output = await this.outputForm(flags)
    const {proc} = this
    using client = await this.connect(flags)

    const view = await lookAtNode(client)
    const wanted = await this.chooseOwners(client, args.container, flags, view)
    const groups = await lookAtSockets(client, wanted, view, {...proc, selfPid: process.pid})
    this.signal.throwIfAborted()
    for (const {owner, name, found} of groups) if (!found) this.failWithoutProcesses(owner, name)
    const found = groups.filter((group) => group.found)
    if (found.length === 0) return
    const {socketsView} = await import('../views/sockets.js')
    const context = {width: flags['no-trunc'] ? undefined : this.width, style: await this.tableStyle()}
    await this.show(socketsView(found, context), output)
    const shared = found.filter(({nodeNetwork, owner}) => nodeNetwork && owner.pod)
    for (const {name} of shared)
      this.note(`pod ${name} has the node's network: only sockets that its processes hold are shown`)
    this.noteSources(output, 'CRI, host (/proc)')
  }
}
