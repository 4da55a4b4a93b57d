import {NotFoundError} from '../errors/errors.js'
import {report} from '../formats/report.js'
import type {TableOptions} from '../formats/table.js'
import {nearest} from '../text/nearest.js'
import {wrapText} from '../text/wrap.js'
import {checks} from './checks/index.js'

/** Where no terminal says less, and where it says more. */
const usualWidth = 80

/** What a check is about and how it knows; without a name all of them, a line each. Throws NotFoundError. */
export function checksExplained(name = '', options: TableOptions = {}): string {
  if (name === '')
    return report(
      [{title: 'CHECK'}, {title: 'LOOKS AT'}],
      checks.map((check) => [check.name, check.about]),
      options,
    )
  const check = checks.find((each) => each.name === name)
  if (!check) {
    const names = checks.map((each) => each.name)
    const near = nearest(name, names)
    throw new NotFoundError(
      `doctor has no check "${name}"${near === undefined ? `: ${names.join(', ')}` : `, did you mean ${near}?`}`,
    )
  }
  const {about, sources, severity, explanation} = check
  const facts = [`looks at ${about}`, `asks the ${sources.join(' and the ')}; at worst ${severity}`]
  return [
    `check ${name}`,
    ...[...facts, '', explanation].flatMap((text) => indented(text, options.width)),
    '',
  ].join('\n')
}

function indented(text: string, width = usualWidth): string[] {
  return wrapText(text, Math.min(width, usualWidth) - 2).map((line) => `  ${line}`.trimEnd())
}
