import {jsonText} from '../../formats/json.js'
import type {OutputForm} from '../../formats/output.js'
import {takeTables} from '../../formats/table.js'
import {itemsOf, type SortKey, type View} from '../../formats/view.js'
import {writePieces} from '../../terminal/write-pieces.js'
import type {AnswerSink} from '../answers.js'
import {type AnswerHead, answerBegins, answerEnds} from './answer.js'

/** On one of several nodes: what is shown goes to the user's side as it is before it is laid out. */
export class FarAnswers implements AnswerSink {
  readonly #mark: string

  constructor(mark: string) {
    this.#mark = mark
  }

  async give(view: View, form: OutputForm): Promise<void> {
    await this.#write(piecesOf(view, form))
  }

  async giveNames(names: Iterable<string>, order: readonly SortKey[] | undefined): Promise<void> {
    await this.#write(entries({kind: 'names', form: 'name'}, names, order))
  }

  async #write(pieces: Iterable<string>): Promise<void> {
    const marked = [[`${this.#mark}${answerBegins}\n`], pieces, [`${this.#mark}${answerEnds}\n`]]
    await writePieces(process.stdout, flatten(marked), new AbortController().signal)
  }
}

function* flatten(parts: Iterable<Iterable<string>>): Generator<string> {
  for (const part of parts) yield* part
}

/** The head, and an entry a line. */
function piecesOf(view: View, form: OutputForm): Iterable<string> {
  const all = (head: AnswerHead, values: Iterable<unknown>) => entries(head, values, view.order?.(head.kind))
  if (form.shows === 'names') return all({kind: 'names', form: form.name}, view.names())
  if (form.shows === 'document' && view.own?.[form.name] === undefined)
    return all(
      {kind: 'items', form: form.name, ...(view.listName !== undefined && {listName: view.listName})},
      (form.name.startsWith('custom-columns') && view.rows?.()) || itemsOf(view),
    )
  const {tables, text} = takeTables(() => form.render(view))
  const [table] = tables
  if (form.shows === 'table' && table && tables.length === 1 && text === '')
    return all({kind: 'table', form: form.name, columns: table.columns}, table.rows)
  return all(
    {kind: 'text', form: form.name},
    // A view of lines as they happen is made once.
    [tables.length === 0 ? text : [...form.render(view)].join('')],
  )
}

const pieceLength = 65_536

function* entries(
  head: AnswerHead,
  values: Iterable<unknown>,
  keys: readonly SortKey[] | undefined,
): Generator<string> {
  yield jsonText(head, 0)
  let piece = ''
  let index = 0
  for (const value of values) {
    piece += jsonText([keyAt(keys, index++), value], 0)
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  yield piece
}

function keyAt(keys: readonly SortKey[] | undefined, index: number): SortKey | null {
  return keys?.[index] ?? null
}
