import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {noTruncFlag, outputFlags} from '../cli/flags/common.js'
import {integerFrom} from '../cli/flags/types.js'
import {MissingArgumentError, UserError} from '../errors/errors.js'
import {linesOf} from '../formats/lines.js'
import {concurrently} from '../node/concurrently.js'
import type {Query} from '../node/owner/which.js'

export default class WhichCommand extends CriCommand {
  static override summary = 'Find the container of a process, port, address, path or user of the node'
  static override description =
    'Run it on the node itself, usually with sudo: the CRI does not tell, so crisp also reads /proc. A path may be below a volume, a log, a layer of a root file system, or name a container or pod.'
  static override usage =
    'which [flags] PID | :PORT | ADDRESS | ADDRESS:PORT | /PATH...\nwhich --uid UID [flags]'
  static override examples = [
    'sudo crisp which 4711',
    'sudo crisp which :8080',
    'crisp which 10.244.0.7',
    'crisp which /var/lib/kubelet/pods/0e1c4b1e-6d6b-4f7a-9a3e-0c2f8f1f1b11/volumes',
    'sudo crisp which --uid 231072',
    'sudo crisp logs $(sudo crisp which 4711 -q)',
  ]

  static override args = {
    query: Args.string({
      multiple: true,
      description:
        'PID of a process, :PORT or ADDRESS:PORT that is listened on, IP address of a pod, or /PATH',
    }),
  }

  static override flags = {
    uid: integerFrom(0)({
      description: 'the pod whose user namespace has this user of the node, and containers that run as it',
    }),
    ...outputFlags('table'),
    quiet: Flags.boolean({char: 'q', helpGroup: 'OUTPUT', description: 'full IDs only'}),
    'no-trunc': noTruncFlag,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(WhichCommand)
    const output = await this.outputForm(flags)
    const {parseQuery, Which} = await import('../node/owner/which.js')
    const queries: Query[] = [
      ...(args.query ?? []).map(parseQuery),
      ...(flags.uid === undefined ? [] : [{kind: 'user', uid: flags.uid} as const]),
    ]
    if (queries.length === 0)
      throw new MissingArgumentError('which what? a PID, a :PORT, an address, a /PATH, or --uid')
    const ofProc = ['process', 'port', 'user']
    if (process.platform !== 'linux' && queries.some(({kind}) => ofProc.includes(kind)))
      throw new UserError("processes and ports are looked up in Linux's /proc: run this on the node itself")
    using client = await this.connect(flags)

    const {Proc} = await import('../node/owner/proc.js')
    const which = new Which(client, new Proc(), {pid: process.pid, uid: process.getuid?.()})
    const outcomes = await concurrently(queries, 1, (query) => which.find(query))
    const findings = this.collectValues(outcomes).flat()
    if (findings.length === 0) return
    if (flags.quiet && output.shows === 'table')
      return this.write(linesOf(findings.map(({container, pod}) => (container ?? pod).id)))
    const {findingsView} = await import('../views/which.js')
    const context = {
      fullIds: flags['no-trunc'],
      width: flags['no-trunc'] ? undefined : this.width,
      style: await this.tableStyle(),
    }
    await this.show(findingsView(findings, context), output)
  }
}
