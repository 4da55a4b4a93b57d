import {UserError} from '../../errors/errors.js'
import {printable} from '../../errors/printable.js'
import {parseJson} from '../../formats/json.js'
import type {Column} from '../../formats/table.js'
import type {SortKey} from '../../formats/view.js'
import {type AnswerEntry, type AnswerHead, answerBegins, answerEnds} from './answer.js'

/** Of one node: a list of 100,000 containers as JSON has a third of it. */
const mostBytes = 128 * 1024 * 1024

export interface Answer extends AnswerHead {
  node: string
  entries: readonly AnswerEntry[]
}

/** Takes a node's answers out of what it prints. */
export class AnswerReader {
  readonly #node: string
  readonly #onAnswer: (answer: Answer, bytes: number) => Promise<void> | void
  #chunks: Buffer[] | undefined
  #bytes = 0

  constructor(node: string, onAnswer: (answer: Answer, bytes: number) => Promise<void> | void) {
    this.#node = node
    this.#onAnswer = onAnswer
  }

  /** False for a mark that is about something else. */
  async hear(mark: string): Promise<boolean> {
    if (mark === answerBegins) {
      this.#chunks = []
      this.#bytes = 0
    } else if (mark === answerEnds) {
      const text = Buffer.concat(this.#chunks ?? []).toString()
      this.#chunks = undefined
      await this.#onAnswer(this.#parse(text), this.#bytes)
    } else return false
    return true
  }

  /** False for what is outside of an answer. Throws UserError. */
  take(bytes: Buffer): boolean {
    if (!this.#chunks) return false
    this.#bytes += bytes.length
    if (this.#bytes > mostBytes) throw new UserError(`${this.#node}: its answer has no end`)
    this.#chunks.push(bytes)
    return true
  }

  #parse(text: string): Answer {
    try {
      const [head = '', ...lines] = text.split('\n')
      const {kind, form, columns = [], listName} = JSON.parse(head)
      const entries = lines.filter((line) => line !== '').map((line) => entryOf(parseJson(line), kind))
      if (!['table', 'names', 'items', 'text'].includes(kind) || !columns.every(isColumn)) throw new Error()
      return {
        node: this.#node,
        kind,
        form: String(form),
        columns: columns.map((column: Column) => ({...column, title: printable(column.title)})),
        entries,
        ...(typeof listName === 'string' && {listName}),
      }
    } catch {
      throw new UserError(`${this.#node}: it answered with something else than crisp`)
    }
  }
}

/** What it says is data, and may be anything. */
function entryOf(entry: unknown, kind: AnswerHead['kind']): AnswerEntry {
  if (!Array.isArray(entry)) throw new Error()
  const [given, value] = entry
  const key = typeof given === 'bigint' ? Number(given) : given
  const fits =
    kind === 'table'
      ? Array.isArray(value) && value.every((cell) => typeof cell === 'string')
      : kind === 'items' || typeof value === 'string'
  if (!fits || (key !== null && typeof key !== 'string' && typeof key !== 'number')) throw new Error()
  return [key as SortKey | null, value]
}

function isColumn(column: unknown): boolean {
  return (
    typeof column === 'object' && column !== null && 'title' in column && typeof column.title === 'string'
  )
}
