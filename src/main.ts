import {readFileSync} from 'node:fs'
import {type CommandLine, type Invocation, parseCommandLine} from './cli/argv.js'
import type {CriCommand} from './cli/command.js'
import type {CompletableCommand, CompletableFlag} from './cli/completion/position.js'
import {type CommandHelp, commandHelp, type FlagHelp, overview} from './cli/help.js'
import {reportFailure} from './cli/messages.js'
import {ProcessGuard} from './cli/process-guard.js'

/** What the build wrote down of every command, so that help and the command line need none of them loaded. */
interface Manifest {
  version: string
  commands: (CommandHelp & CompletableCommand)[]
  globals: (FlagHelp & CompletableFlag)[]
}

type CommandModule = {default: new (line: CommandLine) => CriCommand}

/** The program: one command line, and nothing else in this process. */
export async function run(argv: readonly string[]): Promise<void> {
  const guard = new ProcessGuard()
  await main(argv, (command) => guard.watch(command))
  guard.done()
}

/** Runs one command line. Sets `process.exitCode`; the process ends when nothing is left to do. */
export async function main(
  argv: readonly string[],
  onCommand: (command: CriCommand) => void = () => undefined,
): Promise<void> {
  const manifest: Manifest = JSON.parse(readFileSync(new URL('./manifest.json', import.meta.url), 'utf8'))
  if (argv[0] === '__complete') {
    const {complete} = await import('./cli/completion/complete.js')
    process.stdout.write(await complete(argv.slice(1), manifest.commands, manifest.globals))
    return
  }
  let invocation: Invocation
  try {
    invocation = parseCommandLine(argv, manifest.commands, manifest.globals)
  } catch (error) {
    const {describeError} = await import('./cli/failures/describe.js')
    reportFailure(describeError(error))
    return
  }
  switch (invocation.kind) {
    case 'version':
      process.stdout.write(`crisp version ${manifest.version}\n`)
      return
    case 'help': {
      const {command: id} = invocation
      const command = manifest.commands.find((candidate) => candidate.id === id)
      process.stdout.write(
        command ? commandHelp(command, manifest.globals) : overview(manifest.commands, manifest.globals),
      )
      return
    }
    case 'command': {
      const {default: Command} = (await import(
        new URL(`./commands/${invocation.id}.js`, import.meta.url).href
      )) as CommandModule
      const command = new Command(invocation)
      onCommand(command)
      await command.execute()
    }
  }
}
