import {renameSync} from 'node:fs'
import type {CriClient} from '../../client/connect.js'
import {UsageError} from '../../errors/errors.js'
import {printable} from '../../errors/printable.js'
import type {Meaning} from '../../text/meaning.js'
import {programName} from '../../text/program.js'
import {quoteForShell} from '../../text/shell-quote.js'
import {endsWell, findProblem, findSubjects, nodeHolds} from '../../tour/check.js'
import type {Command, Lesson, Step} from '../../tour/lesson.js'
import {callsText, type Look, paragraphs, stepText, type TracedCall, typedText} from '../../tour/pages.js'
import {describeError} from '../failures/describe.js'
import {answerCommand} from '../failures/foreign-words.js'
import type {Grammar} from '../grammar.js'
import {type AllowedLine, type Author, allowedLine} from './allowed.js'
import type {Prompt} from './ask.js'
import {type Played, play, type Stage, type TraceEvent} from './play.js'
import type {Progress} from './progress.js'

/** What a tour has of the program around it. */
export interface Surroundings {
  lesson: Lesson
  author: Author
  grammar: Grammar
  stage: Stage & {socketPath: string}
  client: CriClient
  look: Look
  write: (text: string) => Promise<void>
  prompt: Pick<Prompt, 'ask' | 'remember'>
  /** While a command has the terminal Ctrl-C is meant for it. */
  leaveToChild: <Result>(work: () => Promise<Result>) => Promise<Result>
  progress: Progress
}

type Way = 'next' | 'back' | 'quit'

const ways: ReadonlyMap<string, Way> = new Map([
  ['next', 'next'],
  ['skip', 'next'],
  ['back', 'back'],
  ['quit', 'quit'],
  ['exit', 'quit'],
  ['q', 'quit'],
])

/** What may be typed besides commands. */
export const wayWords = ['hint', 'again', 'skip', 'back', 'help', 'quit'] as const

interface StepState {
  isDone: boolean
  /** How many were given. */
  hints: number
  /** Something else was tried, which may have left its own. */
  hasFailed: boolean
  prompt: string
}

const howTo =
  'Type the command after the prompt, or press Enter to have it typed. `help` lists what else there is.'

const help = `Enter types the command of the step for you; or type it yourself, or any other command of crisp.

- \`hint\`: a hint, and then the command
- \`again\`: the text of the step once more
- \`skip\`, \`back\`: to the next step, to the one before
- \`quit\`: leave; the next time goes on here (so do Ctrl-D, and Ctrl-C on an empty line)

Up brings what was typed before, Tab completes. Ctrl-C takes a line back; while a command runs it ends the
command alone. \`VERB --help\` shows what a verb can do.`

export class TourSession {
  readonly #around: Surroundings
  /** Reasons for calls that were given already. */
  readonly #said = new Set<string>()
  #done: string[]
  /** Whoever sits there knows how it goes. */
  #isUnderWay = false

  constructor(around: Surroundings, done: readonly string[]) {
    this.#around = around
    this.#done = [...done]
  }

  /** Step by step with whoever sits there. True if it came to the end. */
  async guide(start: number): Promise<boolean> {
    const {steps} = this.#around.lesson
    for (let index = start; index < steps.length; ) {
      const step = steps[index] as Step
      this.#around.progress.keep({step: step.id, done: this.#done})
      const way = await this.#guideStep(step, index)
      if (way === 'quit') return false
      index = way === 'back' ? Math.max(0, index - 1) : index + 1
    }
    this.#around.progress.forget()
    return true
  }

  /** All of it, with every command run. Gives how many steps did not come out as they should. */
  async show(start: number): Promise<number> {
    const {lesson, look, write} = this.#around
    let failures = 0
    for (const [index, step] of lesson.steps.entries()) {
      if (index < start) continue
      await this.#prepare(step)
      await write(stepText(lesson, index, look))
      if (!step.command) continue
      await write(`\n${typedText(step.command.text, look)}\n`)
      const {problem} = await this.#attempt(this.#allowed(step.command), step, 'shown')
      if (problem !== undefined) failures++
      if (problem === undefined) await this.#say(step.after)
      else await this.#say(`${problem}.`, 'failed', 'Not as it should be:')
    }
    return failures
  }

