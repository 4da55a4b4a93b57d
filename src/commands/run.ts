import type {Interfaces} from '@oclif/core'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import type {CriClient} from '../client/connect.js'
import type {GlobalFlags} from '../config.js'
import {UsageError} from '../errors.js'
import type {Plan} from '../manifests/plan.js'
import {makeFlags, PlanCommand, pullFirstFlags} from '../plan-command.js'
import {pullFlags} from '../pull-flags.js'
import {wishFlags} from '../run-flags.js'
import {
  areConfigFiles,
  isConfigFile,
  planFromConfigs,
  planFromFile,
  planFromImage,
  requireFreeName,
} from '../run-plan.js'

// Its letter is that of --user here.
const {char: _, ...username} = pullFlags.username

export default class Run extends PlanCommand {
  static override summary = 'Make and start a pod with a container, from flags or from files'
  static override description =
    'Prints the ID of the new container and returns. A word after the image ends the flags, as -- does. Two files, YAML or JSON, are taken as crictl takes them.'
  static override usage =
    'run [flags] IMAGE [flags] [--] [COMMAND...]\n  crisp run [flags] CONTAINER-CONFIG POD-CONFIG\n  crisp run [flags] -f PLAN'
  static override examples = [
    'crisp run busybox -- sleep 3600',
    'crisp run --name web -p 8080:80 -v /srv/www:/www:ro --memory 64m httpd',
    'crisp run --pod default/web busybox -- wget -qO- localhost',
    'crisp run --name web httpd --dry-run > plan.yaml; crisp run -f plan.yaml',
    'crisp run container.yaml pod.yaml',
  ]

  static argumentsEndFlags = 2
  static override strict = false

  static override args = {
    image: Args.string({description: 'image, or the first of two files', ignoreStdin: true}),
    command: Args.string({description: "arguments for the image's entrypoint", ignoreStdin: true}),
  }

  static override flags = {
    file: Flags.string({
      char: 'f',
      helpValue: 'PLAN',
      description: 'send these requests, which --dry-run printed or you wrote; - for stdin',
    }),
    runtime: Flags.string({
      char: 'r',
      helpValue: 'HANDLER',
      description: 'runtime handler, such as kata; the default one if not given',
    }),
    ...wishFlags,
    ...pullFirstFlags,
    ...makeFlags,
    ...pullFlags,
    username: username as typeof pullFlags.username,
  }

  async run(): Promise<void> {
    const {flags, raw} = await this.parse(Run)
    const words = raw.filter(({type}) => type === 'arg').map(({input}) => input)
    using client = await this.connect(flags)
    const plan = await this.#plan(client, words, flags)
    const withFiles = flags.file !== undefined || areConfigFiles(words)
    const credentials = withFiles ? {...flags, username: flags.username ?? flags.user} : flags
    const made = await this.planned(client, credentials, plan)
    if (made)
      this.write(
        (made.containerIds.length > 0 ? made.containerIds : [made.podSandboxId])
          .map((id) => `${id}\n`)
          .join(''),
      )
  }

  async #plan(client: CriClient, words: readonly string[], flags: RunFlags): Promise<Plan> {
    const [first, second, ...more] = words
    if (flags.file !== undefined) {
      if (first !== undefined) throw new UsageError('-f takes everything from the plan: leave out the image')
      return planFromFile(flags.file, this.signal)
    }
    if (first === undefined)
      throw new UsageError('run needs an image, two files, or -f PLAN (crisp run --help)')
    if (second !== undefined && areConfigFiles(words)) {
      if (more.length > 0) throw new UsageError('run: write flags before the two files')
      if (first === '-' && second === '-') throw new UsageError('only one of the files can be stdin')
      const when = await this.pullWhen(flags, ({disablePullOnRun}) => (disablePullOnRun ? 'never' : 'always'))
      return planFromConfigs(first, second, {runtimeHandler: flags.runtime, when, signal: this.signal})
    }
    if (isConfigFile(first) && second === undefined) {
      throw new UsageError(`run ${first}: the pod's file is missing, or is this a plan for -f?`)
    }
    if (flags.name !== undefined && flags.pod === undefined && !flags['dry-run']) {
      await requireFreeName(client, flags.namespace, flags.name)
    }
    return planFromImage(client, first, words.slice(1), flags, {
      env: process.env,
      directory: process.cwd(),
      signal: this.signal,
      when: await this.pullWhen(flags, ({disablePullOnRun}) => (disablePullOnRun ? 'never' : 'missing')),
      foreground: false,
    })
  }
}

type RunFlags = Interfaces.InferredFlags<typeof Run.flags> & GlobalFlags
