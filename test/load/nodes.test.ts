import {execFile} from 'node:child_process'
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {expect, onTestFinished, test} from 'vitest'
import {startDemoRuntime} from '../../src/demo/index.js'
import {measurePeak} from '../support/measure-peak.js'
import {isMet} from '../support/needs.js'
import {runCli} from '../support/run-cli.js'
import {startSshNode} from '../support/ssh-node.js'

// LOAD_NODES=1000 is the long form of the first (npm run load:nodes), LOAD_REAL_NODES=200 of the second; they say times.
const stubNodes = Number(process.env.LOAD_NODES ?? 40)
const realNodes = Number(process.env.LOAD_REAL_NODES ?? 12)
const isLong = process.env.LOAD_NODES !== undefined

/** Answers as a crisp on a node does, without one: a row for each node. */
const stub = `#!/bin/sh
host=; last=
for word; do host=$last; last=$word; done
[ "$1" = -G ] && exit 0
[ "$last" = 'exit 0' ] && exit 0
case $host in
  dead*) echo "ssh: connect to host $host port 22: Connection refused" >&2; exit 255;;
  slow*) exec sleep 1000;;
  noise*) echo nonsense; exit 0;;
esac
IFS= read -r script
nonce=$(printf %s "$script" | sed 's/.*crisp \\([0-9a-f]\\{32\\}\\) .*/\\1/')
bytes=$(printf %s "$script" | sed 's/.*__node \\([0-9]*\\);.*/\\1/')
head -c "$bytes" > /dev/null
say() { printf '\\036crisp %s %s\\n' "$nonce" "$1"; }
say begin >&2; say begin
say answer
case $host in
  lies*) echo '{"kind":"table","columns":[{"title":"A"}]}'; echo '[null,[1]]';;
  *) echo '{"kind":"table","form":"table","columns":[{"title":"NAME"}]}'; echo "[null,[\\"of $host\\"]]";;
esac
say 'answer end'
say 'end 0' >&2; say 'end 0'
`

test('each of many nodes has its row, and what is wrong with the others is counted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'crisp-many-'))
  onTestFinished(() => rmSync(folder, {recursive: true}))
  mkdirSync(join(folder, 'run'), {mode: 0o700})
  writeFileSync(join(folder, 'ssh'), stub, {mode: 0o755})
  const env = {
    PATH: `${folder}:${process.env.PATH}`,
    XDG_RUNTIME_DIR: join(folder, 'run'),
    XDG_STATE_HOME: join(folder, 'state'),
  }
  const ask = (set: string) =>
    measurePeak(['--node-crisp', '/crisp', '--node-timeout', '60s', '-N', set, 'ps'], undefined, env)
  const start = performance.now()
  const {stdout, stderr, exitCode, peakMiB} = await ask(`n[1-${stubNodes}],dead[1-3],noise1,lies1`)
  const tookMs = performance.now() - start
  const rows = stdout.trimEnd().split('\n').slice(1)
  expect(rows.map((row) => row.split(/ {2,}/))).toEqual(
    Array.from({length: stubNodes}, (_, index) => [`n${index + 1}`, `of n${index + 1}`]),
  )
  expect(stderr.trimEnd().split('\n')).toEqual([
    ...[1, 2, 3].map((n) => `crisp: dead${n}: ssh: connect to host dead${n} port 22: Connection refused`),
    expect.stringMatching(/^crisp: noise1: /),
    'crisp: lies1: it answered with something else than crisp',
    expect.stringMatching(`^crisp: ${stubNodes} ok, 3 refused, `),
  ])
  expect(exitCode).toBe(4)
  expect(peakMiB).toBeLessThan(200)
  if (isLong)
    console.log(`${stubNodes} nodes by a stub: ${(tookMs / 1000).toFixed(1)} s, ${peakMiB.toFixed(0)} MiB`)
})

