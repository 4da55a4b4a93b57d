import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {chmod, mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'
import {transform} from 'esbuild'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {eventually} from '../../support/eventually.js'
import {processesWith} from '../../support/processes.js'

let home = ''

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'crisp-helper-'))
  const source = await readFile(
    new URL('../../../src/node/registry/credential-helper.ts', import.meta.url),
    'utf8',
  )
  await writeFile(join(home, 'credential-helper.mjs'), (await transform(source, {loader: 'ts'})).code)
  await writeFile(join(home, 'ask.mjs'), program)
})
afterAll(() => rm(home, {recursive: true, force: true}))

const answer = `'{"Username": "u", "Secret": "s"}'`
const tooLong = 'docker-credential-x get printed more than 1048576 bytes'
const tooLate = 'docker-credential-x get did not end within 2 s'
const noAnswer = 'docker-credential-x get did not answer with Username and Secret'

/** What each does behind `#!/bin/sh`, and what comes of it. */
const hostile: [name: string, script: string, result: string][] = [
  ['exits with 1', 'exit 1', 'docker-credential-x get ended with 1'],
  ['kills itself', 'kill -SEGV $$', 'docker-credential-x get ended with SIGSEGV'],
  ['says nothing', '', noAnswer],
  ['prints garbage', 'echo "<html>"', noAnswer],
  ['prints null', 'echo null', noAnswer],
  ['prints numbers for words', `echo '{"Username": 1, "Secret": 2}'`, noAnswer],
  ['prints for ever', 'exec yes', tooLong],
  ['prints zeros for ever', 'exec cat /dev/zero', tooLong],
  ['prints JSON without end', `printf '{"Username": "'; exec tr '\\0' a </dev/zero`, tooLong],
  ['prints for ever by a child', 'yes & exit 0', tooLong],
  ['prints what is not UTF-8', `printf '{"Username": "u", "Secret": "\\377"}'`, noAnswer],
  ['prints only on stderr', 'echo no >&2; exit 2', 'docker-credential-x get ended with 2'],
  ['floods stderr', `head -c 5000000 /dev/zero >&2; echo ${answer}`, 'u:s'],
  ['hangs', 'exec sleep 1000', tooLate],
  ['hangs in a child', 'sleep 1000', tooLate],
  ['closes its stdout and stays', `echo ${answer}; exec >&-; sleep 1000`, tooLate],
  ['ignores SIGTERM and SIGHUP', `trap '' TERM HUP INT; sleep 1000; sleep 1000`, tooLate],
  ['stops itself', 'kill -STOP $$', tooLate],
  ['leaves a child that keeps the pipe', `sleep 1000 & echo ${answer}`, 'u:s'],
  ['leaves a child that ignores signals', `(trap '' TERM HUP; sleep 1000) & echo ${answer}`, 'u:s'],
  ['leaves a child that lets go', `sleep 1000 >/dev/null & echo ${answer}`, 'u:s'],
  ['never reads its input', `exec <&-; echo ${answer}`, 'u:s'],
  ['needs more input than there is', `read a; read b; echo ${answer}`, 'u:s'],
]

/** Asks in a process of its own, which ends only when nothing is left that keeps it. */
const program = `
import {askHelper} from './credential-helper.mjs'
const ending = new AbortController()
process.once('SIGTERM', () => ending.abort(new Error('told to end')))
try {
  const found = await askHelper('x', 'registry.example', {
    env: process.env,
    killGroup: (leader) => process.kill(-leader, 'SIGKILL'),
    signal: ending.signal,
    limits: {timeMs: Number(process.argv[2]), bytes: 1024 * 1024, graceMs: 300},
  })
  console.log(found ? found.username + ':' + found.secret : 'none')
} catch (error) {
  console.log(error.message)
}
`

interface Asking {
  child: ChildProcess
  mark: string
  ending: Promise<string>
}

function ask(directory: string, timeMs: number): Asking {
  const mark = `CRISP_MARK=${directory}:`
  const child = spawn(process.execPath, [join(home, 'ask.mjs'), String(timeMs)], {
    env: {PATH: `${directory}${delimiter}${process.env.PATH}`, CRISP_MARK: `${directory}:`},
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout?.on('data', (chunk) => {
    said += chunk
  })
  return {child, mark, ending: once(child, 'close').then(() => said.trimEnd())}
}

async function place(script: string | undefined, mode = 0o755): Promise<string> {
  const directory = await mkdtemp(join(home, 'bin-'))
  const path = join(directory, 'docker-credential-x')
  if (script !== undefined) {
    await writeFile(path, script)
    await chmod(path, mode)
  }
  return directory
}

const nothingLeft = (mark: string) => eventually(async () => expect(await processesWith(mark)).toEqual([]))

describe('a helper that', () => {
  test.for(hostile)('%s ends within its limits and leaves nothing', async ([, script, result]) => {
    const {ending, mark} = ask(await place(`#!/bin/sh\n${script}\n`), 2000)
    expect(await ending).toBe(result)
    await nothingLeft(mark)
  })

  test('leaves a child in another session does not delay crisp', async () => {
    const {ending, mark} = ask(await place(`#!/bin/sh\nsetsid sleep 1000 & echo ${answer}\n`), 20_000)
    expect(await ending).toBe('u:s')
    // Who makes a session of its own is a service, such as an agent for keys, and stays.
    for (const {pid} of await processesWith(mark)) process.kill(pid)
  })

  test.for([
    ['is absent', undefined, 0o755, 'docker-credential-x is not in PATH'],
    ['may not be run', '#!/bin/sh\n', 0o644, 'docker-credential-x cannot be run: EACCES'],
    ['has an interpreter that is absent', '#!/no/such\n', 0o755, 'docker-credential-x is not in PATH'],
  ] as const)('%s costs no wait', async ([, script, mode, result]) => {
    // With the limit at an hour whatever waits for it never comes to an end here.
    const {ending} = ask(await place(script, mode), 3_600_000)
    expect(await ending).toBe(result)
  })

  test('is a directory fails at once', async () => {
    const directory = await place(undefined)
    await mkdir(join(directory, 'docker-credential-x'))
    expect(await ask(directory, 3_600_000).ending).toBe('docker-credential-x cannot be run: EACCES')
  })

  test.for([
    ['hangs', 'sleep 1000'],
    ['ignores signals', `trap '' TERM HUP INT; sleep 1000; sleep 1000`],
  ] as const)('%s is ended by a signal at once', async ([, script]) => {
    const {child, ending, mark} = ask(await place(`#!/bin/sh\n${script}\n`), 3_600_000)
    await eventually(async () =>
      expect((await processesWith(mark)).map(({command}) => command)).toContain('sleep 1000'),
    )
    child.kill('SIGTERM')
    expect(await ending).toBe('told to end')
    await nothingLeft(mark)
  })
})
