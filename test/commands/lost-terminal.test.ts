import {once} from 'node:events'
import {mkdtemp, readFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {signalProcess} from '../../src/demo/processes/process-table.js'
import {spawnOnTerminal} from '../../src/demo/processes/pty.js'
import {shellImage} from '../support/demo-node.js'
import {eventually} from '../support/eventually.js'
import {type EveryVerb, startEveryVerb, waitingVerbs} from '../support/every-verb.js'
import {cliEnvironment, crispCommand} from '../support/run-cli.js'

let node: EveryVerb
beforeAll(async () => {
  node = await startEveryVerb()
})
afterAll(() => node[Symbol.asyncDispose]())

/** What takes the terminal itself, or waits in silence. */
const others: readonly (readonly string[])[] = [
  ['top'],
  ['tour'],
  ['exec', '-it', 'talker', 'sh'],
  ['attach', '-it', 'talker'],
  ['run', '--rm', '-it', shellImage, '--', 'sh', '-c', 'while :; do echo line; sleep 0.05; done'],
  ['wait', '--for=exited', 'talker'],
]

interface OnLostTerminal {
  /** Resolves when the terminal shows something. */
  shown: Promise<unknown>
  /** Takes the terminal away. The command is told of it only by a signal, as by a shell. */
  lose(signal?: NodeJS.Signals): Promise<void>
  /** As a shell says it: 134 or 139 for one that left a core. */
  exitCode(): Promise<number>
}

/** In a session of its own, where the end of the terminal sends nothing: its parent lives on to see how it ends. */
async function startOn(argv: readonly string[]): Promise<OnLostTerminal> {
  const directory = await mkdtemp(join(node.directory, 'lost-'))
  const script = `cd "${directory}"; sh -c 'echo $$ > pid.new; mv pid.new pid; exec "$0" "$@"' "$@"; echo $? > code.new; mv code.new code`
  const command = ['setsid', '--wait', 'sh', '-c', script, 'sh', ...crispCommand, ...argv]
  const env = {...cliEnvironment(node), TERM: 'xterm'}
  const terminal = await spawnOnTerminal(command, {cwd: tmpdir(), columns: 100, rows: 30, env})
  const shown = once(terminal.output, 'data')
  const pid = Number(await eventually(() => readFile(join(directory, 'pid'), 'utf8')))
  return {
    shown,
    async lose(signal) {
      terminal.process.kill('SIGKILL')
      await terminal.exited
      if (signal) signalProcess(pid, signal)
    },
    exitCode: async () => Number(await eventually(() => readFile(join(directory, 'code'), 'utf8'))),
  }
}

describe.concurrent('a terminal that is closed ends quietly', () => {
  test.each(waitingVerbs)('%s, by the signal', async (verb) => {
    const command = await startOn(await node.line(verb))
    await command.shown
    await command.lose('SIGHUP')
    expect(await command.exitCode()).toBe(129)
  })

  test.each(others.map((argv) => ({argv})))('$argv, by the signal', async ({argv}) => {
    const command = await startOn(argv)
    if (argv[0] !== 'wait') await command.shown
    await command.lose('SIGHUP')
    expect(await command.exitCode()).toBe(129)
  })

  test.each(['attach', 'events', 'exec', 'logs', 'run', 'stats', 'statsp', 'metricsp'])(
    '%s, when it cannot be written to any more',
    async (verb) => {
      const command = await startOn(await node.line(verb))
      await command.shown
      await command.lose()
      expect(await command.exitCode()).toBe(129)
    },
  )

  test('tour, when it cannot ask there any more', async () => {
    const command = await startOn(['tour'])
    await command.shown
    await command.lose()
    expect(await command.exitCode()).toBe(129)
  })

  test.each(['ps', 'describe', 'explain', 'inspect', 'images', 'jsonschema', 'completion'])(
    '%s, which may have printed all by then',
    async (verb) => {
      const command = await startOn(await node.line(verb))
      await command.lose()
      const exitCode = await command.exitCode()
      expect([0, 129]).toContain(exitCode)
    },
  )
})