test('a node that says nothing has its time, and no more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'crisp-slow-'))
  onTestFinished(() => rmSync(folder, {recursive: true}))
  mkdirSync(join(folder, 'run'), {mode: 0o700})
  writeFileSync(join(folder, 'ssh'), stub, {mode: 0o755})
  const env = {
    PATH: `${folder}:${process.env.PATH}`,
    XDG_RUNTIME_DIR: join(folder, 'run'),
    XDG_STATE_HOME: join(folder, 'state'),
  }
  const {stderr, exitCode} = await runCli(
    ['--node-crisp', '/crisp', '--node-timeout', '1s', '-N', 'slow[1-3]', 'ps'],
    {env},
  )
  expect(stderr.trimEnd().split('\n')).toEqual([
    ...[1, 2, 3].map((n) => `crisp: slow${n}: no answer within 1s (--node-timeout)`),
    'crisp: 0 ok, 3 timed out',
  ])
  expect(exitCode).toBe(124)
})

test.skipIf(!isMet('ssh'))('one table of many nodes of a real sshd', {timeout: 600_000}, async () => {
  const demos = await Promise.all(
    Array.from({length: isLong ? 10 : 2}, () =>
      startDemoRuntime({
        seed: {
          pods: [
            {
              namespace: 'shop',
              name: 'web',
              containers: [
                {
                  name: 'web',
                  image: 'registry.crisp.demo/shell:1.0',
                  command: ['/bin/sh', '-c', 'exec sleep 1000'],
                },
              ],
            },
          ],
        },
      }),
    ),
  )
  const ssh = await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: demos[0]?.endpoint ?? ''}})
  onTestFinished(async () => {
    ssh[Symbol.dispose]()
    for (const demo of demos) await demo[Symbol.asyncDispose]()
  })
  ssh.know('n*', ssh.settings('root'))
  ssh.know('dead*', '  HostName 127.0.0.1\n  Port 1\n')
  mkdirSync(join(ssh.env.XDG_CONFIG_HOME ?? '', 'crisp'), {recursive: true})
  await writeFile(
    join(ssh.env.XDG_CONFIG_HOME ?? '', 'crisp', 'config.yaml'),
    `nodes:\n${demos.map(({endpoint}, index) => `  g${index}:\n    nodes: n[${index + 1}-${realNodes}/${demos.length}]\n    runtime-endpoint: ${endpoint}\n`).join('')}`,
  )
  const env = {...process.env, ...ssh.env, CRI_CONFIG_FILE: '/dev/null'}
  const start = performance.now()
  const {stdout, stderr, exitCode, peakMiB} = await measurePeak(
    ['--node-crisp', ssh.crisp, '-N', '@all,dead[1-2]', 'ps', '-o', 'name'],
    undefined,
    ssh.env,
  )
  const tookMs = performance.now() - start
  expect(stdout.trimEnd().split('\n').toSorted()).toEqual(
    Array.from({length: realNodes}, (_, index) => `n${index + 1}//shop/web/web`).toSorted(),
  )
  expect({last: stderr.trimEnd().split('\n').at(-1), exitCode}).toEqual({
    last: `crisp: ${realNodes} ok, 2 refused`,
    exitCode: 4,
  })
  expect(peakMiB).toBeLessThan(200)
  if (!isLong) return
  const before = performance.now()
  // The demos are in this process.
  await promisify(execFile)(
    'sh',
    ['-c', `seq -f n%g ${realNodes} | xargs -P 32 -I{} ssh {} ${ssh.crisp} ps > /dev/null`],
    {env},
  )
  const xargsMs = performance.now() - before
  console.log(
    `${realNodes} nodes: ${(tookMs / 1000).toFixed(1)} s; ${peakMiB.toFixed(0)} MiB; with xargs -P 32 ssh: ${(xargsMs / 1000).toFixed(1)} s`,
  )
  expect(tookMs).toBeLessThan(3 * xargsMs)
})
