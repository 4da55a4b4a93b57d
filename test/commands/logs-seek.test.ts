import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect} from 'vitest'
import {startFakeNode} from '../support/fake-node.js'
import {records, stamp} from '../support/log-files.js'
import {testWith} from '../support/needs.js'
import {runCli} from '../support/run-cli.js'

const reporting = new URL('../../bench/report-usage.mjs', import.meta.url).href
// Longer than what a search reads first wherever it looks.
const long = 'x'.repeat(6000)
const textOf = (index: number) => `${index} ${long}`

testWith('procfs').each<[string, (first: number) => string[], number, number]>([
  ['the last lines', () => ['--tail', '3'], 3, 8 * 1024],
  ['a span of time at the end', (first) => ['--since', stamp(first)], 3, 1024 * 1024],
  [
    'a span of time before',
    (first) => ['--since', stamp(first), '--until', stamp(first + 2)],
    200,
    2048 * 1024,
  ],
])('%s: hardly more is read of 64 MiB than of 2 MiB', async (_, flags, fromEnd, more) => {
  await using node = await startFakeNode({containers: [{pod: 'web-1', name: 'app'}]})
  const usageFile = join(node.logs.path, 'usage')
  const readBytes = async (lines: number): Promise<number> => {
    node.logs.write('default_web-1_uid-web-1/app/0.log', records(0, lines, textOf))
    const env = {NODE_OPTIONS: `--import ${reporting}`, USAGE_FILE: usageFile}
    const first = lines - fromEnd
    const {stdout, stderr} = await runCli(['logs', 'app', ...flags(first)], {...node, env})
    const shown = stdout.split('\n').map((line) => line.split(' ', 1)[0])
    expect({shown, stderr}).toEqual({shown: [`${first}`, `${first + 1}`, `${first + 2}`, ''], stderr: ''})
    return JSON.parse(readFileSync(usageFile, 'utf8')).readBytes
  }
  const ofShort = await readBytes(350)
  expect((await readBytes(11_000)) - ofShort).toBeLessThan(more)
})
