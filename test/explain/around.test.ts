import {expect, test} from 'vitest'
import {methodsOf} from '../../src/client/descriptor.js'
import {explainAround, namesAround} from '../../src/explain/around.js'
import {verbCalls} from '../../src/explain/verbs.js'
import {words} from '../../src/explain/words.js'
import {runInProcess} from '../support/in-process.js'

const crisp = (...argv: string[]) => runInProcess(['explain', ...argv], {endpoint: 'unix:///nonexistent'})

test('every call of a verb is one of the CRI, and each step says why', () => {
  const methods = {...methodsOf('RuntimeService'), ...methodsOf('ImageService')}
  for (const [verb, calls] of Object.entries(verbCalls)) {
    expect(calls.length, verb).toBeGreaterThan(0)
    for (const {method, why} of calls) {
      if (method !== undefined) expect(methods).toHaveProperty(method)
      expect(why, verb).toMatch(/\S+ \S+/)
    }
    expect(new Set(calls.map(({why}) => why)).size, verb).toBe(calls.length)
  }
})

test('every word has a sentence of its own, that does not only say the word again', () => {
  const texts = Object.values(words)
  expect(new Set(texts).size).toBe(texts.length)
  for (const [word, text] of Object.entries(words)) {
    expect(text, word).toMatch(/^[A-Z"].*\.$/s)
    const others = new Set(
      (text.toLowerCase().match(/[a-z]+/g) ?? []).filter((each) => each !== word.toLowerCase()),
    )
    expect(others.size, word).toBeGreaterThan(6)
  }
})

test('all of it fits 80 columns', () => {
  const wide = namesAround
    .flatMap((name) => explainAround(name, 80).join('').split('\n'))
    .filter((line) => line.length > 80)
  expect(wide).toEqual([])
})

test('a verb: its calls in their order, and why', async () => {
  const {stdout, exitCode} = await crisp('stopp')
  expect({stdout, exitCode}).toEqual({
    stdout: `verb stopp
  1. ListPodSandbox, unless its whole ID is given
     to find the pod by its name, or the beginning of its ID
  2. Version
     to know whether a pod that is stopped kills its containers at once, or has
     to be helped
  3. StopPodSandbox
     to end the containers of the pod and give its network back
  4. PodSandboxStatus, with --wait
     to see whether it has ended

  "crisp stopp --trace" shows them as they happen.
`,
    exitCode: 0,
  })
})

test('a word in any letters; beside it the call of the same name', async () => {
  expect((await crisp('crashloopbackoff')).stdout).toMatch(/^word CrashLoopBackOff\n {2}What kubectl shows/)
  expect((await crisp('exec')).stdout).toMatch(/^verb exec\n[\s\S]*\ncall RuntimeService\.Exec\n/)
})

test('of a mistyped one the nearest is offered', async () => {
  expect((await crisp('sandbx')).stderr).toContain('did you mean sandbox?')
  expect((await crisp('OOMKiled')).stderr).toContain('did you mean OOMKilled?')
})

test('--search finds by text, --recursive shows what is inside', async () => {
  expect((await crisp('--search', 'overlayfs')).stdout).toMatch(/^word snapshot\n/)
  expect((await crisp('--search', 'exit_code')).stdout).toContain('ContainerStatus.exit_code\n')
  expect((await crisp('--search', 'no such text')).exitCode).toBe(3)
  expect((await crisp('--recursive', 'ContainerStatusRequest')).stdout).toContain('  container_id  string\n')
  expect((await crisp('--recursive', 'PodSandboxConfig')).stdout).toContain('    name  string\n')
})
