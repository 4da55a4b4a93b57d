import {UsageError} from '../errors/errors.js'

/**
 * The words of a line, with a shell's quotes and backslashes and nothing else of it. Throws UsageError for what a shell
 * would do with it beyond that.
 */
export function shellWords(line: string): string[] {
  const words: string[] = []
  let rest = line.trimStart()
  while (rest !== '') {
    const [part = ''] = /^(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+/s.exec(rest) ?? []
    if (part === '') throw new UsageError('a quote has no end')
    const [next] = rest.slice(part.length)
    if (next !== undefined && !/\s/.test(next)) throw new UsageError('a quote has no end')
    const special = /[|<>;&`]|\$\(/.exec(part.replaceAll(/'[^']*'|"(?:\\.|[^"\\])*"|\\./gs, ''))
    if (special)
      throw new UsageError(
        `no shell reads this line: "${special[0]}" means nothing here, or put it in quotes`,
      )
    words.push(unquote(part))
    rest = rest.slice(part.length).trimStart()
  }
  return words
}

function unquote(part: string): string {
  return part.replaceAll(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/gs, (_, single, double, escaped) =>
    single !== undefined ? single : double !== undefined ? double.replaceAll(/\\(["\\$`])/g, '$1') : escaped,
  )
}
