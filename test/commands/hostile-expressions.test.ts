import {expect, test} from 'vitest'
import {startFakeNode} from '../support/fake-node.js'
import {startFakeRuntime} from '../support/fake-runtime.js'
import {hostileTexts} from '../support/hostile.js'
import {runInProcess} from '../support/in-process.js'
import {record} from '../support/log-files.js'
import {seeded} from '../support/random.js'
import {outcomeOf, startCli} from '../support/run-cli.js'

const expressions = ['(a+)+$', '(\\pL+)+!$', '[ab]*a[ab]{18}$']
const log = 'default_web-1_uid-web-1/app/0.log'

test('hostile lines end a search no later than others', {timeout: 300_000}, async () => {
  await using node = await startFakeNode({containers: [{pod: 'web-1', name: 'app'}]})
  const texts = [...hostileTexts(), 'aaa']
  node.logs.write(log, texts.map((text, index) => record(index, text)).join(''))
  for (const expression of expressions)
    expect((await runInProcess(['logs', 'app', '--grep', expression], node)).exitCode, expression).toBe(0)
  expect((await runInProcess(['logs', 'app', '--grep', '^(a+)+$'], node)).stdout).toBe('aaa\n')
})

test('hostile names end a filter no later than others', {timeout: 300_000}, async () => {
  const containers = hostileTexts().map((name, index) => ({
    id: index.toString(16).padStart(64, 'c'),
    metadata: {name},
    state: 'CONTAINER_RUNNING',
  }))
  await using runtime = await startFakeRuntime({ListContainers: {containers}})
  for (const expression of expressions)
    expect((await runInProcess(['ps', '-q', '--name', expression], runtime)).exitCode, expression).toBe(0)
})

test('Ctrl-C ends a search that takes its time', {timeout: 300_000}, async () => {
  await using node = await startFakeNode({containers: [{pod: 'web-1', name: 'app'}]})
  const random = seeded(1)
  const line = Array.from({length: 10_000}, () => random.of(['a', 'b'])).join('')
  const lines = Array.from({length: 200}, (_, index) => record(index, `${line.slice(index)}c`)).join('')
  node.logs.write(log, record(0, `a${'b'.repeat(18)}`) + lines.repeat(10))
  const cli = startCli(['logs', 'app', '--grep', '[ab]*a[ab]{18}$'], node)
  cli.stdout.once('data', () => cli.kill('SIGINT'))
  expect((await outcomeOf(cli)).exitCode).toBe(130)
})
