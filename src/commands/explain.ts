import * as Args from '@oclif/core/args'
import {CriCommand} from '../cli/command.js'
import {callsOf, findElements, services} from '../explain/find.js'
import {callsText, elementsText, explanationText} from '../explain/text.js'

export default class Explain extends CriCommand {
  static override summary = 'Explain a call, message or field of the CRI'
  static override description =
    'Meaning, unit, what empty means, since when it exists and what containerd and CRI-O do with it. Without a word it lists all calls. It asks no runtime.'
  static override examples = [
    'crisp explain StopContainer',
    'crisp explain ContainerStatus.exit_code',
    'crisp explain container.linux.security_context',
    'crisp explain workingSetBytes',
  ]

  static override args = {
    word: Args.string({
      description:
        'a call, a message, a field below one (Message.field.field), a field alone; pod and container are the files of run',
      complete: ['pod', 'container', ...services.flatMap(callsOf).map(({name}) => name)],
    }),
  }

  async run(): Promise<void> {
    const {args} = await this.parse(Explain)
    const docs = JSON.parse((await import('../generated/docs.js')).docsJson) as Record<string, string>
    if (args.word === undefined) return this.write(callsText(docs))
    const elements = findElements(args.word)
    const atLength = elements.length <= 2
    this.write(
      atLength
        ? elements.map((element) => explanationText(element, docs)).join('\n')
        : elementsText(elements, docs),
    )
  }
}
