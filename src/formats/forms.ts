import {printable} from '../errors/printable.js'
import {mapLazily} from '../text/map-lazily.js'
import type {CustomColumn} from './custom-columns.js'
import {jsonListPieces, jsonText} from './json.js'
import {linesOf} from './lines.js'
import {itemsOf, type Text, type View} from './view.js'

/** One form of output: everything that crisp knows of it. */
export interface Form {
  /** The word that asks for it, up to a `=`. */
  name: string
  /** What stands behind the `=`; left out where nothing may. */
  operand?: {
    /** As help has it. */
    title: string
    /** It names a file, and the writer gets what that holds. */
    isFile?: boolean
    /** What to say that is missing, and how the whole word looks; left out where the form does without. */
    needed?: {what: string; example: string}
  }
  /** What of a view it is made from. */
  shows: 'table' | 'names' | 'document'
  /** It leaves what the runtime says as it is. */
  raw?: boolean
  /** Reads the operand, and gives what writes a view. Throws UsageError for a mistake that it has. */
  writer: (operand: string) => Promise<(view: View) => Text>
  /** The text of a view after the first, where one command shows several: as one stream to whoever reads it. */
  further?: (text: string) => string
}

/** Each of them on every command that shows something, in the order in which help names them. */
export const forms: readonly Form[] = [
  {name: 'table', shows: 'table', writer: async () => (view) => view.table(false)},
  {name: 'wide', shows: 'table', writer: async () => (view) => view.table(true)},
  {name: 'json', shows: 'document', writer: async () => jsonOf},
  {
    name: 'yaml',
    shows: 'document',
    raw: true,
    writer: async () => {
      const {yamlText} = await import('./yaml.js')
      return (view) => yamlText(view.document())
    },
    further: (text) => `---\n${text}`,
  },
  {name: 'name', shows: 'names', writer: async () => (view) => linesOf(view.names().map(printable))},
  {
    name: 'jsonl',
    shows: 'document',
    writer: async () => (view) => mapLazily(itemsOf(view), (item) => jsonText(item, 0)),
  },
  {
    name: 'go-template',
    operand: {title: ''},
    shows: 'document',
    raw: true,
    writer: async (source) => {
      const template = (await import('./go-template/index.js')).parseGoTemplate(source)
      return (view) => `${template.render(view.document())}\n`
    },
  },
  {
    name: 'jsonpath',
    operand: {title: 'PATH', needed: {what: 'an expression', example: "'{.status.id}'"}},
    shows: 'document',
    raw: true,
    writer: async (source) => {
      const path = (await import('./jsonpath/index.js')).parseJsonPath(source)
      return (view) => {
        const document = view.document()
        // Several objects are a list, which has no keys: each of them has.
        const documents = path.beginsWithKey && Array.isArray(document) ? document : [document]
        return documents.map((each) => `${path.render(each)}\n`).join('')
      }
    },
  },
  {
    name: 'custom-columns',
    operand: {
      title: 'NAME:PATH,…',
      needed: {what: 'an expression', example: 'ID:.id,NAME:.metadata.name'},
    },
    shows: 'document',
    writer: async (source) => columnsWriter((await import('./custom-columns.js')).parseCustomColumns(source)),
    further: dropHeader,
  },
  {
    name: 'custom-columns-file',
    operand: {title: 'FILE', isFile: true, needed: {what: 'a file', example: 'columns.txt'}},
    shows: 'document',
    writer: async (text) => columnsWriter((await import('./custom-columns.js')).parseColumnsFile(text)),
    further: dropHeader,
  },
]

async function columnsWriter(columns: readonly CustomColumn[]): Promise<(view: View) => Text> {
  const [{rowsOf}, {tablePieces}] = await Promise.all([import('./custom-columns.js'), import('./table.js')])
  const titles = columns.map(({header}) => ({title: header}))
  return (view) => tablePieces(titles, rowsOf(columns, view.rows?.() ?? itemsOf(view)))
}

function jsonOf({document, items, listName}: View): Text {
  return items && listName !== undefined ? jsonListPieces(listName, items()) : jsonText(document())
}

function dropHeader(text: string): string {
  return text.slice(text.indexOf('\n') + 1)
}
