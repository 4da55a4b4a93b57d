import {type CommandLine, type Invocation, parseCommandLine} from './cli/argv.js'
import {chooseColour} from './cli/colour.js'
import type {CriCommand} from './cli/command.js'
import {inOurName, readMode, versionLine} from './cli/compat.js'
import type {CompletableCommand, CompletableFlag} from './cli/completion/position.js'
import type {Grammar} from './cli/grammar.js'
import type {CommandHelp, FlagHelp} from './cli/help.js'
import {reportFailure} from './cli/messages.js'
import {asksForNodes, checkNodeFlags} from './cli/nodes/where.js'
import {ProcessGuard} from './cli/process-guard.js'
import {remoteVerbs} from './cli/remote-verbs.js'
import {helpText, showHelp} from './cli/show-help.js'
import {exitCode} from './errors/errors.js'
import {isOutOfFiles, outOfFilesText} from './errors/few-files.js'

/** What the build wrote down of every command, so that help and the command line need none of them loaded. */
interface Manifest {
  version: string
  commands: (CommandHelp & CompletableCommand)[]
  globals: (FlagHelp & CompletableFlag)[]
}

type CommandModule = {
  default: new (line: CommandLine, help: () => string, grammar: Grammar) => CriCommand
}

/** What the build made of the program: files that are loaded one by one, or parts of one file. */
export interface Program {
  /** As JSON. */
  readonly manifest: () => string
  readonly load: (id: string) => Promise<CommandModule>
}

/** What answers for the process, see ProcessGuard. */
type Guard = Pick<ProcessGuard, 'print' | 'watch' | 'watchStreams'>

const unguarded: Guard = {
  print: (text) => process.stdout.write(text),
  watch: () => undefined,
  watchStreams: () => undefined,
}

/** The program: one command line, and nothing else in this process. */
export async function run(argv: readonly string[], program: Program): Promise<void> {
  const guard = new ProcessGuard()
  await main(argv, program, guard)
  guard.done()
}

/** Runs one command line. Sets `process.exitCode`; the process ends when nothing is left to do. */
export async function main(
  argv: readonly string[],
  program: Program,
  guard: Guard = unguarded,
): Promise<void> {
  let wrongMode: unknown
  try {
    readMode(process)
  } catch (error) {
    wrongMode = error
  }
  const manifest: Manifest = JSON.parse(inOurName(program.manifest()))
  if (argv[0] === '__node') return await mainOnNode(Number(argv[1]), program, guard)
  if (argv[0] === '__sized') {
    const [columns = 0, rows = 0] = (argv[1] ?? '').split('x').map(Number)
    const {pretendTerminal} = await import('./cli/pretend-terminal.js')
    pretendTerminal(process.stdout, {columns, rows})
    return await main(argv.slice(2), program, guard)
  }
  if (argv[0] === '__complete') {
    const {complete} = await import('./cli/completion/complete.js')
    guard.print(await complete(argv.slice(1), manifest.commands, manifest.globals, manifest.version))
    return
  }
  let invocation: Invocation
  try {
    if (wrongMode) throw wrongMode
    invocation = parseCommandLine(argv, manifest.commands, manifest.globals)
    chooseColour(invocation.colour)
    if (invocation.kind === 'command')
      checkNodeFlags(invocation, commandOf(invocation, manifest), process.env)
  } catch (error) {
    const {describeError} = await import('./cli/failures/describe.js')
    guard.watchStreams()
    reportFailure(describeError(error))
    return
  }
  switch (invocation.kind) {
    case 'version':
      guard.print(versionLine(manifest.version))
      return
    case 'help':
      await showHelp(manifest, invocation, (text) => guard.print(text))
      return
    case 'command': {
      if (asksForNodes(invocation, commandOf(invocation, manifest), process.env)) {
        const {runElsewhere} = await import('./cli/nodes/elsewhere.js')
        return await runElsewhere(invocation, manifest, {
          watchStreams: () => guard.watchStreams(),
          runHere: (line) => runHere(manifest, line, program, guard),
        })
      }
      await runHere(manifest, invocation, program, guard)
    }
  }
}

function commandOf({id}: CommandLine, {commands}: Manifest): CompletableCommand | undefined {
  return commands.find((command) => command.id === id)
}

async function runHere(manifest: Manifest, line: CommandLine, program: Program, guard: Guard): Promise<void> {
  const Command = await loadCommand(program, line.id, guard)
  if (!Command) return
  const command = new Command(line, () => helpText(manifest, {command: line.id}), manifest)
  guard.watch(command)
  await command.execute()
}

/** On a node, where the command line and the terminal are those of a user elsewhere. */
async function mainOnNode(ordersBytes: number, program: Program, guard: Guard): Promise<void> {
  guard.watchStreams()
  const {FarEnd} = await import('./cli/nodes/far.js')
  using far = new FarEnd(ordersBytes)
  await far.ready
  await main(far.words, program, guard)
}

/** Undefined where that failed, which is said. */
async function loadCommand(
  program: Program,
  id: string,
  guard: Guard,
): Promise<CommandModule['default'] | undefined> {
  try {
    return (await program.load(id)).default
  } catch (error) {
    if (!isOutOfFiles(error)) throw error
    guard.watchStreams()
    // The code of another command's end must not be taken for ours.
    reportFailure({text: outOfFilesText, exitCode: remoteVerbs.has(id) ? exitCode.ours : exitCode.failed})
    return undefined
  }
}
