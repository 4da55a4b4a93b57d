import {spawn, spawnSync} from 'node:child_process'
import {userInfo} from 'node:os'
import {expect, test} from 'vitest'
import {cliEnvironment, outcomeOf} from './support/run-cli.js'

// Whoever runs the tests has a home with nodes, groups and settings in it.

const real = userInfo().homedir
const {PATH} = process.env

test.each<[string, NodeJS.ProcessEnv | undefined]>([
  ['none of its own', undefined],
  ['that of a command', cliEnvironment({})],
  ['nothing but a PATH', {PATH}],
])('a process whose environment is %s has another home', async (_, env) => {
  const words = ['-c', 'echo "$HOME"'] as const
  const {stdout} = await outcomeOf(spawn('sh', words, {stdio: ['pipe', 'pipe', 'pipe'], env}))
  expect(stdout).toMatch(/^\/.*\n$/)
  expect(stdout).not.toBe(`${real}\n`)
})

test('so has one that is waited for', () => {
  expect(spawnSync('sh', ['-c', 'echo "$HOME"'], {encoding: 'utf8'}).stdout).not.toBe(`${real}\n`)
})
