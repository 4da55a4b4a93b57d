import {programName} from '../text/program.js'
import {firstSentence} from '../text/sentence.js'
import {indentText} from '../text/wrap.js'
import {type Entry, verbEntry, wordEntry} from './entries.js'
import {type VerbCall, verbCalls} from './verbs.js'
import {words} from './words.js'

// What is no part of the API, and explained beside it: verbs by the calls that they make, states, reasons, names of things.

/** What may be asked for. */
export const namesAround: readonly string[] = [...Object.keys(verbCalls), ...Object.keys(words)]

/** What a verb is for, in one line, as its help has it. */
export type SummaryOf = (verb: string) => string

/** The verb and the word of this name, in any letters; empty where there is neither. */
export function entriesAround(name: string, summaryOf: SummaryOf): Entry[] {
  const plain = name.toLowerCase()
  const word = Object.keys(words).find((known) => inOneWord(known) === inOneWord(name))
  return [
    ...(Object.hasOwn(verbCalls, plain) ? [verbEntry(plain, summaryOf(plain))] : []),
    ...(word === undefined ? [] : [wordEntry(word)]),
  ]
}

/** `init container`, `InitContainer` and `init-container` are the same. */
function inOneWord(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_-]+/g, '')
}

/** Those that have this text somewhere. */
export function searchAround(text: string, summaryOf: SummaryOf): Entry[] {
  const wanted = text.toLowerCase()
  return namesAround
    .flatMap((name) => entriesAround(name, summaryOf))
    .filter((entry) => JSON.stringify(Object.values(entry)).toLowerCase().includes(wanted))
}

/** For people, at length. */
export function aroundText(entry: Entry, width: number): string {
  return entry.calls ? verbText(entry, entry.calls, width) : textOf(entry, entry.text, width)
}

/** The same in a sentence. */
export function aroundSentence(entry: Entry, width: number): string {
  return textOf(entry, firstSentence(entry.text), width)
}

function verbText({name, text}: Entry, calls: readonly VerbCall[], width: number): string {
  const lines = calls.flatMap(({method, why, when}, index) => {
    const head = method === undefined ? `${index + 1}.` : `${index + 1}. ${method}${when ? `, ${when}` : ''}`
    return [`  ${head}`, ...indentText(why, 5, width)]
  })
  const isNone = calls.length === 1 && calls[0]?.method === undefined
  const body = isNone ? indentText(`Calls: ${calls[0]?.why}.`, 2, width) : lines
  const more = isNone
    ? []
    : ['', ...indentText(`"${programName()} ${name} --trace" shows them as they happen.`, 2, width)]
  return [`verb ${name}`, ...indentText(text, 2, width), '', ...body, ...more, ''].join('\n')
}

function textOf({kind, name}: Entry, text: string, width: number): string {
  return [`${kind} ${name}`, ...indentText(text, 2, width), ''].join('\n')
}
