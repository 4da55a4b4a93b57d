import {PassThrough, type Readable} from 'node:stream'
import {UserError} from '../../errors/errors.js'
import {type LocalSource, openLocalSource, unpackHere} from '../../sessions/cp/copy.js'
import {parseCopyPath} from '../../sessions/cp/copy-path.js'
import {rawName} from '../../sessions/cp/raw-name.js'
import {type CommandLine, givenValue} from '../argv.js'
import {describeError} from '../failures/describe.js'
import {reportFailure, writeMessage} from '../messages.js'

/** The side of a `cp` that is on this machine, while the other is in a container of a node. */
export type CopyHere =
  /** What goes there, as a tar stream under the name that the node asks for. */
  | {kind: 'in'; source: LocalSource}
  /** What comes from there, as a tar stream. */
  | {kind: 'out'; line: CommandLine; unpack: () => Unpacking}

export interface Unpacking {
  stream: PassThrough
  /** Rejects where it can't be unpacked. */
  done: Promise<void>
}

/** undefined where the line is no `cp`, or has a stream on this side. Throws UserError. */
export async function copyHere(line: CommandLine, signal: AbortSignal): Promise<CopyHere | undefined> {
  const [from, to] = line.arguments
  if (line.id !== 'cp' || from === undefined || to === undefined) return undefined
  const [source, destination] = [parseCopyPath(from), parseCopyPath(to)]
  const copy = {
    follow: givenValue(line.given, 'follow-link') === true,
    owners: givenValue(line.given, 'archive') === true,
    signal,
    onProblem: (text: string) => reportFailure(describeError(new UserError(text))),
    onNote: writeMessage,
  }
  if (source.kind === 'local' && destination.kind === 'container')
    return {kind: 'in', source: await openLocalSource(copy, source.path)}
  if (source.kind !== 'container' || destination.kind !== 'local') return undefined
  const {path} = destination
  return {
    kind: 'out',
    line: {...line, arguments: [from, '-', ...line.arguments.slice(2)]},
    unpack: () => {
      const stream = new PassThrough()
      const done = unpackHere(stream, source.path, path, copy)
      done.catch(() => stream.destroy())
      return {stream, done}
    },
  }
}

/** The tar stream that a node asks for, as `{"name": …}`. */
export function archiveFor(
  source: LocalSource,
  request: string,
  takesHoles: () => Promise<boolean>,
): Readable | undefined {
  const {name}: {name?: unknown} = JSON.parse(request)
  if (name === undefined) return source.archive(undefined, takesHoles)
  if (typeof name !== 'string' || name.includes('/')) return undefined
  // It is of bytes already, one character each.
  return source.archive(rawName(Buffer.from(name, 'latin1')), takesHoles)
}