  async #guideStep(step: Step, index: number): Promise<Way> {
    const {lesson, look, write, prompt} = this.#around
    await this.#prepare(step)
    await write(stepText(lesson, index, look))
    await write(step.command ? `\n${typedText(step.command.text, look)}` : '\n')
    if (step.command && !this.#isUnderWay) await this.#say(howTo)
    this.#isUnderWay = true
    const isLast = index === lesson.steps.length - 1
    const open = `${index + 1}/${lesson.steps.length}> `
    const state: StepState = {isDone: step.command === undefined, hints: 0, hasFailed: false, prompt: open}
    for (;;) {
      const typed = await prompt.ask(state.isDone ? (isLast ? 'Enter ends> ' : 'Enter goes on> ') : open)
      // As pages show a line that is to be typed.
      const word = typed?.line.trim().replace(/^\$ +/, '') ?? 'quit'
      const way = word === '' && state.isDone ? 'next' : ways.get(word.toLowerCase())
      if (way) return way
      if (word.toLowerCase() === 'again') await write(stepText(lesson, index, look))
      else await this.#answer(word, step, state)
      if (typed?.more.length) await this.#say(onlyFirst(typed.more.length))
    }
  }

  async #answer(word: string, step: Step, state: StepState): Promise<void> {
    if (/^(help|\?)$/i.test(word)) await this.#say(help)
    else if (/^hint$/i.test(word)) await this.#hint(step, ++state.hints)
    else await this.#try(word, step, state)
  }

  /** Runs what was typed; an empty line is the step's own command. */
  async #try(word: string, step: Step, state: StepState): Promise<void> {
    const asked = this.#understand(word === '' ? (step.command?.text ?? '') : word)
    if (typeof asked === 'string') return this.#say(`${asked}.`)
    if (word === '' && step.command) await this.#typeForThem(step, step.command, state)
    const isChecked = !state.isDone && asked.kind === 'command'
    const {problem, exitCode} = await this.#attempt(asked, isChecked ? step : undefined, 'asked')
    if (!isChecked) return
    if (problem === undefined) {
      state.isDone = true
      this.#keepDone(step)
      return this.#say(step.after, 'running', 'Done.')
    }
    if (step.command && asked.isLook && endsWell(exitCode) && asked.verb !== this.#allowed(step.command).verb)
      return this.#say(
        `That was a look around, and welcome. This step still waits for \`${step.command.text}\`.`,
      )
    state.hasFailed = true
    await this.#say(`${problem}.`, 'failed', 'Not yet:')
    await this.#hint(step, ++state.hints)
  }

  /** What it needs may have been taken away since the step began, and what is in its way been made. */
  async #typeForThem(step: Step, command: Command, {prompt, hasFailed}: StepState): Promise<void> {
    const {look, write} = this.#around
    this.#around.prompt.remember(command.text)
    await write(typedText(command.text, look, prompt))
    if (hasFailed) await this.#undo(step)
    await this.#bringNeeds(step)
  }

  /** Whoever leaves now goes on with what follows. */
  #keepDone({id}: Step): void {
    const {lesson, progress} = this.#around
    if (!this.#done.includes(id)) this.#done.push(id)
    const next = lesson.steps[lesson.steps.findIndex((step) => step.id === id) + 1]
    progress.keep({step: next?.id ?? id, done: this.#done})
  }

  async #hint(step: Step, times: number): Promise<void> {
    if (!step.command) return this.#say('There is nothing to type here: Enter goes on.')
    if (times === 1 && step.hint !== '') return this.#say(step.hint)
    await this.#say(`This is the command, and Enter types it: \`${step.command.text}\``)
  }

  /** What it is, or why it can't be run, in a sentence. */
  #understand(line: string): AllowedLine | string {
    try {
      return allowedLine(line, this.#around.author, this.#around.grammar)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      const {facts} = error
      if (facts?.about !== 'unknown command') return describeError(error).text
      const known = answerCommand(facts.words, facts.second)
      if (known) return `That is not crisp's. Here it is: ${known.answer}`
      return ofShells.has(facts.words[0] ?? '') ? notAShell : describeError(error).text
    }
  }

  #allowed({text}: Command): AllowedLine {
    return allowedLine(text, this.#around.author, this.#around.grammar)
  }

  /** Runs it and shows its calls; says what the step's checks miss afterwards. */
  async #attempt(
    line: AllowedLine,
    step: Step | undefined,
    audience: 'asked' | 'shown',
  ): Promise<{problem: string | undefined; exitCode: number}> {
    const {author, stage, client, look, write, leaveToChild} = this.#around
    const isAway = step?.runtime === 'away'
    const stopAfterMs = audience === 'shown' ? (step?.stopAfterMs ?? longestMs) : undefined
    const show = author === 'lesson' ? write : undefined
    const alone = () => play(line, stage, {audience, stopAfterMs, show})
    const work = audience === 'asked' ? () => leaveToChild(alone) : alone
    const before = step && !isAway ? await findSubjects(step.check, client) : undefined
    const played = await (isAway ? this.#withoutSocket(work) : work())
    await write(callsText(line.verb, tracedCalls(played), this.#said, look))
    const {exitCode} = played
    if (exitCode !== 0) await write(`\n(exit code ${exitCode})\n`)
    const ran = before ? {...played, before} : played
    return {exitCode, problem: step && (await findProblem(step.check, ran, client, stage.signal))}
  }

  async #withoutSocket<Result>(work: () => Promise<Result>): Promise<Result> {
    const {socketPath} = this.#around.stage
    renameSync(socketPath, `${socketPath}.away`)
    try {
      return await work()
    } finally {
      renameSync(`${socketPath}.away`, socketPath)
    }
  }

  /** Brings the node to where the step begins. */
  async #prepare(step: Step): Promise<void> {
    if (step.undo.length > 0 && (await nodeHolds(step.check, this.#around.client))) await this.#undo(step)
    await this.#bringNeeds(step)
  }

  async #undo({undo}: Step): Promise<void> {
    for (const command of undo) await this.#runSilently(command)
  }

  async #bringNeeds({needs}: Step): Promise<void> {
    const tried = new Set<string>()
    for (const id of needs) await this.#establish(id, tried)
  }

  /** Each step is tried once: where one can't be had, those that need it are not to try for ever. */
  async #establish(id: string, tried: Set<string>): Promise<void> {
    const {lesson, client, stage} = this.#around
    const needed = lesson.steps.find((other) => other.id === id)
    if (!needed?.command || tried.has(id)) return
    tried.add(id)
    if (await nodeHolds(needed.check, client)) return
    await this.#undo(needed)
    for (const earlier of needed.needs) await this.#establish(earlier, tried)
    const ran = await this.#runSilently(needed.command)
    await findProblem(needed.check, ran, client, stage.signal)
  }

  #runSilently(command: Command): Promise<Played> {
    return play(this.#allowed(command), this.#around.stage, {audience: 'silent', stopAfterMs: longestMs})
  }

  /** The first words may have a colour of their own. */
  async #say(text: string, meaning?: Meaning, first = ''): Promise<void> {
    const {look, write} = this.#around
    const whole = paragraphs(`${first} ${text}`.trim(), look)
    if (whole.trim() !== '') await write(`\n${look.paint(meaning, first)}${whole.slice(first.length)}`)
  }
}

