import type {Column} from '../../formats/table.js'
import type {SortKey} from '../../formats/view.js'

// What a command shows on one of several nodes, on its way: between two marks a line of JSON that says what it is, and
// one for each entry.

export const answerBegins = 'answer'
export const answerEnds = 'answer end'

export interface AnswerHead {
  kind: 'table' | 'names' | 'items' | 'text'
  /** By its name, as it was asked for or is usual for the command there. */
  form: string
  /** Of a table. */
  columns?: readonly Column[]
  /** Of items that are a list under a name, and nothing else. */
  listName?: string
}

/** With what it is sorted by, where there is an order. */
export type AnswerEntry<Value = unknown> = [key: SortKey | null, value: Value]
