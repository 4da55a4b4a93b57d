import {namesRequestFile} from '../../config-files/requests.js'
import {readFileBytes, type UnreadableFile} from '../../node/read-file.js'
import type {TravellingFile} from '../../nodes/orders.js'
import {areConfigFiles} from '../../run/ways-to-plan.js'
import type {CommandLine} from '../argv.js'
import type {CompletableCommand, CompletableFlag} from '../completion/position.js'

/** They name a path of the node, where the runtime is; `node-file` is for us. */
const pathsThere: ReadonlySet<string> = new Set([
  'device',
  'export',
  'log-directory',
  'node-file',
  'profile-cpu',
  'profile-mem',
  'trace-file',
  'volume',
])

/**
 * The files of this machine that a command line names, with what they hold: a node can't ask for any other. One that
 * can't be read travels as the reason why, so that it is told as it would be here.
 */
export async function filesToTravel(
  line: CommandLine,
  command: CompletableCommand,
  globals: readonly CompletableFlag[],
  signal: AbortSignal,
): Promise<Record<string, TravellingFile>> {
  const files: Record<string, TravellingFile> = {}
  for (const path of new Set(pathsIn(line, command, globals)))
    files[path] = await readFileBytes(path, {signal}).then(
      (bytes) => ({content: bytes.toString('base64')}),
      ({message, code}: UnreadableFile) => ({problem: message, ...(code === undefined ? {} : {code})}),
    )
  signal.throwIfAborted()
  return files
}

function pathsIn(
  {id, given, arguments: words}: CommandLine,
  command: CompletableCommand,
  globals: readonly CompletableFlag[],
): string[] {
  const fileFlags = new Set(
    [...command.flags, ...globals]
      .filter(({name, complete}) => complete === 'file' && !pathsThere.has(name))
      .map(({name}) => name),
  )
  const ofFlags = given.flatMap(({flag: {name}, value}) => {
    if (typeof value !== 'string') return []
    const [, inForm] = /^[\w-]+-file=(.+)$/s.exec(name === 'output' ? value : '') ?? []
    return inForm ?? (fileFlags.has(name) ? value : [])
  })
  const ofArguments =
    id === 'run'
      ? areConfigFiles(words)
        ? words.slice(0, 2)
        : []
      : id === 'call'
        ? requestFileIn(words)
        : // What it is written to, and what goes as stdin, being of any size.
          id === 'report' || id === 'load'
          ? []
          : words.filter((_, index) => command.arguments[index]?.complete === 'file')
  return [...ofFlags, ...ofArguments].filter((path) => path !== '-' && path !== '')
}

function requestFileIn([, ...words]: readonly string[]): string[] {
  return namesRequestFile(words) ? words.slice(0, 1) : []
}
