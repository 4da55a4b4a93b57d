import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {outputFlags} from '../cli/flags/common.js'
import {NotFoundError} from '../errors/errors.js'
import {aroundSentence, aroundText, entriesAround, namesAround, searchAround} from '../explain/around.js'
import {bestFirst} from '../explain/best-first.js'
import {type Entry, elementEntry, entriesView} from '../explain/entries.js'
import {callsOf, type Element, findElements, services} from '../explain/find.js'
import {
  callsText,
  type Docs,
  elementsText,
  explanationText,
  type Page,
  recursiveText,
  searchElements,
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
    'crisp explain init container',
    'crisp explain --search seccomp',
    'crisp explain ContainerStatus -o json',
    'crisp explain doctor/cni',
  ]

  static override args = {
    word: Args.string({
      multiple: true,
      description:
        'a call, a message, a field below one (Message.field.field), a field alone; a verb, with the calls that it makes; a state or a word such as pause; pod and container are the files of run; doctor/CHECK a check, doctor all of them',
      complete: ['pod', 'container', ...namesAround, ...services.flatMap(callsOf).map(({name}) => name)],
    }),
  }

  static override flags = {
    ...outputFlags('table'),
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
    const output = await this.outputForm(flags)
    const docs = JSON.parse((await import('../generated/docs.js')).docsJson) as Docs
    const page = {docs, width: Math.min(this.width ?? usualWidth, usualWidth)}
    const {entries, text} = await this.#find(args.word?.join(' '), flags, page)
    await this.show(entriesView(entries, text), output)
  }

  async #find(
    word: string | undefined,
    {search, recursive}: {search?: string | undefined; recursive: boolean},
    page: Page,
  ): Promise<Explained> {
    if (search !== undefined) return this.#search(search, page)
    if (word === undefined) {
      const calls = services.flatMap(callsOf)
      return {
        entries: calls.map((call) => elementEntry(call, page.docs, recursive ? 'recursive' : 'itself')),
        text: this.#fit(recursive ? calls.map(recursiveText).join('\n') : callsText(page)),
      }
    }
    const check = /^doctor\/(.*)$/s.exec(word)
    if (check) return await this.#check(check[1])
    const around = entriesAround(word, this.#summaryOf)
    const aroundWords = {
      entries: around,
      text: this.#fit(around.map((entry) => aroundText(entry, page.width)).join('\n')),
    }
    if (word === 'doctor') return join([aroundWords, await this.#check()])
    const elements = await this.#elements(word, around.length > 0)
    if (!elements) return await this.#check(word)
    const api = elementsExplained(elements, page, recursive)
    return join([aroundWords, {...api, text: this.#fit(api.text)}])
  }

  async #search(text: string, page: Page): Promise<Explained> {
    const {checkEntries, checkSentence, searchChecks} = await import('../doctor/explain.js')
    const around = searchAround(text, this.#summaryOf).map((entry) => ({
      entry,
      text: aroundSentence(entry, page.width),
    }))
    const checks = searchChecks(text).flatMap((name) =>
      checkEntries(name).map((entry) => ({entry, text: checkSentence(name, page.width)})),
    )
    const elements = searchElements(text, page.docs)
      .flatMap((name) => findElements(name).slice(0, 1))
      .map((element) => ({
        entry: elementEntry(element, page.docs, 'itself'),
        text: elementsText([element], page),
      }))
    const found = bestFirst(text, [...around, ...checks, ...elements])
    if (found.length === 0) throw new NotFoundError(`no explanation has "${text}" in it`)
    return {
      entries: found.map(({entry}) => entry),
      text: this.#fit(found.map((each) => each.text).join('')),
    }
  }

  async #check(name?: string): Promise<Explained> {
    const {checkEntries, checksExplained} = await import('../doctor/explain.js')
    const text = checksExplained(name, {width: this.width, style: await this.tableStyle()})
    return {entries: checkEntries(name), text}
  }

  readonly #summaryOf = (verb: string) => this.grammar.commands.find(({id}) => id === verb)?.summary ?? ''

  /** Names and types, too, go on in the next line where the terminal has no room. */
  #fit(text: string): string {
    const {width} = this
    if (width === undefined) return text
    return text
      .split('\n')
      .flatMap((line) => wrapMessage(line, width))
      .join('\n')
  }

  /** None where the word has been explained otherwise, undefined where it is a check of doctor. */
  async #elements(word: string, isKnown: boolean): Promise<Element[] | undefined> {
    try {
      return findElements(word, namesAround)
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
      if (isKnown) return []
      if ((await import('../doctor/explain.js')).isCheck(word)) return undefined
      throw error
    }
  }
}

interface Explained {
  entries: readonly Entry[]
  text: string
}

function join(parts: readonly Explained[]): Explained {
  return {
    entries: parts.flatMap(({entries}) => entries),
    text: parts
      .map(({text}) => text)
      .filter(Boolean)
      .join('\n'),
  }
}

function elementsExplained(elements: readonly Element[], page: Page, recursive: boolean): Explained {
  const isLong = recursive || elements.length <= 2
  const depth = recursive ? 'recursive' : isLong ? 'whole' : 'itself'
  const textOf = (element: Element) => (recursive ? recursiveText(element) : explanationText(element, page))
  return {
    entries: elements.map((element) => elementEntry(element, page.docs, depth)),
    text: isLong ? elements.map(textOf).join('\n') : elementsText(elements, page),
  }
}
