import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {pullCredentials, pullFlags, pullProgress, pullTimeoutMs} from '../cli/flags/pull.js'
import {parallelFlag} from '../cli/flags/target.js'
import {pairsFlag} from '../cli/flags/types.js'
import {validateFlag} from '../cli/flags/validate.js'
import {inOrder} from '../cli/several-targets.js'
import type {Validation} from '../config-files/file.js'
import {UsageError} from '../errors/errors.js'
import {concurrently} from '../node/concurrently.js'
import {pullImage} from '../node/pull.js'

export default class Pull extends CriCommand {
  static override summary = 'Fetch images from their registries'
  static override description =
    'Without credentials among the flags it takes those that docker login or podman login left for the registry, from ' +
    'their files and credential helpers. On a terminal a line shows the time and, as an estimate, how much has come: CRI ' +
    'itself tells nothing before the end.'
  static override examples = [
    'crisp pull docker.io/library/busybox:1.36 registry.k8s.io/pause:3.9',
    'crisp pull --creds ann registry.example.com/team/app:1',
    'pass show reg | crisp pull -u ann --password-stdin registry.example.com/app:1',
    'crisp pull -q --pull-timeout 10m registry.example.com/team/app:1',
  ]

  static override args = {
    image: Args.string({multiple: true, required: true, description: 'registry/name:tag or name@digest'}),
  }

  static override flags = {
    ...pullFlags,
    annotation: pairsFlag({
      char: 'a',
      description: 'annotation sent with the image, for the runtime',
    }),
    'pod-config': Flags.string({
      helpValue: 'FILE',
      description: 'pod that needs the image, as a file or - for stdin; CRI-O can check signatures by it',
    }),
    validate: validateFlag,
    parallel: parallelFlag({default: 8, description: 'how many at once'}),
    quiet: Flags.boolean({
      char: 'q',
      helpGroup: 'OUTPUT',
      description: "print only the runtime's ID of the image",
    }),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Pull)
    const timeoutMs = pullTimeoutMs(flags)
    if (flags['pod-config'] === '-' && (flags['creds-stdin'] || flags['password-stdin']))
      throw new UsageError('stdin holds either the pod or the credentials')
    const podConfig = await this.#podConfig(flags['pod-config'], this.validation(flags))
    const credentialsFor = await pullCredentials(flags, {
      note: (text) => this.note(text),
      signal: this.signal,
    })
    using client = await this.connect(flags)

    const images = [...new Set(args.image)].map((image, index) => ({image, index}))
    using progress = await pullProgress(client, args.image, {
      debug: flags.debug,
      units: () => this.units(flags),
    })
    const turns = inOrder((text) => {
      progress?.clear()
      this.write(text)
    })
    await concurrently(images, flags.parallel, async ({image, index}) => {
      try {
        const auth = await credentialsFor(image)
        const reference = await pullImage(client, image, {
          auth,
          annotations: flags.annotation ?? {},
          podConfig,
          timeoutMs,
          signal: this.signal,
        })
        turns(index, flags.quiet ? `${reference}\n` : `Image is up to date for ${reference}\n`)
      } catch (error) {
        progress?.clear()
        this.fail(error)
        turns(index, '')
      }
      progress?.done(image)
    })
  }

  async #podConfig(path: string | undefined, validation: Validation) {
    if (path === undefined) return undefined
    const {readPodConfig} = await import('../config-files/configs.js')
    return readPodConfig(path, this.reading, validation)
  }
}
