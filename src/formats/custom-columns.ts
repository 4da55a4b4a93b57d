import {UsageError} from '../errors/errors.js'
import {mapLazily} from '../text/map-lazily.js'
import {formatValue} from './go-template/verbs.js'
import {type JsonPath, parseJsonPath} from './jsonpath/index.js'

export interface CustomColumn {
  header: string
  path: JsonPath
}

/** kubectl's `NAME:.metadata.name,STATE:.state`. Throws UsageError. */
export function parseCustomColumns(text: string): CustomColumn[] {
  return specifications(text).map((specification) => {
    const colon = specification.indexOf(':')
    const path = specification.slice(colon + 1).trim()
    if (colon < 1 || path === '')
      throw new UsageError(`custom-columns: "${specification}" is not HEADER:PATH, as NAME:.metadata.name`)
    return {header: specification.slice(0, colon).trim(), path: parseJsonPath(path)}
  })
}

/** What kubectl's `custom-columns-file` holds: a line of headers and below it a line of paths. Throws UsageError. */
export function parseColumnsFile(text: string): CustomColumn[] {
  const [headers = [], paths = []] = text.split('\n', 2).map((line) => line.split(/\s+/).filter(Boolean))
  if (headers.length === 0 || headers.length !== paths.length)
    throw new UsageError(
      `custom-columns-file: ${headers.length} headers and ${paths.length} paths: the first line has the headers, the second a path for each`,
    )
  return headers.map((header, index) => ({header, path: parseJsonPath(paths[index] ?? '')}))
}

/** A row for each item; several values of a cell with commas, `<none>` where there is nothing. */
export function rowsOf(columns: readonly CustomColumn[], items: Iterable<unknown>): Iterable<string[]> {
  return mapLazily(items, (item) =>
    columns.map(({path}) => {
      const values = path.find(item).filter((value) => value !== null)
      return values.length === 0 ? '<none>' : values.map((value) => formatValue(value)).join(',')
    }),
  )
}

/** Cut at commas, except those inside brackets, braces and quotes, where kubectl cuts too. */
function specifications(text: string): string[] {
  const found = ['']
  let depth = 0
  let quote = ''
  for (const character of text) {
    if (quote !== '') quote = character === quote ? '' : quote
    else if (depth > 0 && /["']/.test(character)) quote = character
    else if (/[[{(]/.test(character)) depth++
    else if (/[\]})]/.test(character)) depth--
    if (character === ',' && depth <= 0 && quote === '') found.push('')
    else found[found.length - 1] += character
  }
  return found
}
