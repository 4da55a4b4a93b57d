import {UsageError} from '../errors/errors.js'

const posixClasses: ReadonlyMap<string, string> = new Map([
  ['alnum', '0-9A-Za-z'],
  ['alpha', 'A-Za-z'],
  ['digit', '0-9'],
  ['lower', 'a-z'],
  ['upper', 'A-Z'],
  ['space', '\\s'],
  ['word', '\\w'],
  ['xdigit', '0-9A-Fa-f'],
  ['punct', '!-\\/:-@\\[-`{-~'],
])

/**
 * A regular expression in Go's spelling as far as the two differ in daily use: `(?i)` at the start, named groups,
 * `\A` and `\z`, POSIX classes. Unanchored. Throws UsageError.
 */
export function parseRegexp(source: string): RegExp {
  const [, modes = '', rest = ''] = /^(?:\(\?([imsU]+)\))?(.*)$/s.exec(source) ?? []
  const translated = rest
    .replaceAll('(?P<', '(?<')
    .replace(/\\A/g, '^')
    .replace(/\\z/g, '$')
    .replace(/\[:(\w+):\]/g, (whole, name: string) => posixClasses.get(name) ?? whole)
  try {
    return new RegExp(translated, modes.replaceAll('U', ''))
  } catch (error) {
    throw new UsageError(
      `"${source}" is not a regular expression: ${(error as Error).message.split(': ').pop()}`,
      {cause: error},
    )
  }
}
