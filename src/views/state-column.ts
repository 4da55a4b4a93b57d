import type {Column} from '../formats/table.js'

const narrow = 60
const leastOfState = 8

/** How something ended is worth more than other columns; but on a very narrow terminal the name is worth more than that. */
export function cutState(columns: readonly Column[], width: number | undefined): readonly Column[] {
  if (width === undefined || width >= narrow) return columns
  return columns.map((column) => (column.title === 'STATE' ? {...column, min: leastOfState} : column))
}
