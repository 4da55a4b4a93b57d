import type {Interfaces} from '@oclif/core'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {refuseFlagAsCommand} from '../cli/command-begins.js'
import {describeOwnError} from '../cli/failures/describe.js'
import {type GlobalFlags, withoutLetter} from '../cli/flags/common.js'
import {pullFlags} from '../cli/flags/pull.js'
import {detachKeysFlag, streamFlags} from '../cli/flags/stream.js'
import {choiceFlag} from '../cli/flags/types.js'
import {ForegroundCommand} from '../cli/foreground-command.js'
import {makeFlags, pullFirstFlags} from '../cli/make-command.js'
import type {CriClient} from '../client/connect.js'
import {lookUpImage} from '../client/names.js'
import {MissingArgumentError, UsageError, UserError} from '../errors/errors.js'
import type {Container} from '../generated/cri.js'
import {ownersNamed} from '../node/container-processes.js'
import {isEmbedded} from '../node/kubelet.js'
import {removeContainer} from '../node/remove.js'
import {lookAtNode, type NodeView} from '../node/view.js'
import {pullSteps} from '../run/plan.js'
import {podConfigOf} from '../run/pod-config-of.js'
import {leftToolboxes, type Profile, profiles, targetPid, toolboxPlan} from '../run/toolbox.js'
import {programName} from '../text/program.js'

type DebugFlags = Interfaces.InferredFlags<typeof Debug.flags> & GlobalFlags

const {'dry-run': _dryRun, output: _output, keep, ...making} = makeFlags

export default class Debug extends ForegroundCommand {
  static override summary = 'Run a container with tools beside another one, and take it away again'
  static override description =
    "In the same pod and among the container's processes, whose files are then in /proc/PID/root; crisp says which PID, which rights and which image before it starts. No path of the node is mounted. It is removed at the end, also after Ctrl-C; --clean finds what a killed crisp has left."
  static override usage = 'debug [flags] CONTAINER [--] [COMMAND...]\n  crisp debug --clean'
  static override examples = [
    'crisp debug -it web',
    'crisp debug -it --image nicolaka/netshoot --profile netadmin web-1',
    'crisp debug web -- ls -l /proc/1/root/etc',
    'crisp debug --clean',
  ]
  static argumentsEndFlags = true
  static override strict = false

  static override args = {
    container: Args.string({
      description: 'container, or pod with one that runs: ID, name, pod/name or namespace/pod/name',
      complete: 'container-or-pod',
    }),
    command: Args.string({description: "arguments for the image's entrypoint"}),
  }

  static override flags = {
    image: Flags.string({
      default: 'docker.io/library/busybox',
      complete: 'image',
      description: 'image with the tools',
    }),
    profile: choiceFlag<Profile>({general: 'general', netadmin: 'netadmin', sysadmin: 'sysadmin'})({
      default: 'general',
      helpValue: 'NAME',
      description: 'rights: general (SYS_PTRACE), netadmin (and NET_ADMIN, NET_RAW), sysadmin (all)',
    }),
    interactive: Flags.boolean({char: 'i', description: 'pass stdin to the container'}),
    tty: Flags.boolean({char: 't', description: 'give it a terminal'}),
    clean: Flags.boolean({description: 'remove what a crisp that was killed has left, and print the IDs'}),
    'detach-keys': detachKeysFlag,
    keep,
    ...pullFirstFlags,
    ...making,
    ...pullFlags,
    ...streamFlags,
    transport: withoutLetter(streamFlags.transport),
  }

  async run(): Promise<void> {
    const {flags, raw} = await this.parse(Debug)
    const [reference, ...command] = raw.filter(({type}) => type === 'arg').map(({input}) => input)
    if (reference !== undefined) refuseFlagAsCommand(command[0], 'debug', reference)
    if (command[0] === '--') command.shift()
    using client = await this.connect(flags)
    if (flags.clean) {
      if (reference !== undefined)
        throw new UsageError('--clean takes away all that is left: name no container')
      return await this.#clean(client)
    }
    if (reference === undefined)
      throw new MissingArgumentError(`beside which container? ${programName()} debug CONTAINER`)
    if (await isEmbedded(client))
      throw new UserError('the embedded runtime makes no namespaces that a toolbox could share')
    const view = await lookAtNode(client)
    await this.#debug(client, targetNamed(reference, view), view, command, flags)
  }

  async #debug(
    client: CriClient,
    target: Container,
    view: NodeView,
    command: readonly string[],
    flags: DebugFlags,
  ): Promise<void> {
    const {image, profile, interactive, tty} = flags
    const pod = await podConfigOf(client, target.podSandboxId)
    const all = {...flags, 'dry-run': false, output: undefined}
    const when = await this.pullWhen(flags, () => 'missing')
    await this.printOrCarryOut(client, {...all, quiet: true}, pullSteps(when, {image: {image}}, pod))
    const {image: found} = await lookUpImage(client, image)
    if (!found)
      throw new UserError(
        `the node has no image ${image}: leave out --no-pull, or choose another with --image`,
      )
    const name = target.metadata?.name ?? target.id
    const pid = process.platform === 'linux' ? await targetPid(client, target, view) : undefined
    this.note(`image ${image}: ${found.repoDigests[0] ?? found.id}`)
    this.note(`profile ${profile}: ${profiles[profile].text}`)
    this.note(
      pid === undefined
        ? `files of ${name}: /proc/PID/root, where ps says which PID is its`
        : `files of ${name}: /proc/${pid}/root`,
    )
    const plan = await toolboxPlan({
      target,
      pod,
      imageId: found.id,
      image,
      profile,
      command,
      interactive,
      tty,
      ownPid: process.pid,
    })
    await this.runInForeground(client, all, plan, {remove: true})
  }

  async #clean(client: CriClient): Promise<void> {
    for (const {id} of await leftToolboxes(client)) {
      await removeContainer(client, {id, word: id}, {force: true, wait: true})
      this.write(`${id}\n`)
    }
  }

  protected override fail(error: unknown): void {
    this.report(describeOwnError(error))
  }
}

/** Throws UserError for a pod whose containers are none or several. */
function targetNamed(reference: string, view: NodeView): Container {
  const containers = ownersNamed(reference, view).flatMap(({container}) => container ?? [])
  const [target, ...others] = containers
  if (target?.state === 'CONTAINER_RUNNING' && others.length === 0) return target
  if (others.length === 0) throw new UserError(`${reference} has no container that runs`)
  const names = containers.map(({metadata}) => metadata?.name ?? '').join(', ')
  throw new UserError(`pod ${reference} has several containers, name one of them: ${names}`)
}
