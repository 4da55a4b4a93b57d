import {statSync} from 'node:fs'
import {join, resolve} from 'node:path'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {containerNames, targetFlags} from '../cli/flags/target.js'
import {TargetCommand} from '../cli/several-targets.js'
import {UsageError} from '../errors/errors.js'
import {resolveTargetContainers} from '../node/targets.js'

const {wait: _, ...eachFlags} = targetFlags(1)

export default class Checkpoint extends TargetCommand {
  static override summary = 'Save the state of running containers to files'
  static override description =
    'The runtime writes the file on its node, and needs CRIU. The container keeps running.'
  static override examples = [
    'crisp checkpoint --export /var/tmp/web.tar web',
    'crisp checkpoint --export /var/tmp/ web db',
  ]

  static override args = {
    container: Args.string({...containerNames, required: true, complete: 'running-container'}),
  }

  static override flags = {
    export: Flags.string({
      char: 'e',
      helpValue: 'FILE',
      description: 'file to write; for several containers a directory, with a file ID.tar for each',
    }),
    ...eachFlags,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Checkpoint)
    if (!flags.export) throw new UsageError('checkpoint needs --export FILE')
    const place = resolve(flags.export)
    const isDirectory = flags.export.endsWith('/') || statSync(place, {throwIfNoEntry: false})?.isDirectory()
    if (args.container.length > 1 && !isDirectory)
      throw new UsageError(
        `--export ${flags.export}: several containers need a directory, or each would end in one file`,
      )
    const {timeoutMs = 0} = await this.settings(flags)
    using client = await this.connect(flags)

    const targets = await resolveTargetContainers(client, args.container)
    await this.onEach(client, targets, flags, {
      verb: 'checkpoint',
      noun: 'container',
      act: async ({id, word}, say) => {
        await client.runtime.checkpointContainer({
          containerId: id,
          location: isDirectory ? join(place, `${id}.tar`) : place,
          timeout: String(Math.floor(timeoutMs / 1000)),
        })
        say(word)
      },
    })
  }
}
