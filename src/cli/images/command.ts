import * as Flags from '@oclif/core/flags'
import type {CriClient} from '../../client/connect.js'
import type {OutputForm} from '../../formats/output.js'
import {CriCommand} from '../command.js'
import {outputFlags} from '../flags/common.js'
import {durationFrom} from '../flags/types.js'
import {imageToolWork, type NamedImage} from './work.js'

export const imageToolFlags = {
  'tool-timeout': durationFrom(1)({
    description: "how long the runtime's tool may take [default: 1h]",
  }),
  'dry-run': Flags.boolean({description: "print the tool's command, as one could type it, and run nothing"}),
}

export const imageNamesFlags = {
  ...outputFlags('table'),
  quiet: Flags.boolean({char: 'q', helpGroup: 'OUTPUT', description: 'print only the names'}),
}

/** Verbs for images that the runtime's own tool carries out. */
export abstract class ImageToolCommand extends CriCommand {
  protected async toolWork(client: CriClient, flags: Parameters<typeof imageToolWork>[2]) {
    return imageToolWork(client, await this.settings(flags), flags, {
      signal: this.signal,
      note: (text) => this.note(text),
      write: (text) => this.write(text),
    })
  }

  protected async showNames(
    done: string,
    images: readonly NamedImage[],
    output: OutputForm,
    {quiet, 'dry-run': dryRun}: {quiet: boolean; 'dry-run'?: boolean},
  ): Promise<void> {
    if (dryRun) return
    if (quiet && output.shows === 'table') return this.write(images.map(({name}) => `${name}\n`).join(''))
    const {imageNamesView} = await import('../../views/image-names.js')
    await this.show(imageNamesView(done, images), output)
  }
}
