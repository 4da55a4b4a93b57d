import {UsageError} from '../errors/errors.js'
import {type Form, forms} from './forms.js'
import {piecesOf, type View} from './view.js'

/** A form as it was asked for, its template or columns read. */
export interface OutputForm extends Pick<Form, 'name' | 'shows'> {
  raw: boolean
  /** Whether its columns, where it has some of the user's own, may show this field. */
  mayShow: (field: string) => boolean
  /** The view's text in pieces, ready for stdout. Throws UsageError for a mistake that only the view's values show. */
  render: (view: View) => Iterable<string>
  /** The text of a view after the first. */
  further: (text: string) => string
}

/** What `-o` takes, as help names it. */
export const outputForms: readonly string[] = forms.map(({name, operand}) =>
  operand?.title ? `${name}=${operand.title}` : name,
)

export interface FormOptions {
  /** For a go-template that has none of its own. */
  template?: string | undefined
  /** The words of forms that only one command has. */
  own?: readonly string[]
  readFile: (path: string) => Promise<string>
}

/** What `-o WORD` asks for. Throws UsageError for what is no form and for a mistake in a template. */
export async function parseOutputForm(
  word: string,
  {template = '', own = [], readFile}: FormOptions,
): Promise<OutputForm> {
  const [, name = '', operand] = /^([^=]*)(?:=(.*))?$/s.exec(word) ?? []
  const form = own.includes(word) ? ownForm(word) : forms.find((each) => each.name === name)
  if (!form || (operand !== undefined && !form.operand))
    throw new UsageError(`-o "${word}" is not an output format: ${choices([...forms.map(choiceOf), ...own])}`)
  const {isFile = false, needed} = form.operand ?? {}
  if (needed && !operand)
    throw new UsageError(`-o ${name} needs ${needed.what}: -o ${name}=${needed.example}`)
  const source = isFile ? await textOf(operand ?? '', name, readFile) : (operand ?? template)
  const {shows, raw = false, further = (text) => text} = form
  const write = await form.writer(source)
  const mayShow = (field: string) => name.startsWith('custom-columns') && source.includes(field)
  return {name, shows, raw, further, mayShow, render: (view) => piecesOf(write(view))}
}

async function textOf(path: string, name: string, readFile: FormOptions['readFile']): Promise<string> {
  const text = await readFile(path).catch((error) => {
    throw new UsageError(`-o ${name}: cannot read ${path}: ${(error as Error).message}`, {cause: error})
  })
  if (text.trim() === '') throw new UsageError(`-o ${name}: ${path} is empty`)
  return text
}

function ownForm(name: string): Form {
  return {name, shows: 'document', raw: true, writer: async () => (view) => view.own?.[name]?.() ?? ''}
}

function choiceOf({name, operand}: Form): string {
  return operand?.needed ? `${name}=…` : name
}

function choices(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
