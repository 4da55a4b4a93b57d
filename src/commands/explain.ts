import * as Args from '@oclif/core/args'
import {CriCommand} from '../cli/command.js'
import {callsOf, findElements, services} from '../explain/find.js'
import {callsText, elementsText, explanationText} from '../explain/text.js'

export default class Explain extends CriCommand {
  static override summary = 'Explain a call, message or field of the CRI, or a check of doctor'
  static override description =
    'Meaning, unit, what empty means, since when it exists and what containerd and CRI-O do with it. Without a word it lists all calls. It asks no runtime.'
  static override examples = [
    'crisp explain StopContainer',
    'crisp explain ContainerStatus.exit_code',
    'crisp explain container.linux.security_context',
    'crisp explain workingSetBytes',
    'crisp explain doctor/cni',
  ]

  static override args = {
    word: Args.string({
      description:
        'a call, a message, a field below one (Message.field.field), a field alone; pod and container are the files of run; doctor/CHECK a check, doctor all of them',
      complete: ['pod', 'container', ...services.flatMap(callsOf).map(({name}) => name)],
    }),
  }

  async run(): Promise<void> {
    const {args} = await this.parse(Explain)
    const docs = JSON.parse((await import('../generated/docs.js')).docsJson) as Record<string, string>
    if (args.word === undefined) return this.write(callsText(docs))
    const check = /^doctor(?:\/(.*))?$/s.exec(args.word)
    if (check) return this.write((await import('../doctor/explain.js')).checksExplained(check[1]))
    const elements = findElements(args.word)
    const atLength = elements.length <= 2
    this.write(
      atLength
        ? elements.map((element) => explanationText(element, docs)).join('\n')
        : elementsText(elements, docs),
    )
  }
}
