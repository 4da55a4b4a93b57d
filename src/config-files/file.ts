import {UserError} from '../errors/errors.js'
import {printable} from '../errors/printable.js'
import {shorten} from '../errors/shorten.js'
import {programName} from '../text/program.js'
import {type Judge, messageFrom} from './message.js'
import type {SourceText} from './source.js'
import {type Node, parseTree, TreeError} from './tree.js'

/** The documents of a source. Throws UserError that names the file and the line. */
export function documentsOf(source: SourceText): Node[] {
  return nameSource(source, () => {
    const documents = parseTree(source.text)
    if (documents.length === 0) throw new TreeError('is empty')
    return documents
  })
}

/**
 * What becomes of fields that the CRI does not have and of keys that stand twice: `strict` fails, `warn` notes, `off` is
 * silent. Without a word they fail too, but for fields that are known from old files, which are noted.
 */
export interface Validation {
  mode?: ValidationMode | undefined
  note: (text: string) => void
}
export type ValidationMode = 'strict' | 'warn' | 'off'

export const defaultValidation: Validation = {note: () => undefined}

export function judgeOf(source: SourceText, {mode, note}: Validation): Judge {
  return ({error, otherwise, outdated}) => {
    if (mode === 'strict' || (mode === undefined && !outdated)) throw error
    if (mode !== 'off') note(`${shorten(textIn(source, error))} (${otherwise})`)
  }
}

/** The one message that a source holds. */
export function parseMessage(
  message: string,
  source: SourceText,
  validation: Validation = defaultValidation,
): Record<string, unknown> {
  const [node, ...more] = documentsOf(source)
  const judge = judgeOf(source, validation)
  return nameSource(source, () => {
    if (more[0]) {
      const error = new TreeError(`holds ${more.length + 1} documents: one is wanted`, more[0].line)
      judge({error, otherwise: 'the first one counts', outdated: false})
    }
    if (isKubernetes(node as Node))
      throw new TreeError(
        `is a manifest for Kubernetes; the CRI has its own form, which ${programName()} init pod and ${programName()} init container write`,
        node?.line,
      )
    return messageFrom(message, node as Node, {judge})
  })
}

function isKubernetes(node: Node): boolean {
  const keys = node.kind === 'mapping' ? node.entries.map(({key}) => key) : []
  return keys.includes('apiVersion') && keys.includes('kind')
}

/** Runs `work` and turns its TreeError into a UserError that names the source. */
export function nameSource<Value>(source: SourceText, work: () => Value): Value {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof TreeError)) throw error
    // As other readers of JSON allow them.
    const hint = /^\s*(?:\/\/|\/\*)/m.test(source.text) ? ' (comments begin with #)' : ''
    throw new UserError(`${textIn(source, error)}${hint}`, {cause: error})
  }
}

function textIn({name}: SourceText, {line, message}: TreeError): string {
  return `${line === undefined ? name : `${name}:${line}`}: ${printable(message)}`
}
