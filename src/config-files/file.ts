import {UserError} from '../errors/errors.js'
import {printable} from '../errors/printable.js'
import {messageFrom} from './message.js'
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

/** The one message that a source holds. */
export function parseMessage(message: string, source: SourceText): Record<string, unknown> {
  const [node, ...more] = documentsOf(source)
  return nameSource(source, () => {
    if (more[0]) throw new TreeError(`holds ${more.length + 1} documents: one is wanted`, more[0].line)
    if (isKubernetes(node as Node))
      throw new TreeError(
        'is a manifest for Kubernetes; the CRI has its own form, which crisp init pod and crisp init container write',
        node?.line,
      )
    return messageFrom(message, node as Node)
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
    const place = error.line === undefined ? source.name : `${source.name}:${error.line}`
    throw new UserError(`${place}: ${printable(error.message)}`, {cause: error})
  }
}
