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
    await writePieces(process.stdout, this.#pieces(view, form), new AbortController().signal)
  }

  *#pieces(view: View, form: OutputForm): Generator<string> {
    yield `${this.#mark}${answerBegins}\n`
    const entries = function* (head: AnswerHead, values: Iterable<unknown>): Generator<string> {
      const keys = view.order?.(head.kind === 'text' ? 'table' : head.kind)
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
    if (form.shows === 'names') yield* entries({kind: 'names', form: form.name}, view.names())
    else if (form.shows === 'document' && view.own?.[form.name] === undefined)
      yield* entries(
        {kind: 'items', form: form.name, ...(view.listName !== undefined && {listName: view.listName})},
        (form.name.startsWith('custom-columns') && view.rows?.()) || itemsOf(view),
      )
    else {
      const {tables, text} = takeTables(() => form.render(view))
      const [table] = tables
      if (form.shows === 'table' && table && tables.length === 1 && text === '')
        yield* entries({kind: 'table', form: form.name, columns: table.columns}, table.rows)
      else
        yield* entries(
          {kind: 'text', form: form.name},
          // A view of lines as they happen is made once.
          [tables.length === 0 ? text : [...form.render(view)].join('')],
        )
    }
    yield `${this.#mark}${answerEnds}\n`
  }
}

const pieceLength = 65_536

function keyAt(keys: readonly SortKey[] | undefined, index: number): SortKey | null {
  return keys?.[index] ?? null
}
