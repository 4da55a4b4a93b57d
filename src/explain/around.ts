import {programName} from '../text/program.js'
import {wrapText} from '../text/wrap.js'
import {type VerbCall, verbCalls} from './verbs.js'
import {words} from './words.js'

// What is no part of the API, and explained beside it: verbs by the calls that they make, states, reasons, names of things.

/** What may be asked for. */
export const namesAround: readonly string[] = [...Object.keys(verbCalls), ...Object.keys(words)]

/** The verb and the word of this name, in any letters; empty where there is neither. */
export function explainAround(name: string, width: number): string[] {
  const plain = name.toLowerCase()
  const verb = Object.hasOwn(verbCalls, plain) ? verbText(plain, verbCalls[plain] ?? [], width) : []
  const word = Object.keys(words).find((known) => known.toLowerCase() === plain)
  return [verb, word === undefined ? [] : wordText(word, width)].flat()
}

/** Names and first sentences of those that have this text somewhere. */
export function searchAround(text: string): string[] {
  const wanted = text.toLowerCase()
  return Object.entries(words)
    .filter(([word, about]) => `${word} ${about}`.toLowerCase().includes(wanted))
    .map(([word]) => word)
}

function verbText(verb: string, calls: readonly VerbCall[], width: number): string[] {
  const lines = calls.flatMap(({method, why, when}, index) => {
    const head = method === undefined ? `${index + 1}.` : `${index + 1}. ${method}${when ? `, ${when}` : ''}`
    return [`  ${head}`, ...indented(why, 5, width)]
  })
  const isNone = calls.length === 1 && calls[0]?.method === undefined
  const body = isNone ? indented(`Calls: ${calls[0]?.why}.`, 2, width) : lines
  const more = isNone
    ? []
    : ['', ...indented(`"${programName()} ${verb} --trace" shows them as they happen.`, 2, width)]
  return [[`verb ${verb}`, ...body, ...more, ''].join('\n')]
}

function wordText(word: string, width: number): string[] {
  return [[`word ${word}`, ...indented(words[word] ?? '', 2, width), ''].join('\n')]
}

function indented(text: string, columns: number, width: number): string[] {
  return wrapText(text, width - columns).map((line) => ' '.repeat(columns) + line)
}
