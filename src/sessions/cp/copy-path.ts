import {posix} from 'node:path'
import {UsageError} from '../../errors/errors.js'

/** One side of a copy as the user wrote it. */
export type CopyPath =
  | {kind: 'stream'}
  | {kind: 'local'; path: string}
  | {kind: 'container'; reference: string; path: string}

/**
 * `-`, a local path, or `REFERENCE:/path`. A word that begins with `/` or `.` is a local path whatever is in it, so
 * that a file with a colon in its name can be named as `./a:b`.
 */
export function parseCopyPath(text: string): CopyPath {
  if (text === '-') return {kind: 'stream'}
  const colon = text.indexOf(':')
  if (text === '')
    throw new UsageError('an empty path: write a path here, CONTAINER:/path, or - for a tar stream')
  if (colon < 0 || /^[./]/.test(text)) return {kind: 'local', path: text}
  const [reference, path] = [text.slice(0, colon), text.slice(colon + 1)]
  if (reference === '' || path === '')
    throw new UsageError(`"${text}": write CONTAINER:/path, or ./${text} for a file of this name`)
  // What is in a directory stays said so, which joining would take for the directory itself.
  const contents = /(^|\/)\.\.?$/.test(path) ? '/.' : ''
  return {kind: 'container', reference, path: posix.join('/', path) + contents}
}

/** A path as the directory it is in and its name there; with no name of its own it is the directory itself. */
export function splitPath(path: string): {directory: string; name: string | undefined} {
  const contents = /(^|\/)\.\.?$/.test(path) || /^\/*$/.test(path)
  const trimmed = posix.normalize(path).replace(/(?<=.)\/+$/, '')
  if (contents) return {directory: trimmed, name: undefined}
  return {directory: posix.dirname(trimmed), name: posix.basename(trimmed)}
}
