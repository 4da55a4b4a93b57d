import {resolve} from 'node:path'
import {PassThrough} from 'node:stream'
import {NewFile} from '../../node/new-file.js'
import {reportName} from '../../report/name.js'
import type {CommandLine} from '../argv.js'
import type {CopyHere} from './copy.js'

/** The file on this machine that a report of a node goes to. */
export interface ReportHere extends AsyncDisposable {
  io: CopyHere
  /** It is whole, and stays. Gives its path. */
  keep(): Promise<string>
}

/** undefined where the line is none, or its report goes to stdout. Throws UserError. */
export async function reportHere(line: CommandLine, node: string): Promise<ReportHere | undefined> {
  const [path, ...rest] = line.arguments
  if (line.id !== 'report' || path === '-') return undefined
  const file = await NewFile.make(resolve(path ?? `${reportName(node, Date.now())}.tar.gz`))
  let isKept = false
  return {
    io: {
      kind: 'out',
      line: {...line, arguments: ['-', ...rest]},
      unpack: () => {
        const stream = new PassThrough()
        const done = file.fill(stream)
        done.catch(() => stream.destroy())
        return {stream, done}
      },
    },
    keep: async () => {
      isKept = true
      await file.close()
      return file.path
    },
    [Symbol.asyncDispose]: async () => {
      if (!isKept) await file.remove()
    },
  }
}
