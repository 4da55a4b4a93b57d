import {resolve} from 'node:path'
import {PassThrough, type Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {UserError} from '../../errors/errors.js'
import {NewFile} from '../../node/new-file.js'
import {reportName} from '../../report/name.js'
import {type LocalSource, openLocalSource, unpackHere} from '../../sessions/cp/copy.js'
import {parseCopyPath} from '../../sessions/cp/copy-path.js'
import {rawName} from '../../sessions/cp/raw-name.js'
import {type CommandLine, givenValue} from '../argv.js'
import {describeError} from '../failures/describe.js'
import {openArchive} from '../images/open-archive.js'
import {reportFailure, writeMessage} from '../messages.js'

/** The side of a `cp`, `load`, `save` or `report` that is on this machine, while the other is on a node. */
export type CopyHere =
  /** What goes there, as a tar stream under the name that the node asks for. */
  | {kind: 'in'; source: LocalSource}
  /** What comes from there: a tar stream, or what goes to a new file. */
  | {kind: 'out'; line: CommandLine; unpack: () => Unpacking; file?: NewFile}
  /** A file that goes there as stdin. */
  | {kind: 'file'; line: CommandLine; input: Readable}

export interface Unpacking {
  stream: PassThrough
  /** Rejects where it can't be unpacked. */
  done: Promise<void>
  /** From now on it is known that something is missing, and why: nothing more is said of it. */
  expectCut: () => void
}

/** undefined where the line is none of those, or has a stream on this side. Throws UserError. */
export async function copyHere(
  line: CommandLine,
  node: string,
  signal: AbortSignal,
): Promise<CopyHere | undefined> {
  if (givenValue(line.given, 'dry-run') === true) return undefined
  if (line.id === 'load') return await archiveToLoad(line)
  if (line.id === 'save') return await fileToSave(line)
  if (line.id === 'report') return await fileOfReport(line, node)
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
      let isCut = false
      const onProblem = (text: string) => {
        if (!isCut) copy.onProblem(text)
      }
      const done = unpackHere(stream, source.path, path, {...copy, onProblem})
      done.catch(() => stream.destroy())
      const expectCut = () => {
        isCut = true
      }
      return {stream, done, expectCut}
    },
  }
}

async function archiveToLoad(line: CommandLine): Promise<CopyHere | undefined> {
  const [path, ...words] = line.arguments
  if (path === undefined || path === '-') return undefined
  const handle = await openArchive(path)
  return {kind: 'file', line: {...line, arguments: ['-', ...words]}, input: handle.createReadStream()}
}

async function fileToSave(line: CommandLine): Promise<CopyHere | undefined> {
  const path = givenValue(line.given, 'file')
  if (typeof path !== 'string' || path === '' || path === '-') return undefined
  return await toNewFile(path, {...line, given: line.given.filter(({flag}) => flag.name !== 'file')})
}

async function fileOfReport(line: CommandLine, node: string): Promise<CopyHere | undefined> {
  const [path, ...words] = line.arguments
  if (path === '-') return undefined
  const name = path ?? `${reportName(node, Date.now())}.tar.gz`
  return await toNewFile(name, {...line, arguments: ['-', ...words]})
}

/** With the line that writes it to stdout. */
async function toNewFile(path: string, line: CommandLine): Promise<CopyHere> {
  const file = await NewFile.make(resolve(path))
  return {
    kind: 'out',
    line,
    file,
    unpack: () => {
      const stream = new PassThrough()
      const done = pipeline(stream, (chunks: AsyncIterable<Buffer>) => file.fill(chunks))
      done.catch(() => stream.destroy())
      return {stream, done, expectCut: () => undefined}
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