function onlyFirst(more: number): string {
  const others = more === 1 ? 'another' : `${more} others`
  return `Of what came at once only the first line was taken; ${others} did not run: Up brings the next.`
}

const ofShells = new Set(
  'cat cd clear curl echo env find grep htop less man more mkdir nano ping rm sed sudo systemctl vi vim'.split(
    ' ',
  ),
)
const notAShell =
  "No shell reads this line: the tour takes crisp's verbs (`help all` lists them), and `help` says what else"

/** Where nobody can end a command that goes on for ever. */
const longestMs = 20_000

/** Of each call and connection its end, or its beginning where it has none. */
function tracedCalls({events}: Played): TracedCall[] {
  const isEnd = ({event}: TraceEvent) => event === 'call' || event === 'end'
  const isOpen = ({event, call}: TraceEvent) =>
    event === 'begin' && !events.some((other) => other.call === call && isEnd(other))
  return events.filter((moment) => isEnd(moment) || isOpen(moment))
}

/** What is said to somebody who leaves. */
export function leaving(file: string | undefined): string {
  return `\nThe next time it goes on here: ${lineFor(file)}\n`
}

/** What is said at the end. */
export function ending(file: string | undefined): string {
  const again = lineFor(file)
  return `\nThat was all of it, and what ran here is gone.\nOnce more: ${again}\nFrom a step on: ${again} --step N\n`
}

function lineFor(file: string | undefined): string {
  const lesson = file === undefined ? '' : ` --lesson ${printable(quoteForShell(file))}`
  return `${programName()} tour${lesson}`
}
