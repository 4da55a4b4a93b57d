import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {NotFoundError} from '../errors/errors.js'
import {explainAround, namesAround, searchAround} from '../explain/around.js'
import {callsOf, type Element, findElements, services} from '../explain/find.js'
import {
  callsText,
  elementsText,
  explanationText,
  type Page,
  recursiveText,
  searchText,
} from '../explain/text.js'
import {wrapMessage} from '../text/wrap.js'

const usualWidth = 80

export default class Explain extends CriCommand {
  static override summary =
    'Explain a call, message or field of the CRI, a verb, a state, or a check of doctor'
  static override description =
    'Meaning, unit, what empty means, since when it exists and what containerd and CRI-O do with it. Without a word it lists all calls. It asks no runtime.'
  static override examples = [
    'crisp explain StopContainer',
    'crisp explain ContainerStatus.exit_code',
    'crisp explain container.linux.security_context',
    'crisp explain run',
    'crisp explain CrashLoopBackOff',
    'crisp explain --search seccomp',
    'crisp explain doctor/cni',
  ]

  static override args = {
    word: Args.string({
      description:
        'a call, a message, a field below one (Message.field.field), a field alone; a verb, with the calls that it makes; a state or a word such as pause; pod and container are the files of run; doctor/CHECK a check, doctor all of them',
      complete: ['pod', 'container', ...namesAround, ...services.flatMap(callsOf).map(({name}) => name)],
    }),
  }

  static override flags = {
    search: Flags.string({
      helpValue: 'TEXT',
      description: 'all whose name or explanation has this text, a sentence each',
    }),
    recursive: Flags.boolean({
      description: 'the fields with those inside them, down to the last, by name and type',
    }),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Explain)
    const docs = JSON.parse((await import('../generated/docs.js')).docsJson) as Record<string, string>
    const page = {docs, width: Math.min(this.width ?? usualWidth, usualWidth)}
    if (flags.search !== undefined) return this.#search(flags.search, page)
    if (args.word === undefined) return this.#show(callsText(page))
    const check = /^doctor(?:\/(.*))?$/s.exec(args.word)
    if (check) {
      const {checksExplained} = await import('../doctor/explain.js')
      return this.write(checksExplained(check[1], {width: this.width, style: await this.tableStyle()}))
    }
    const around = flags.recursive ? [] : explainAround(args.word, page.width)
    const elements = this.#elements(args.word, around.length > 0)
    if (flags.recursive) return this.#show(elements.map(recursiveText).join('\n'))
    const api =
      elements.length <= 2
        ? elements.map((element) => explanationText(element, page))
        : [elementsText(elements, page)]
    this.#show([...around, ...api].join('\n'))
  }

  #search(text: string, page: Page): void {
    const around = searchAround(text).flatMap((word) => explainAround(word, page.width))
    const found = [...around, searchText(text, page)].filter(Boolean).join('\n')
    if (found === '') throw new NotFoundError(`no explanation has "${text}" in it`)
    this.#show(found)
  }

  /** Names and types, too, go on in the next line where the terminal has no room. */
  #show(text: string): void {
    const {width = Number.POSITIVE_INFINITY} = this
    this.write(
      text
        .split('\n')
        .flatMap((line) => wrapMessage(line, width))
        .join('\n'),
    )
  }

  /** None where the word has been explained otherwise. */
  #elements(word: string, isKnown: boolean): Element[] {
    try {
      return findElements(word, namesAround)
    } catch (error) {
      if (isKnown && error instanceof NotFoundError) return []
      throw error
    }
  }
}
