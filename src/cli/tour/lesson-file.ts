import type {SourceText} from '../../config-files/source.js'
import {TreeError} from '../../config-files/tree.js'
import {codeName, rpcCode, UsageError} from '../../errors/errors.js'
import {callsOf, services} from '../../explain/find.js'
import {nearest} from '../../text/nearest.js'
import {type Lesson, type LineAt, parseLesson, type Step} from '../../tour/lesson.js'
import {describeError} from '../failures/describe.js'
import type {Grammar} from '../grammar.js'
import {type Author, allowedLine} from './allowed.js'

/** A lesson of which every command may run. Throws UserError, one line with the file's name and the line. */
export function checkedLesson(source: SourceText, author: Author, grammar: Grammar): Lesson {
  return parseLesson(source, ({steps}, lineAt) => {
    for (const [index, step] of steps.entries()) {
      checkCommands(step, author, grammar)
      checkWords(step, `steps[${index}]`, grammar, lineAt)
    }
  })
}

function checkCommands({command, undo}: Step, author: Author, grammar: Grammar): void {
  for (const {text, place, line} of command ? [command, ...undo] : undo) {
    try {
      if (allowedLine(text, author, grammar).kind === 'help') throw new UsageError('it asks for help alone')
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      throw new TreeError(`${place}: ${describeError(error).text}`, line)
    }
  }
}

/** Names that are a lesson's own words are free; those of crisp and the CRI are known. */
function checkWords({check}: Step, place: string, grammar: Grammar, lineAt: LineAt): void {
  const known = {
    verb: grammar.commands.map(({id}) => id),
    call: services.flatMap(callsOf).map(({name}) => name),
    answer: [...Object.values(rpcCode).map(codeName), 'OK'],
  }
  for (const [index, given] of check.entries()) {
    for (const name of ['verb', 'call', 'answer'] as const) {
      const words = [given[name] ?? []].flat()
      const unknown = words.find((word) => !known[name].includes(word))
      if (unknown === undefined) continue
      const at = `${place}.check[${index}].${name}`
      const guess = nearest(unknown, known[name])
      const others = name === 'answer' ? `: there are ${known.answer.join(', ')}` : ''
      throw new TreeError(
        `${at}: there is no ${name} "${unknown}"${guess ? `, did you mean ${guess}?` : others}`,
        lineAt(at),
      )
    }
  }
}

/** Where it begins: with the step that is asked for, else where one was the last time. Throws UsageError. */
export function firstStep(
  {steps}: Lesson,
  {
    asked,
    before,
    note,
  }: {asked: string | undefined; before: string | undefined; note: (text: string) => void},
): number {
  if (asked !== undefined) {
    const index = /^\d+$/.test(asked) ? Number(asked) - 1 : steps.findIndex(({id}) => id === asked)
    if (!steps[index]) throw new UsageError(`--step ${asked}: there are steps 1 to ${steps.length} (--list)`)
    return index
  }
  if (before === undefined) return 0
  const index = steps.findIndex(({id}) => id === before)
  if (index === -1) note('the step where you were is not there any more: the tour begins anew')
  return Math.max(0, index)
}
