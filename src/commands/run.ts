import type {Interfaces} from '@oclif/core'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {describeOwnError} from '../cli/failures/describe.js'
import {type GlobalFlags, runtimeHandlerFlag, withoutLetter} from '../cli/flags/common.js'
import {pullFlags} from '../cli/flags/pull.js'
import {checkContainerFlags, containerFlags, isForeground} from '../cli/flags/run.js'
import {streamFlags} from '../cli/flags/stream.js'
import {ForegroundCommand} from '../cli/foreground-command.js'
import {checkStdin, makeFlags, pullFirstFlags} from '../cli/make-command.js'
import type {CriClient} from '../client/connect.js'
import {MissingArgumentError, UsageError} from '../errors/errors.js'
import type {Plan} from '../run/plan.js'
import {
  areConfigFiles,
  isConfigFile,
  planFromConfigs,
  planFromFile,
  planFromImage,
  requireFreeName,
} from '../run/ways-to-plan.js'
import {programName} from '../text/program.js'

export default class Run extends ForegroundCommand {
  static override summary = 'Create and start a pod with a container, from flags or from files'
  static override description =
    "Prints the ID of the new container and returns. With -i, -t or --rm it stays in the foreground instead: then stdout is the container's, and so is the exit code; 125 when crisp or the runtime failed. A word after the image ends the flags, as -- does. Two files, YAML or JSON, are taken as crictl takes them."
  static override usage =
    'run [flags] IMAGE [flags] [--] [COMMAND...]\n  crisp run [flags] CONTAINER-CONFIG POD-CONFIG\n  crisp run [flags] -f PLAN'
  static override examples = [
    'crisp run busybox -- sleep 3600',
    'crisp run --rm -it busybox sh',
    'crisp run --name web -p 8080:80 -v /srv/www:/www:ro --memory 64m httpd',
    'crisp run --pod default/web --rm busybox -- wget -qO- localhost',
    'crisp run --name web httpd --dry-run > plan.yaml; crisp run -f plan.yaml',
    'crisp run container.yaml pod.yaml',
  ]

  static argumentsEndFlags = 2
  static override strict = false

  static override args = {
    image: Args.string({description: 'image, or the first of two files', complete: 'image'}),
    command: Args.string({description: "arguments for the image's entrypoint"}),
  }

  static override flags = {
    file: Flags.string({
      char: 'f',
      complete: 'file',
      helpValue: 'PLAN',
      description: 'send the requests in this file, as --dry-run prints them; - for stdin',
    }),
    runtime: runtimeHandlerFlag,
    ...containerFlags,
    ...pullFirstFlags,
    ...makeFlags,
    ...pullFlags,
    // Their letters are those of --user and --runtime here.
    username: withoutLetter(pullFlags.username),
    ...streamFlags,
    transport: withoutLetter(streamFlags.transport),
  }

  #foreground = false

  async run(): Promise<void> {
    const {flags, raw} = await this.parse(Run)
    const words = raw.filter(({type}) => type === 'arg').map(({input}) => input)
    this.#foreground = isForeground(flags) && !flags['dry-run']
    using client = await this.connect(flags)
    if (flags.file !== undefined) {
      if (words.length > 0) throw new UsageError('-f takes everything from the plan: leave out the image')
      checkContainerFlags(flags, 'plan')
      checkStdin([flags.file], flags)
      return await this.#make(
        client,
        flags,
        await planFromFile(flags.file, this.reading, this.validation(flags)),
      )
    }
    if (areConfigFiles(words)) {
      checkContainerFlags({...flags, namespace: undefined}, 'files')
      const account = {...flags, username: flags.username ?? flags.user}
      return await this.#make(client, account, await this.#planFromConfigs(words, flags))
    }
    checkContainerFlags(flags, 'image')
    const plan = await this.#planFromImage(client, words, flags)
    if (this.#foreground) await this.runInForeground(client, flags, plan, {remove: flags.rm})
    else await this.#make(client, flags, plan)
  }

  /** In the background: the IDs, as crictl prints them. */
  async #make(client: CriClient, flags: RunFlags, plan: Plan): Promise<void> {
    const made = await this.printOrCarryOut(client, flags, plan).catch(async (error) => {
      const {plainStartFailure} = await import('../sessions/failure.js')
      throw plainStartFailure(error)
    })
    if (!made) return
    const ids = made.containerIds.length > 0 ? made.containerIds : [made.podSandboxId]
    this.write(ids.map((id) => `${id}\n`).join(''))
  }

  async #planFromConfigs(words: readonly string[], flags: RunFlags): Promise<Plan> {
    const [container = '', pod = '', ...more] = words
    if (more.length > 0) throw new UsageError('run: write flags before the two files')
    checkStdin([container, pod], flags)
    const when = await this.pullWhen(flags, ({disablePullOnRun}) => (disablePullOnRun ? 'never' : 'always'))
    return planFromConfigs(container, pod, {
      ...this.reading,
      runtimeHandler: flags.runtime,
      when,
      validation: this.validation(flags),
    })
  }

  async #planFromImage(client: CriClient, words: readonly string[], flags: RunFlags): Promise<Plan> {
    const [image, ...command] = words
    if (image === undefined)
      throw new MissingArgumentError(
        `run needs an image, two files, or -f PLAN (${programName()} run --help)`,
      )
    if (isConfigFile(image) && command.length === 0)
      throw new UsageError(`run ${image}: the pod's file is missing, or is this a plan for -f?`)
    if (flags.name !== undefined && flags.pod === undefined && !flags['dry-run'])
      await requireFreeName(client, flags.namespace ?? 'default', flags.name)
    return planFromImage(client, image, command, flags, {
      ...this.reading,
      env: process.env,
      uid: process.getuid?.(),
      directory: process.cwd(),
      when: await this.pullWhen(flags, ({disablePullOnRun}) => (disablePullOnRun ? 'never' : 'missing')),
      foreground: isForeground(flags),
    })
  }

  protected override fail(error: unknown): void {
    if (this.#foreground) this.report(describeOwnError(error))
    else super.fail(error)
  }
}

type RunFlags = Interfaces.InferredFlags<typeof Run.flags> & GlobalFlags
