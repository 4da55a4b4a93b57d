import {expect, test} from 'vitest'
import {runCli} from '../../support/run-cli.js'

const named = 'is for a command on other nodes, and none is named (--node)'

test.each([
  ['sudo', '--sudo'],
  ['sudo', '--no-sudo'],
  ['fanout', '--fanout=3'],
  ['node-timeout', '--node-timeout=3s'],
  ['fold', '--fold'],
  ['fold', '--no-fold'],
  ['yes', '--yes'],
  ['serial', '--serial=2'],
  ['fail-fast', '--fail-fast'],
  ['max-failures', '--max-failures=2'],
  ['node-crisp', '--node-crisp=/usr/bin/crisp'],
  ['node-file', '--node-file=/usr/bin/crisp'],
  ['node-mode', '--node-mode=tunnel'],
])('--%s without a node is not lost: %s', async (name, flag) => {
  const refused = {stdout: '', stderr: `crisp: --${name} ${named}\n`, exitCode: 2}
  for (const line of [
    [flag, 'ps'],
    ['ps', flag],
    ['--node', '', flag, 'ps'],
    ['explain', flag, 'pod'],
  ])
    expect(await runCli(line)).toEqual(refused)
})

test('with a node named, what runs here leaves them aside', async () => {
  const here = await runCli(['explain', 'pod'])
  expect(await runCli(['--node', 'w1', '--sudo', '--yes', 'explain', 'pod'])).toEqual(here)
  expect(await runCli(['explain', 'pod', '--sudo'], {env: {CRISP_NODE: 'w1'}})).toEqual(here)
})

test('node has --sudo, and a verb a flag of its own by that name', async () => {
  expect((await runCli(['node', 'ls', '-q', '--sudo'])).exitCode).toBe(0)
  expect(await runCli(['node', 'ls', '--fanout', '3'])).toEqual({
    stdout: '',
    stderr: 'crisp: --fanout is not for node: it takes DEST... and --sudo\n',
    exitCode: 2,
  })
  expect((await runCli(['call', 'Version', '--yes'], {endpoint: 'unix:///no/such.sock'})).exitCode).toBe(4)
})
