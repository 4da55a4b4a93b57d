import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../src/demo/index.js'
import {measurePeak} from '../support/measure-peak.js'
import {isMet} from '../support/needs.js'
import {runCli} from '../support/run-cli.js'
import {openBlackHole, type SshNode, startSshNode} from '../support/ssh-node.js'

// LOAD_NODES=1000 and LOAD_REAL_NODES=200 are the long form (npm run load:nodes): stubs of ssh, and a real one; it says times.
const stubNodes = Number(process.env.LOAD_NODES ?? 40)
const realNodes = Number(process.env.LOAD_REAL_NODES ?? 12)
const isLong = process.env.LOAD_NODES !== undefined
const longTime = {timeout: 600_000}

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

function stubbed(): NodeJS.ProcessEnv {
  const folder = mkdtempSync(join(tmpdir(), 'crisp-many-'))
  onTestFinished(() => rmSync(folder, {recursive: true}))
  mkdirSync(join(folder, 'run'), {mode: 0o700})
  writeFileSync(join(folder, 'ssh'), stub, {mode: 0o755})
  return {
    PATH: `${folder}:${process.env.PATH}`,
    XDG_RUNTIME_DIR: join(folder, 'run'),
    XDG_STATE_HOME: join(folder, 'state'),
  }
}

test('each of many nodes has its row, and what is wrong with the others is counted', longTime, async () => {
  const env = stubbed()
  const perNodeMs: number[] = []
  for (const nodes of [stubNodes / 4, stubNodes / 2, stubNodes]) {
    const start = performance.now()
    const set = `n[1-${nodes}],dead[1-3],noise1,lies1`
    const {stdout, stderr, exitCode, peakMiB} = await measurePeak(
      ['--node-crisp', '/crisp', '--node-timeout', '60s', '-N', set, 'ps'],
      undefined,
      env,
    )
    const tookMs = performance.now() - start
    const rows = stdout.trimEnd().split('\n').slice(1)
    expect(rows.map((row) => row.split(/ {2,}/))).toEqual(
      Array.from({length: nodes}, (_, index) => [`n${index + 1}`, `of n${index + 1}`]),
    )
    expect(stderr.trimEnd().split('\n')).toEqual([
      ...[1, 2, 3].map((n) => `crisp: dead${n}: ssh: connect to host dead${n} port 22: Connection refused`),
      expect.stringMatching(/^crisp: noise1: /),
      'crisp: lies1: it answered with something else than crisp',
      expect.stringMatching(`^crisp: ${nodes} ok, 3 refused, `),
    ])
    expect(exitCode).toBe(4)
    expect(peakMiB).toBeLessThan(200)
    perNodeMs.push(tookMs / nodes)
    if (isLong)
      console.log(
        `${nodes} nodes by a stub: ${(tookMs / 1000).toFixed(1)} s, ${(tookMs / nodes).toFixed(1)} ms each, ${peakMiB.toFixed(0)} MiB`,
      )
  }
  // The time grows with their number, and not faster.
  if (isLong) expect(Math.max(...perNodeMs) / Math.min(...perNodeMs)).toBeLessThan(2)
})

