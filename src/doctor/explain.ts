import {NotFoundError} from '../errors/errors.js'
import {table} from '../formats/table.js'
import {nearest} from '../text/nearest.js'
import {wrapText} from '../text/wrap.js'
import {checks} from './checks/index.js'

const width = 80

/** What a check is about and how it knows; without a name all of them, a line each. Throws NotFoundError. */
export function checksExplained(name = ''): string {
  if (name === '')
    return table(
      [{title: 'CHECK'}, {title: 'LOOKS AT'}],
      checks.map((check) => [check.name, check.about]),
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
  return [`check ${name}`, ...facts.flatMap(indented), '', ...indented(explanation), ''].join('\n')
}

function indented(text: string): string[] {
  return wrapText(text, width - 2).map((line) => `  ${line}`)
}
