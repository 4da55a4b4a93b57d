import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {refuseFlagAsCommand} from '../cli/command-begins.js'
import {describeOwnError} from '../cli/failures/describe.js'
import {HostCommand} from '../cli/host-command.js'
import {runNodeProgram} from '../cli/node-program.js'
import {exitCode, MissingArgumentError, UserError} from '../errors/errors.js'
import {lookAtProcesses, ownersNamed} from '../node/container-processes.js'
import {
  closeNamespaces,
  type FoundProcess,
  type NamespaceKind,
  openNamespaces,
} from '../node/host/namespaces.js'
import {findRootProgram, rootEnvironment} from '../node/host/root-programs.js'
import {isEmbedded} from '../node/kubelet.js'
import {lookAtNode} from '../node/view.js'
import {programName} from '../text/program.js'

const kinds: readonly NamespaceKind[] = ['net', 'pid', 'uts', 'ipc']

export default class Enter extends HostCommand {
  static override summary = "Run the node's own tools in the namespaces of a pod or container"
  static override description =
    "By default in its network: the command and its files are the node's, so that a container without tools can be looked at with tcpdump, ss or ip. Nothing of the container runs. The command comes from root's own directories; its exit code is ours, 125 when crisp failed. Run it on the node itself, as root; nsenter (util-linux) is needed. Sources: CRI, host (/proc)."
  static override usage = 'enter [flags] CONTAINER [--] COMMAND [ARG...]'
  static override examples = [
    'sudo crisp enter web-1 -- tcpdump -ni eth0',
    'sudo crisp enter shop/web-1/web -- ss -tlnp',
    'sudo crisp enter --net --uts web-1 -- ip addr',
    'sudo crisp enter --ipc web -- ipcs',
  ]
  static argumentsEndFlags = true
  static override strict = false

  static override args = {
    container: Args.string({
      description: 'container or pod: ID, name, pod/name or namespace/pod/name',
      complete: 'container-or-pod',
    }),
    command: Args.string({description: 'a program of the node, and its arguments'}),
  }

  static override flags = {
    net: Flags.boolean({description: 'enter the network, as without any of these'}),
    pid: Flags.boolean({description: "enter the processes; /proc stays the node's"}),
    uts: Flags.boolean({description: 'enter the host name'}),
    ipc: Flags.boolean({description: 'enter shared memory, semaphores and queues'}),
  }

  async run(): Promise<void> {
    const {flags, raw} = await this.parse(Enter)
    const words = raw.filter(({type}) => type === 'arg').map(({input}) => input)
    const reference = words.shift()
    if (reference !== undefined) refuseFlagAsCommand(words[0], 'enter', reference)
    if (words[0] === '--') words.shift()
    const [name, ...args] = words
    if (reference === undefined || name === undefined)
      throw new MissingArgumentError(
        `which command? ${programName()} enter ${reference ?? 'CONTAINER'} -- COMMAND [ARG...]`,
      )
    const {proc} = this
    const asked = kinds.filter((kind) => flags[kind])
    const wanted: readonly NamespaceKind[] = asked.length > 0 ? asked : ['net']

    const first = await this.#firstProcess(reference, flags, proc)
    const command = requireProgram(name)
    const nsenter = requireNsenter()
    const opened = await openNamespaces(first, wanted, proc)
    try {
      for (const {kind, own} of opened)
        if (own)
          this.note(`${reference} has the node's own ${kind} namespace: nothing is changed by entering it`)
      process.exitCode = await runNodeProgram(
        {
          path: nsenter,
          words: [
            ...opened.map(({kind}, index) => `--${kind}=/proc/self/fd/${3 + index}`),
            '--',
            command,
            ...args,
          ],
          env: rootEnvironment(process.env),
          descriptors: opened.map(({file}) => file.fd),
          waitsForChild: wanted.includes('pid'),
        },
        this.interruption,
      )
    } finally {
      await closeNamespaces(opened)
    }
    this.interruption.throwIfCut()
  }

  /** The one that everything else in the container, or in the pod, descends from. */
  async #firstProcess(
    reference: string,
    flags: Parameters<HostCommand['connect']>[0],
    proc: HostCommand['proc'],
  ): Promise<FoundProcess> {
    using client = await this.connect(flags)
    if (await isEmbedded(client))
      throw new UserError('the embedded runtime makes no namespaces and knows no process of the node')
    const view = await lookAtNode(client)
    const owners = ownersNamed(reference, view)
    const groups = await lookAtProcesses(client, owners, view, proc)
    // A runtime may do without a process of the pod's own; its containers are in the pod's network all the same.
    const group = groups.find(({processes}) => processes.length > 0)
    const [first] = group?.processes ?? []
    if (!group || !first)
      throw new UserError(
        `${reference} has no process on this machine: it does not run, or it runs elsewhere`,
      )
    if (!group.byGroups) throw new UserError('this runtime makes no namespaces that could be entered')
    return first
  }

  protected override fail(error: unknown, name?: string): void {
    this.report(describeOwnError(error, name))
  }
}

/** Found before anything is entered. */
function requireProgram(name: string): string {
  const found = findRootProgram(name)
  if (found.path !== undefined) return found.path
  switch (found.why) {
    case 'missing':
      throw new UserError(`the node has no program ${name} in root's own directories`, {
        exitCode: exitCode.commandNotFound,
      })
    case 'not executable':
      throw new UserError(`${name} cannot be executed`, {exitCode: exitCode.notExecutable})
    case 'foreign':
      throw new UserError(
        `${name} is not run with the node's rights: its path is not absolute, it belongs to a container, an image or a volume, or others than root may change it`,
        {exitCode: exitCode.notExecutable},
      )
  }
}

function requireNsenter(): string {
  const {path} = findRootProgram('nsenter')
  if (path === undefined)
    throw new UserError("the node has no nsenter in root's own directories: it comes with util-linux")
  return path
}
