import {resolve} from 'node:path'
import * as Flags from '@oclif/core/flags'
import {isRoot} from '../cli/account.js'
import {CriCommand} from '../cli/command.js'
import type {PrivateServer} from '../cli/demo-process.js'
import type {Author} from '../cli/tour/allowed.js'
import {Prompt} from '../cli/tour/ask.js'
import {writePodFiles} from '../cli/tour/files.js'
import {ending, leaving, TourSession, wayWords} from '../cli/tour/session.js'
import {connect} from '../client/connect.js'
import type {SourceText} from '../config-files/source.js'
import {exitCode, UsageError} from '../errors/errors.js'
import type {Lesson} from '../tour/lesson.js'
import type {Look} from '../tour/pages.js'

export default class Tour extends CriCommand {
  static override summary = "Learn the CRI step by step, on a runtime of the tour's own"
  static override description =
    'Each step says a few lines; you type its command, or Enter has it typed, and see which calls it made and why. quit ' +
    'or Ctrl-C leaves, and the next time goes on there. It needs no runtime, no root and no network, and leaves nothing behind.'
  static override examples = [
    'crisp tour',
    'crisp tour --list',
    'crisp tour --step 5',
    'crisp tour --non-interactive | less',
    'crisp tour --lesson lesson.yaml',
    'crisp tour --example > lesson.yaml',
  ]

  static override flags = {
    list: Flags.boolean({description: 'list the steps: + done, > where you are'}),
    step: Flags.string({
      helpValue: 'N',
      description: 'begin with this step: its number, or its name in the file',
    }),
    restart: Flags.boolean({description: 'begin anew, and forget where you were'}),
    'non-interactive': Flags.boolean({
      description:
        'print all of it, with every command run; fails where a step does not come out as it should',
    }),
    lesson: Flags.string({
      helpValue: 'FILE',
      description: 'take the steps from this YAML file (docs/tour.md)',
    }),
    example: Flags.boolean({description: 'print such a file, to start from'}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Tour)
    const texts = await import('../generated/lessons.js')
    if (flags.example) return this.write(texts.exampleLesson)
    const isGuided = !flags['non-interactive'] && !flags.list
    if (isGuided && !(process.stdin.isTTY && process.stdout.isTTY))
      throw new UsageError('a tour needs a terminal: --non-interactive prints it all')

    if (isGuided && flags.lesson === '-')
      throw new UsageError(
        '--lesson -: what you type comes from there, too; take a file, or --non-interactive',
      )
    const {checkedLesson, firstStep} = await import('../cli/tour/lesson-file.js')
    const {Progress} = await import('../cli/tour/progress.js')
    const note = (text: string) => this.note(text)
    const author = flags.lesson === undefined ? 'crisp' : 'lesson'
    const lesson = checkedLesson(await this.#source(flags.lesson, texts.builtInTour), author, this.grammar)
    const key = flags.lesson === undefined ? 'tour' : resolve(flags.lesson)
    const progress = new Progress(process.env, key, note)
    const before = flags.restart || flags['non-interactive'] ? undefined : progress.read()
    if (flags.list) {
      const {listText} = await import('../tour/pages.js')
      return this.write(listText(lesson, {here: before?.step, done: before?.done ?? []}))
    }
    const start = firstStep(lesson, {asked: flags.step, before: before?.step, note})
    await using server = await this.#startRuntime(lesson)
    if (author === 'crisp') writePodFiles(server.directory)
    using client = connect({endpoint: server.endpoint, signal: this.signal})
    const session = new TourSession(
      {
        ...(await this.#surroundings()),
        prompt: await this.#prompt({...server, author}),
        lesson,
        author,
        client,
        progress,
        stage: {...server, signal: this.signal},
      },
      before?.done ?? [],
    )
    if (isGuided) await this.#guide(session, start, flags.lesson)
    else if ((await session.show(start)) > 0) process.exitCode = exitCode.failed
  }

  async #source(file: string | undefined, builtIn: string): Promise<SourceText> {
    if (file === undefined) return {name: 'the built-in tour', text: builtIn}
    return (await import('../config-files/source.js')).readSource(file, this.reading, 'lesson')
  }

  async #startRuntime({node}: Lesson): Promise<PrivateServer> {
    if (isRoot()) this.note((await import('../views/demo.js')).demoOfRoot())
    const {startPrivateServer} = await import('../cli/demo-process.js')
    return startPrivateServer(node === 'empty' ? ['--empty'] : [], this.signal)
  }

  async #guide(session: TourSession, start: number, file: string | undefined): Promise<void> {
    let isOver = false
    try {
      isOver = await session.guide(start)
    } finally {
      this.write((isOver ? ending : leaving)(file))
    }
  }

  async #surroundings() {
    return {
      grammar: this.grammar,
      look: await this.#look(),
      write: (text: string) => this.writePieces([text]),
      leaveToChild: <Result>(work: () => Promise<Result>) => this.interruption.leaveToChild(work),
    }
  }

  async #prompt(place: {endpoint: string; directory: string; author: Author}): Promise<Prompt> {
    const {completeLine} = await import('../cli/tour/complete.js')
    return new Prompt(this.signal, (line) =>
      completeLine(line, {...place, grammar: this.grammar, ways: wayWords}),
    )
  }

  async #look(): Promise<Look> {
    const {wantsColour} = await import('../cli/colour.js')
    const plain = {title: (text: string) => text, typed: (text: string) => text}
    const style = wantsColour(process.stdout) ? (await import('../terminal/colours.js')).helpStyle : plain
    const width = () => Math.min(this.width || 80, 80)
    return {
      // The terminal may be made larger or smaller at any time.
      get width() {
        return width()
      },
      style,
      paint: await this.paint(),
    }
  }
}
