import {readFileSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type PageShell, startPageShell} from '../support/page-shell.js'

// What the README shows runs on the embedded runtime as it stands there.

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const jobs = [...readme.matchAll(/^\| [^|]+ \| [^|]+ \| `(crisp [^`]+)` \|/gm)].map(([, line = '']) => line)
const [, examples = ''] = /^```console\n(.*?)^```$/ms.exec(readme) ?? []
const lines = [...examples.matchAll(/^\$ (crisp .*)$/gm)]
  .map(([, line = '']) => line)
  .filter((line) => !line.includes('on a machine without a runtime'))

let shell: PageShell
beforeAll(async () => {
  shell = await startPageShell({CONTAINER_RUNTIME_ENDPOINT: 'demo'})
  await writeFile(
    join(shell.directory, 'pod.yaml'),
    'metadata: {name: a, namespace: b, uid: c}\nlinux:\n  security_context:\n    run_as_usr: {value: 1000}\n',
  )
})
afterAll(async () => {
  await shell.run('crisp demo --stop')
  await shell[Symbol.asyncDispose]()
})

describe('the ten daily jobs', () => {
  test('are ten', () => expect(jobs).toHaveLength(10))

  test.each(jobs)('%s', async (line) => {
    const {stdout, stderr, code} = await shell.run(line)
    expect(code, stderr).toBe(0)
    if (!line.includes(' cp ')) expect(stdout).not.toBe('')
  })
})

describe('the examples', () => {
  test('are there', () => expect(lines.length).toBeGreaterThan(6))

  test.each(lines)('%s', async (line) => {
    const {stdout, stderr, code} = await shell.run(line)
    if (line.includes('pod.yaml'))
      expect(stderr).toContain('run_as_usr: no such field, did you mean run_as_user?')
    else if (line.includes('echo $?')) expect(stdout).toMatch(/^(beside\n)?3\n$/)
    else expect(code, stderr).toBe(0)
  })
})
