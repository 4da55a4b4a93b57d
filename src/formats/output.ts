import {UsageError} from '../errors/errors.js'
import {printable} from '../errors/printable.js'
import {jsonText} from './json.js'

/** What a command shows, in every form it can be asked for. Only the form that is asked for is made. */
export interface View {
  /** The whole answer, as `-o json`, `-o yaml` and templates see it. */
  document: () => unknown
  /** For people; `wide` asks for more columns, where there are more. */
  table: (wide: boolean) => string
  /** One reference a line, each accepted by every other command; what has none is named by what tells it apart. */
  names: () => readonly string[]
  /** What the document lists, for one line of JSON each and for custom columns. Left out where it is one thing. */
  items?: () => readonly unknown[]
}

export interface Output {
  format:
    | 'table'
    | 'wide'
    | 'json'
    | 'yaml'
    | 'name'
    | 'jsonl'
    | 'go-template'
    | 'jsonpath'
    | 'custom-columns'
    | 'custom-columns-file'
  /** What the format asks for, or what its file holds. */
  template: string
}

/** Each of them on every command that shows something, as help and completion name them. */
export const outputForms: readonly string[] = [
  'table',
  'wide',
  'json',
  'yaml',
  'name',
  'jsonl',
  'go-template',
  'jsonpath=PATH',
  'custom-columns=NAME:PATH,…',
  'custom-columns-file=FILE',
]

const plainFormats = ['table', 'wide', 'json', 'yaml', 'name', 'jsonl'] as const

/** What `-o` and `--template` ask for; a file's place is taken by what it holds (columns-file.ts). Throws UsageError, before anything is sent, for a word that is no format. */
export function parseOutput(word: string, template?: string): Output {
  const at = word.indexOf('=')
  const name = at === -1 ? word : word.slice(0, at)
  const inline = at === -1 ? undefined : word.slice(at + 1)
  const plain = plainFormats.find((format) => format === name)
  if (plain && inline === undefined) return {format: plain, template: ''}
  switch (name) {
    case 'go-template':
      return {format: 'go-template', template: inline ?? template ?? ''}
    case 'jsonpath':
    case 'custom-columns':
      if (!inline)
        throw new UsageError(
          `-o ${name} needs an expression: -o ${name === 'jsonpath' ? "jsonpath='{.status.id}'" : 'custom-columns=ID:.id,NAME:.metadata.name'}`,
        )
      return {format: name, template: inline}
    case 'custom-columns-file':
      if (!inline)
        throw new UsageError('-o custom-columns-file needs a file: -o custom-columns-file=columns.txt')
      return {format: name, template: inline}
    default:
      throw new UsageError(
        `-o "${word}" is no output format: table, wide, json, yaml, name, jsonl, go-template, jsonpath=…, custom-columns=… or custom-columns-file=…`,
      )
  }
}

/** Throws UsageError for a mistake that the template's text alone shows, so that it is said before anything is sent. */
export async function checkTemplate({format, template}: Output): Promise<void> {
  switch (format) {
    case 'go-template':
      ;(await import('./go-template/index.js')).parseGoTemplate(template)
      break
    case 'jsonpath':
      ;(await import('./jsonpath/index.js')).parseJsonPath(template)
      break
    case 'custom-columns':
      ;(await import('./custom-columns.js')).parseCustomColumns(template)
      break
    case 'custom-columns-file':
      ;(await import('./custom-columns.js')).parseColumnsFile(template)
  }
}

/** The view's text in the form asked for, ready for stdout. Throws UsageError for a mistake of the template. */
export async function rendered(view: View, {format, template}: Output): Promise<string> {
  switch (format) {
    case 'table':
    case 'wide':
      return view.table(format === 'wide')
    case 'json':
      return jsonText(view.document())
    case 'yaml':
      return (await import('./yaml.js')).yamlText(view.document())
    case 'name':
      return lines(view.names().map(printable))
    case 'jsonl':
      return (view.items?.() ?? [view.document()]).map((item) => jsonText(item, 0)).join('')
    case 'go-template': {
      const {parseGoTemplate} = await import('./go-template/index.js')
      return `${parseGoTemplate(template).render(view.document())}\n`
    }
    case 'jsonpath': {
      const {parseJsonPath} = await import('./jsonpath/index.js')
      return `${parseJsonPath(template).render(view.document())}\n`
    }
    case 'custom-columns':
    case 'custom-columns-file': {
      const {parseColumnsFile, parseCustomColumns, rowsOf} = await import('./custom-columns.js')
      const {table} = await import('./table.js')
      const columns = format === 'custom-columns' ? parseCustomColumns(template) : parseColumnsFile(template)
      return table(
        columns.map(({header}) => ({title: header})),
        rowsOf(columns, view.items?.() ?? [view.document()]),
      )
    }
  }
}

/** The text of a view after the first, where one command shows several: as one stream to whoever reads it. */
export function furtherText(text: string, format: Output['format']): string {
  switch (format) {
    case 'yaml':
      return `---\n${text}`
    case 'custom-columns':
    case 'custom-columns-file':
      return text.slice(text.indexOf('\n') + 1)
    default:
      return text
  }
}

export function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('')
}