test('a node that says nothing has its time, and no more', async () => {
  const env = stubbed()
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

const image = 'registry.crisp.demo/shell:1.0'
const pod = {
  namespace: 'shop',
  name: 'web',
  containers: [{name: 'web', image, command: ['/bin/sh', '-c', 'exec sleep 1000']}],
}
const anyUser = {id: 0, shell: '/bin/sh'}

describe.skipIf(!isMet('ssh') || !isMet('node network'))('many nodes of a real sshd', () => {
  const [refusing, holes, slow, garbage] = isLong ? [5, 5, 5, 3] : [1, 1, 0, 3]
  // Those that are well are waited for as long as it takes, where none is slow.
  const secondsEach = isLong ? 45 : 600
  let demos: DemoRuntime[]
  let ssh: SshNode
  let crisp: string
  let hole: {address: string} & Disposable
  beforeAll(async () => {
    demos = await Promise.all(
      Array.from({length: isLong ? 10 : 2}, () => startDemoRuntime({seed: {pods: [pod]}})),
    )
    hole = await openBlackHole()
    ssh = await startSshNode({
      environment: {CONTAINER_RUNTIME_ENDPOINT: demos[0]?.endpoint ?? ''},
      everywhere: true,
      users: {slow: anyUser, stuck: anyUser, words: anyUser, bytes: anyUser, silent: anyUser},
      settings: `Match User slow
  ForceCommand exec sleep 1000
Match User words
  ForceCommand echo "{}"
Match User bytes
  ForceCommand head -c 100000 /dev/urandom
Match User silent
  ForceCommand exit 0
`,
    })
    // Each has an address of its own.
    const at = (index: number) => `127.1.${index >> 7}.${(index & 127) + 1}`
    const know = (host: string, user: string, address: string) =>
      ssh.know(host, ssh.settings(user).replace(/HostName .*/, `HostName ${address}`))
    for (let index = 1; index <= realNodes; index++) know(`n${index}`, 'root', at(index))
    for (const [index, user] of ['stuck', 'slow', 'stuck', 'slow', 'stuck'].entries())
      know(`slow${index + 1}`, user, `127.2.0.${index + 1}`)
    for (const [index, user] of ['words', 'bytes', 'silent'].entries())
      know(`garbage${index + 1}`, user, `127.3.0.${index + 1}`)
    ssh.know('dead*', '  HostName 127.0.0.1\n  Port 1\n')
    ssh.know('hole*', `  HostName ${hole.address}\n`)
    // A program that may begin and say nothing.
    crisp = join(ssh.home('root'), 'crisp')
    const stuck = `[ "$USER" = stuck ] && exec sleep 1000`
    writeFileSync(crisp, `#!/bin/sh\n${stuck}\nexec ${ssh.crisp} "$@"\n`, {mode: 0o755})
    const settings = join(ssh.env.XDG_CONFIG_HOME ?? '', 'crisp')
    mkdirSync(settings, {recursive: true})
    const groups = demos.map(
      ({endpoint}, index) =>
        `  g${index}:\n    nodes: n[${index + 1}-${realNodes}/${demos.length}]\n    runtime-endpoint: ${endpoint}\n`,
    )
    writeFileSync(join(settings, 'config.yaml'), `nodes:\n${groups.join('')}`)
  })
  afterAll(async () => {
    ssh[Symbol.dispose]()
    hole[Symbol.dispose]()
    for (const demo of demos) await demo[Symbol.asyncDispose]()
  })

  /** The same by hand: how long it takes. */
  async function byHand(hosts: readonly string[]): Promise<number> {
    const command = `timeout ${secondsEach} ssh -o BatchMode=yes -o ConnectTimeout=10 {} ${crisp} ps`
    const start = performance.now()
    const child = spawn('xargs', ['-P', '32', '-I{}', 'sh', '-c', `${command} > /dev/null 2>&1; exit 0`], {
      env: {...process.env, ...ssh.env},
      stdio: ['pipe', 'inherit', 'inherit'],
    })
    child.stdin.end(hosts.join('\n'))
    await once(child, 'close')
    return performance.now() - start
  }

  const names = (name: string, count: number) =>
    Array.from({length: count}, (_, index) => `${name}${index + 1}`)
  const rows = names('n', realNodes).map((node) => `${node}//shop/web/web`)

  test('one table, of those that are well, beside dead, slow and strange ones', longTime, async () => {
    const hosts = [
      ...names('n', realNodes),
      ...names('dead', refusing),
      ...names('hole', holes),
      ...names('slow', slow),
      ...names('garbage', garbage),
    ]
    const start = performance.now()
    const {stdout, stderr, exitCode, peakMiB} = await measurePeak(
      ['--node-crisp', crisp, '--node-timeout', `${secondsEach}s`, '-N', hosts.join(), 'ps', '-o', 'name'],
      undefined,
      ssh.env,
    )
    const tookMs = performance.now() - start
    expect(stdout.trimEnd().split('\n').toSorted()).toEqual(rows.toSorted())
    const lines = stderr.trimEnd().split('\n')
    const each = (name: string, count: number, text: string) =>
      names(name, count).map((node) => expect.stringMatching(`^crisp: ${node}: ${text}`))
    expect(lines).toEqual([
      ...each('dead', refusing, 'ssh: connect to host 127.0.0.1 port 1: Connection refused$'),
      ...each('hole', holes, `ssh: connect to host ${hole.address} port 22: Connection timed out$`),
      ...each('slow', slow, `no answer within ${secondsEach}s \\(--node-timeout\\)$`),
      ...each('garbage', garbage, 'its login did not start /bin/sh'),
      `crisp: ${realNodes} ok, ${refusing} refused, ${holes + slow} timed out, ${garbage} unreachable`,
    ])
    expect(exitCode).toBe(slow > 0 ? 124 : 4)
    expect(peakMiB).toBeLessThan(200)
    if (!isLong) return
    const byHandMs = await byHand(hosts)
    console.log(
      `${hosts.length} nodes: ${text(tookMs)}, ${peakMiB.toFixed(0)} MiB; with xargs -P 32 ssh: ${text(byHandMs)}`,
    )
    expect(tookMs).toBeLessThan(3 * byHandMs)
  })

  test('a login that hangs, and a program that begins and says nothing, have their time', async () => {
    const {stdout, stderr, exitCode} = await runCli(
      ['--node-crisp', crisp, '--node-timeout', '1s', '-N', 'slow1,slow2', 'ps', '-o', 'name'],
      {env: ssh.env},
    )
    expect({stdout, lines: stderr.trimEnd().split('\n'), exitCode}).toEqual({
      stdout: '',
      lines: [
        ...names('slow', 2).map((node) => `crisp: ${node}: no answer within 1s (--node-timeout)`),
        'crisp: 0 ok, 2 timed out',
      ],
      exitCode: 124,
    })
  })

  if (isLong)
    test('where all are well it takes no longer than three times xargs and ssh', longTime, async () => {
      const before = await byHand(names('n', realNodes))
      const start = performance.now()
      const {stdout, stderr, exitCode} = await runCli(
        ['--node-crisp', crisp, '-N', `n[1-${realNodes}]`, 'ps', '-o', 'name'],
        {env: ssh.env},
      )
      const tookMs = performance.now() - start
      expect({rows: stdout.trimEnd().split('\n').toSorted(), stderr, exitCode}).toEqual({
        rows: rows.toSorted(),
        stderr: '',
        exitCode: 0,
      })
      console.log(`${realNodes} nodes that are well: ${text(tookMs)}; with xargs -P 32 ssh: ${text(before)}`)
      expect(tookMs).toBeLessThan(3 * before)
    })
})

function text(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
