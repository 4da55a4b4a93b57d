import {UsageError} from '../errors.js'
import {jsonText} from '../text/json.js'

/** What a command shows, in every form it can be asked for. Only the form that is asked for is made. */
export interface View {
  /** The whole answer, as `-o json`, `-o yaml` and templates see it. */
  document: () => unknown
  /** For people; `wide` asks for more columns. Left out where there is nothing but the document. */
  table?: (wide: boolean) => string
  /** One reference a line, each accepted by every other command. */
  names?: () => readonly string[]
  /** What the document lists, for one line of JSON each and for custom columns. */
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
  template: string
}

const plainFormats = ['table', 'wide', 'json', 'yaml', 'name', 'jsonl'] as const

/** What `-o` and `--template` ask for. Throws UsageError, before anything is sent, for a word that is no format. */
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
    default:
      throw new UsageError(
        `-o "${word}" is no output format: table, wide, json, yaml, name, jsonl, go-template, jsonpath=… or custom-columns=…`,
      )
  }
}

/** The view's text in the form asked for, ready for stdout. Throws UsageError where the command has no such form. */
export async function rendered(view: View, {format, template}: Output): Promise<string> {
  switch (format) {
    case 'table':
    case 'wide':
      if (!view.table)
        throw new UsageError(`-o ${format} is not to be had here: try json, yaml or go-template`)
      return view.table(format === 'wide')
    case 'json':
      return jsonText(view.document())
    case 'yaml':
      return (await import('../text/yaml.js')).yamlText(view.document())
    case 'name':
      if (!view.names) throw new UsageError('-o name is not to be had here: try json, yaml or go-template')
      return lines(view.names())
    case 'jsonl':
      return (view.items?.() ?? [view.document()]).map((item) => jsonText(item, 0)).join('')
    case 'go-template': {
      const {parseGoTemplate} = await import('../text/go-template.js')
      return `${parseGoTemplate(template).render(view.document())}\n`
    }
    case 'jsonpath': {
      const {parseJsonPath} = await import('../text/jsonpath.js')
      return `${parseJsonPath(template).render(view.document())}\n`
    }
    case 'custom-columns': {
      const {parseCustomColumns, rowsOf} = await import('../text/custom-columns.js')
      const {table} = await import('../text/table.js')
      const columns = parseCustomColumns(template)
      return table(
        columns.map(({header}) => ({title: header})),
        rowsOf(columns, view.items?.() ?? [view.document()]),
      )
    }
  }
}

export function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('')
}
