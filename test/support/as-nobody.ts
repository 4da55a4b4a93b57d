import {spawn, spawnSync} from 'node:child_process'
import {chmod, copyFile, cp, mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {onTestFinished} from 'vitest'
import {type CliOptions, type CliResult, cliEnvironment, crispCommand, outcomeOf} from './run-cli.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const nobody = {uid: 65534, gid: 65534}

/** Runs a command line as a user who may nothing where the tests are root's, and as their own user elsewhere. */
export async function runAsNobody(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const user = process.getuid?.() === 0 ? nobody : {}
  // Nobody may look into the folders of root, where this repository or Node may be.
  const directory = await mkdtemp(join(tmpdir(), 'crisp-nobody-'))
  onTestFinished(() => rm(directory, {recursive: true, force: true}))
  await chmod(directory, 0o755)
  const [program, ...words] = await copyProgram(directory, user)
  const cli = spawn(program, [...words, ...argv], {
    ...user,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    env: cliEnvironment(options),
  })
  cli.stdin.end(options.stdin ?? '')
  return outcomeOf(cli)
}

/** Gives the words that start the copy. */
async function copyProgram(directory: string, user: {uid?: number}): Promise<[string, ...string[]]> {
  const [program, script] = crispCommand
  if (script === undefined) {
    await copyFile(program, join(directory, 'crisp'))
    return [join(directory, 'crisp')]
  }
  for (const part of ['bin', 'dist', 'package.json'])
    await cp(join(root, part), join(directory, part), {recursive: true})
  const copy = [join(directory, 'bin', 'run.js')]
  if (spawnSync(program, ['--version'], {...user, cwd: '/'}).status === 0) return [program, ...copy]
  await copyFile(program, join(directory, 'node'))
  return [join(directory, 'node'), ...copy]
}
