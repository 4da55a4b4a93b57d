import {spawn} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {text as textOf} from 'node:stream/consumers'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {crispInShell} from '../support/run-cli.js'

// What the README shows runs on the embedded runtime as it stands there.

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const jobs = [...readme.matchAll(/^\| [^|]+ \| [^|]+ \| `(crisp [^`]+)` \|/gm)].map(([, line = '']) => line)
const [, examples = ''] = /^```console\n(.*?)^```$/ms.exec(readme) ?? []
const lines = [...examples.matchAll(/^\$ (crisp .*)$/gm)]
  .map(([, line = '']) => line)
  .filter((line) => !line.includes('on a machine without a runtime'))

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-readme-'))
  await mkdir(join(directory, 'run'), {mode: 0o700})
  await writeFile(join(directory, 'crisp'), `#!/bin/sh\nexec ${crispInShell} "$@"\n`)
  await chmod(join(directory, 'crisp'), 0o755)
  await writeFile(
    join(directory, 'pod.yaml'),
    'metadata: {name: a, namespace: b, uid: c}\nlinux:\n  security_context:\n    run_as_usr: {value: 1000}\n',
  )
})
afterAll(async () => {
  await run('crisp demo --stop')
  await rm(directory, {recursive: true})
})

async function run(line: string): Promise<{stdout: string; stderr: string; code: unknown}> {
  const shell = spawn('bash', ['-uc', line], {
    cwd: directory,
    env: {
      PATH: `${directory}:${process.env.PATH}`,
      HOME: directory,
      XDG_RUNTIME_DIR: join(directory, 'run'),
      CRI_CONFIG_FILE: '/dev/null',
      CRISP_TEST_FILE: process.env.CRISP_TEST_FILE,
      CONTAINER_RUNTIME_ENDPOINT: 'demo',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve) => shell.once('close', resolve))
  const [stdout, stderr] = await Promise.all([textOf(shell.stdout), textOf(shell.stderr)])
  return {stdout, stderr, code: await ended}
}

describe('the ten daily jobs', () => {
  test('are ten', () => expect(jobs).toHaveLength(10))

  test.each(jobs)('%s', async (line) => {
    const {stdout, stderr, code} = await run(line)
    expect(code, stderr).toBe(0)
    if (!line.includes(' cp ')) expect(stdout).not.toBe('')
  })
})

describe('the examples', () => {
  test('are there', () => expect(lines.length).toBeGreaterThan(6))

  test.each(lines)('%s', async (line) => {
    const {stdout, stderr, code} = await run(line)
    if (line.includes('pod.yaml'))
      expect(stderr).toContain('run_as_usr: no such field, did you mean run_as_user?')
    else if (line.includes('echo $?')) expect(stdout).toMatch(/^(beside\n)?3\n$/)
    else expect(code, stderr).toBe(0)
  })
})
