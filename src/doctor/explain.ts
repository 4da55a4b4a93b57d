import {NotFoundError} from '../errors/errors.js'
import {report} from '../formats/report.js'
import type {TableOptions} from '../formats/table.js'
import {nearest} from '../text/nearest.js'
import {indentText} from '../text/wrap.js'
import type {Check, Severity, Source} from './check.js'
import {checks} from './checks/index.js'

/** Where no terminal says less, and where it says more. */
const usualWidth = 80

/** The same as data, in one shape with what else is explained; without a name of all. Throws NotFoundError. */
export function checkEntries(name = ''): CheckEntry[] {
  return (name === '' ? checks : [checkNamed(name)]).map((check) => ({
    kind: 'check',
    name: `doctor/${check.name}`,
    text: check.explanation,
    sources: check.sources,
    severity: check.severity,
  }))
}

interface CheckEntry {
  kind: 'check'
  name: string
  text: string
  sources: readonly Source[]
  severity: Severity
}

/** Names of those that have this text somewhere. */
export function searchChecks(text: string): string[] {
  const wanted = text.toLowerCase()
  return checks
    .filter(({name, about, explanation}) => `${name} ${about} ${explanation}`.toLowerCase().includes(wanted))
    .map(({name}) => name)
}

/** What a check is about, in a sentence. */
export function checkSentence(name: string, width: number): string {
  return [`check doctor/${name}`, ...indented(`Looks at ${checkNamed(name).about}.`, width), ''].join('\n')
}

export function isCheck(name: string): boolean {
  return checks.some((check) => check.name === name)
}

/** What a check is about and how it knows; without a name all of them, a line each. Throws NotFoundError. */
export function checksExplained(name = '', options: TableOptions = {}): string {
  if (name === '')
    return report(
      [{title: 'CHECK'}, {title: 'LOOKS AT'}],
      checks.map((check) => [check.name, check.about]),
      options,
    )
  const {about, sources, severity, explanation} = checkNamed(name)
  const facts = [`looks at ${about}`, `asks the ${sources.join(' and the ')}; at worst ${severity}`]
  return [
    `check ${name}`,
    ...facts.flatMap((text) => indented(text, options.width)),
    '',
    ...indented(explanation, options.width),
    '',
  ].join('\n')
}

function checkNamed(name: string): Check {
  const check = checks.find((each) => each.name === name)
  if (check) return check
  const names = checks.map((each) => each.name)
  const near = nearest(name, names)
  throw new NotFoundError(
    `doctor has no check "${name}"${near === undefined ? `: ${names.join(', ')}` : `, did you mean ${near}?`}`,
  )
}

function indented(text: string, width = usualWidth): string[] {
  return indentText(text, 2, Math.min(width, usualWidth))
}
