import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../base-command.js'
import {pullImage} from '../client/pull.js'
import {pullCredentials, pullFlags, pullTimeoutMs} from '../pull-flags.js'
import {parseLabels} from '../text/selectors.js'

export default class Pull extends CriCommand {
  static override summary = 'Fetch images from their registries'
  static override args = {
    image: Args.string({
      multiple: true,
      required: true,
      description: 'registry/name:tag or name@digest',
      ignoreStdin: true,
    }),
  }
  static override flags = {
    ...pullFlags,
    annotation: Flags.string({
      char: 'a',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'KEY=VALUE',
      description: 'for the runtime',
    }),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Pull)
    const {env, stdin, stderr} = process
    const timeoutMs = pullTimeoutMs(flags, env)
    const annotations = parseLabels(flags.annotation)
    const credentialsFor = await pullCredentials(flags, {
      env,
      stdin,
      stderr,
      note: (text) => this.note(text),
      signal: this.signal,
    })
    using client = await this.connect(flags)
    for (const image of args.image) {
      const ref = await pullImage(client, image, {
        auth: await credentialsFor(image),
        annotations,
        timeoutMs,
        signal: this.signal,
      })
      this.write(`Image is up to date for ${ref}\n`)
    }
  }
}
