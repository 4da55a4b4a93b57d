import {writeFile} from 'node:fs/promises'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import type {GlobalFlags} from '../cli/flags/common.js'
import {signalAfter} from '../client/deadlines.js'
import {UsageError, UserError} from '../errors/errors.js'
import {printable} from '../errors/printable.js'
import {programName} from '../text/program.js'

const kinds = {pod: 'PodSandboxConfig', container: 'ContainerConfig'} as const

export default class Init extends CriCommand {
  static override summary = 'Write a commented pod or container file as a starting point'
  static override description =
    'The file works as it is; what begins with #name is there to be used. Where a runtime answers, the file suits its cgroups.'
  static override examples = [
    'crisp init pod > pod.yaml',
    'crisp init container container.yaml --image nginx',
    'crisp run container.yaml pod.yaml',
  ]

  static override args = {
    kind: Args.string({required: true, description: 'pod or container', complete: Object.keys(kinds)}),
    file: Args.string({description: 'a new file; stdout if not given'}),
  }

  static override flags = {
    image: Flags.string({
      helpValue: 'IMAGE',
      default: 'docker.io/library/busybox:latest',
      description: 'of the container',
    }),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Init)
    const kind = args.kind === 'pod' || args.kind === 'container' ? args.kind : undefined
    if (!kind) throw new UsageError(`init "${args.kind}": write init pod or init container`)
    const [{containerStarter, podStarter, starterText}, {docsJson}] = await Promise.all([
      import('../config-files/starter.js'),
      import('../generated/docs.js'),
    ])
    const fields = kind === 'pod' ? podStarter(await this.#place(flags)) : containerStarter(flags)
    const next =
      kind === 'pod'
        ? `# A pod. "${programName()} runp FILE" makes it;\n# "${programName()} run CONTAINER-FILE FILE" makes it with a container.\n`
        : `# A container. "${programName()} run FILE POD-FILE" makes it with a pod;\n# "${programName()} create POD FILE" puts it into one.\n`
    const text = `${next}\n${starterText(kinds[kind], fields, JSON.parse(docsJson))}\n`
    if (args.file === undefined) return this.write(text)
    await this.#save(args.file, text)
  }

  async #place(flags: GlobalFlags): Promise<{logDirectory: string; cgroupParent: string}> {
    const {defaultLogRoot} = await import('../run/ways-to-plan.js')
    return {
      logDirectory: `${defaultLogRoot({env: process.env, uid: process.getuid?.()})}/default_example`,
      cgroupParent: (await this.#usesSystemd(flags)) ? 'crisp-example.slice' : '/crisp/example',
    }
  }

  /** A file can be written without any runtime: then the runtimes' own default counts. */
  async #usesSystemd(flags: GlobalFlags): Promise<boolean> {
    const {usesSystemd} = await import('../run/host.js')
    try {
      using client = await this.connect(
        {'max-retries': 0, ...flags},
        {
          signal: AbortSignal.any([this.signal, signalAfter(1000)]),
        },
      )
      return await usesSystemd(client)
    } catch {
      this.signal.throwIfAborted()
      return false
    }
  }

  async #save(path: string, text: string): Promise<void> {
    try {
      await writeFile(path, text, {flag: 'wx'})
    } catch (error) {
      const {code, message} = error as NodeJS.ErrnoException
      const problem = code === 'EEXIST' ? 'is there already: choose another name, or remove it' : message
      throw new UserError(`${printable(path)}: ${problem}`, {cause: error})
    }
  }
}
