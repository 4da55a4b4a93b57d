import {once} from 'node:events'
import {appendFileSync, mkdirSync, symlinkSync, truncateSync} from 'node:fs'
import {dirname} from 'node:path'
import {expect, test} from 'vitest'
import {startFakeNode, type TestContainer} from '../support/fake-node.js'
import {runInProcess} from '../support/in-process.js'
import {record, stamp} from '../support/log-files.js'
import {outcomeOf, startCli} from '../support/run-cli.js'

const app: TestContainer = {pod: 'web-1', name: 'app'}

/** As Docker's json-file driver writes it: the line's end is part of the text, and missing in all but its last part. */
function docker(seconds: number, log: string, stream = 'stdout'): string {
  return `${JSON.stringify({log, stream, time: stamp(seconds)})}\n`
}

/** cri-dockerd's: the runtime's path is a link to Docker's file, which Docker rotates where it is. */
async function dockerNode(live: string) {
  const node = await startFakeNode({containers: [{...app}]})
  const path = node.logs.write('docker/x-json.log', live)
  mkdirSync(dirname(node.logOf(app)), {recursive: true})
  symlinkSync(path, node.logOf(app))
  return {node, path}
}

const text =
  docker(1, 'one\n') +
  docker(2, 'to err\n', 'stderr') +
  docker(3, 'split ') +
  docker(3.5, 'err between\n', 'stderr') +
  docker(4, 'in two\n') +
  docker(5, '"é"\tfive\n') +
  docker(6, 'no end')

test.each<[string[], string, string]>([
  [[], 'one\nsplit in two\n"é"\tfive\nno end', 'to err\nerr between\n'],
  [['--tail', '2'], '"é"\tfive\nno end', ''],
  [['--tail', '4'], 'split in two\n"é"\tfive\nno end', 'err between\n'],
  [['--tail', '1', '-s', 'stderr'], '', 'err between\n'],
  [['-s', 'stdout', '--until', stamp(3)], 'one\nsplit in two\n', ''],
  [['--since', stamp(3.2)], '"é"\tfive\nno end', 'err between\n'],
  [['-t', '--since', stamp(2), '--until', stamp(2)], '', `${stamp(2)} to err\n`],
  [['--grep', '"é"'], '"é"\tfive\n', ''],
])("Docker's lines, %j", async (argv, stdout, stderr) => {
  const {node} = await dockerNode(text)
  await using _ = node
  expect(await runInProcess(['logs', 'app', ...argv], node)).toEqual({stdout, stderr, exitCode: 0})
})

test("Docker's rotated files, the last lines and a span of time of them", async () => {
  const lines = (from: number, to: number) =>
    Array.from({length: to - from}, (_, index) => docker(from + index, `${from + index}\n`)).join('')
  const {node} = await dockerNode(lines(200, 300))
  await using _ = node
  node.logs.write('docker/x-json.log.2.gz', lines(0, 100))
  node.logs.write('docker/x-json.log.1', lines(100, 200))
  const numbers = (from: number, to: number) =>
    Array.from({length: to - from}, (_, index) => `${from + index}\n`).join('')
  const shown = async (...argv: string[]) => (await runInProcess(['logs', 'app', ...argv], node)).stdout
  expect(await shown()).toBe(numbers(0, 300))
  expect(await shown('--tail', '150')).toBe(numbers(150, 300))
  expect(await shown('--tail', '250')).toBe(numbers(50, 300))
  expect(await shown('--since', stamp(90), '--until', stamp(210))).toBe(numbers(90, 211))
})

const cri = (seconds: number, line: string) => record(seconds, line.slice(0, -1))

test.each<[string, typeof cri, string]>([
  ['CRI format', cri, ''],
  // Half of a line of JSON says nothing.
  [
    "Docker's format",
    docker,
    'crisp: default/web-1/app: a line of the log file is damaged and left out, as will be others\n',
  ],
])('a file in %s that shrinks while it is read: what is missing is said', async (_, line, more) => {
  await using node = await startFakeNode({containers: [{...app}]})
  const long = `${'x'.repeat(1000)}\n`
  let log = ''
  for (let index = 0; index < 20_000; index++) log += line(index, long)
  const path = node.logs.write('default_web-1_uid-web-1/app/0.log', log)
  const cli = startCli(['logs', 'app'], node)
  // Nobody reads on, so that it waits in the middle of the file.
  await once(cli.stdout, 'readable')
  truncateSync(path, 1000)
  const {stdout, stderr, exitCode} = await outcomeOf(cli)
  expect(stderr).toBe(
    `crisp: the log ${path} became shorter while it was read: some of it may be missing\n${more}`,
  )
  expect(stdout.startsWith(long)).toBe(true)
  expect(stdout.length).toBeLessThan(20_000 * long.length)
  expect(exitCode).toBe(0)
})

test("a file in Docker's format that is emptied while it is followed is read on from its beginning", async () => {
  const {node, path} = await dockerNode(docker(1, 'one\n') + docker(2, 'two\n'))
  await using _ = node
  const cli = startCli(['logs', '-f', 'app'], node)
  const outcome = outcomeOf(cli)
  let stdout = ''
  const shown = (wanted: string) =>
    new Promise<void>((resolve) => {
      cli.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk
        if (stdout.endsWith(wanted)) resolve()
      })
    })
  await shown('two\n')
  truncateSync(path)
  appendFileSync(path, docker(3, 'three\n'))
  await shown('three\n')
  cli.kill('SIGINT')
  expect(await outcome).toEqual({
    stdout: 'one\ntwo\nthree\n',
    stderr: `crisp: the log ${node.logOf(app)} was emptied: reading on from its beginning\n`,
    exitCode: 130,
  })
})
