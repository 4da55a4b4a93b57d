import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import {createInterface} from 'node:readline'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {startOwn} from '../../support/containerd/containerd.js'
import {eventually} from '../../support/eventually.js'
import {isMet} from '../../support/needs.js'
import {type CliResult, outcomeOf, runCli, startCli} from '../../support/run-cli.js'
import {type SshNode, type SshNodeOptions, startSshNode} from '../../support/ssh-node.js'

// Hosts with a network, an sshd and a runtime of their own: `behind` is reached by way of a jump host alone, at `admin`
// an ordinary user needs sudo for the runtime, at `noexec` nothing in the home may be executed. One of them has a
// containerd, the others the embedded runtime.

const ids = {admin: 65520, noexec: 0}
const names = ['behind', 'admin', 'noexec'] as const
type Name = (typeof names)[number]
const ofContainerd: Name | undefined = isMet('containerd') && isMet('own containerd') ? 'admin' : undefined

const prepare = `
mount -t tmpfs -o noexec,mode=700 tmpfs $HOMES/noexec
mount -t tmpfs -o mode=1777 tmpfs /var/tmp
echo 'Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults env_keep += "CONTAINER_RUNTIME_ENDPOINT CRI_CONFIG_FILE"
root ALL=(ALL) ALL
admin ALL=(root) NOPASSWD: /bin/sh' > $ETC/sudoers
chmod 440 $ETC/sudoers
mount --bind $ETC/sudoers /etc/sudoers
sed 's/:.*/:*:19000:0:99999:7:::/' /etc/passwd > $ETC/shadow
mount --bind $ETC/shadow /etc/shadow
`

/** What runs in the one pod of each. */
const scripts = {
  web: 'echo early; sleep 0.2; echo late; exec sleep 1000',
  // A thousand lines a second.
  count: 'i=0; while :; do i=$((i+1)); echo "line $i"; [ $((i % 50)) -gt 0 ] || sleep 0.04; done',
}

/** On that socket, in the host's network. */
async function startRuntime(host: SshNode, name: Name, socket: string): Promise<AsyncDisposable> {
  return name === ofContainerd ? await startReal(host, name, socket) : startDemo(host, name, socket)
}

async function startReal(host: SshNode, name: Name, socket: string): Promise<AsyncDisposable> {
  const containerd = await startOwn(host.inside)
  symlinkSync(containerd.endpoint.replace('unix://', ''), socket)
  const pod = await containerd.runPod(`${name}-1`, {metadata: {namespace: 'shop'}})
  for (const [container, script] of Object.entries(scripts)) await pod.runContainer(container, script)
  return containerd
}

function startDemo(host: SshNode, name: Name, socket: string): AsyncDisposable {
  const containers = Object.entries(scripts).map(([container, script]) => ({
    name: container,
    image: 'registry.crisp.demo/shell:1.0',
    command: ['/bin/sh', '-c', script],
  }))
  const seed = `${socket}.json`
  writeFileSync(seed, JSON.stringify({pods: [{namespace: 'shop', name: `${name}-1`, containers}]}))
  const [program = '', ...words] = [...host.inside, host.crisp, 'demo', '--socket', socket]
  const demo = spawn(program, [...words, '--seed', seed], {stdio: 'ignore'})
  return {
    [Symbol.asyncDispose]: async () => {
      const ended = once(demo, 'exit')
      demo.kill()
      await ended
    },
  }
}

describe.skipIf(!isMet('ssh') || !isMet('node network'))('three hosts', () => {
  const directory = mkdtempSync(join(tmpdir(), 'crisp-hosts-'))
  chmodSync(directory, 0o755)
  const socket = (name: Name) => join(directory, name, 'cri.sock')
  const disposables: Disposable[] = []
  const runtimes: AsyncDisposable[] = []
  const hosts = new Map<Name, SshNode>()
  let jump: SshNode
  let env: NodeJS.ProcessEnv
  let file: string

  beforeAll(async () => {
    const start = async (options: SshNodeOptions): Promise<SshNode> => {
      const node = await startSshNode(options)
      disposables.push(node)
      return node
    }
    jump = await start({network: true})
    const users = Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, {id, shell: '/bin/sh'}]))
    for (const name of names) {
      mkdirSync(join(directory, name))
      const node = await start({
        network: name === 'behind' ? jump : true,
        environment: {CONTAINER_RUNTIME_ENDPOINT: `unix://${socket(name)}`},
        users,
        prepare,
      })
      hosts.set(name, node)
      runtimes.push(await startRuntime(node, name, socket(name)))
    }
    const user = hosts.get('noexec') as SshNode
    user.know('jump', jump.settings('root'))
    user.know('behind', `${host('behind').settings('root')}  ProxyJump jump\n`)
    user.know('administered', host('admin').settings('admin'))
    env = user.env
    // Of that name is a user of each of them as well, who comes first in what ssh reads.
    const settings = join(env.XDG_CONFIG_HOME ?? '', 'crisp')
    mkdirSync(settings, {recursive: true})
    writeFileSync(join(settings, 'config.yaml'), 'nodes:\n  administered:\n    sudo: true\n')
    file = user.crisp
    for (const name of names)
      await eventually(async () => expect((await there(name, ['version'])).exitCode).toBe(0))
  })
  afterAll(async () => {
    for (const runtime of runtimes) await runtime[Symbol.asyncDispose]()
    for (const each of disposables) each[Symbol.dispose]()
    rmSync(directory, {recursive: true})
  })

  const host = (name: Name): SshNode => hosts.get(name) as SshNode
  const labels = {behind: 'behind', admin: 'administered', noexec: 'noexec'}
  const nodes = names.map((name) => labels[name])
  const on = (...argv: string[]): Promise<CliResult> =>
    runCli(['--node-file', file, '-N', nodes.join(','), ...argv], {env})

  /** As somebody has it who is logged in there as root. */
  function there(name: Name, argv: readonly string[]): Promise<CliResult> {
    const [program = '', ...words] = [...host(name).inside, host(name).crisp, ...argv]
    const child = spawn(program, words, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {PATH: process.env.PATH, CONTAINER_RUNTIME_ENDPOINT: `unix://${socket(name)}`, TZ: 'UTC'},
    })
    child.stdin.end()
    return outcomeOf(child)
  }

  const everywhere = async (...argv: string[]): Promise<CliResult[]> =>
    await Promise.all(names.map((name) => there(name, argv)))

  test('each is what it should be', async () => {
    const {stderr} = await on('version')
    expect(stderr).toBe(
      `crisp: noexec: the cache in its home can't be used (full, not writable, noexec, or open to others): crisp lies in /var/tmp/crisp-node-0\n`,
    )
    expect((await on('version')).stderr).toBe('')
    const asOneself = await runCli(['--node-file', file, '-N', 'administered', '--no-sudo', 'ps'], {env})
    expect(asOneself).toMatchObject({stdout: '', exitCode: 4})
    const direct = spawn('ssh', ['-o', 'ProxyJump=none', '-o', 'ConnectTimeout=1', 'behind', 'true'], {
      env: {...process.env, ...env},
    })
    expect((await outcomeOf(direct)).exitCode).toBe(255)
  })

  test.each([[['ps', '-o', 'name']], [['ps', '-q', '--name', 'web']], [['pods', '-o', 'name']]])(
    '%j are those of each',
    async (argv) => {
      const expected = (await everywhere(...argv)).flatMap(({stdout}, index) =>
        stdout
          .trimEnd()
          .split('\n')
          .map((line) => `${nodes[index]}//${line}`),
      )
      const {stdout, ...ending} = await on(...argv)
      expect(ending).toEqual({stderr: '', exitCode: 0})
      expect(stdout.trimEnd().split('\n').toSorted()).toEqual(expected.toSorted())
    },
  )

  test('images are one table, or one row for all that have it', async () => {
    const rowsOf = (text: string) => text.trimEnd().split('\n').slice(1).map(words)
    const expected = (await everywhere('images')).map(({stdout}) => rowsOf(stdout).map((row) => row.join()))
    const {stdout} = await on('images')
    const all = rowsOf(stdout).map((row) => row.join())
    expect(all.toSorted()).toEqual(
      expected.flatMap((rows, index) => rows.map((row) => `${nodes[index]},${row}`)).toSorted(),
    )
    const labelOf = (row: string) => {
      const having = nodes.filter((_, index) => expected[index]?.includes(row))
      return having.length === 1 ? having[0] : `${having.join()} (${having.length})`
    }
    const folded = await on('images', '--fold')
    expect(rowsOf(folded.stdout).toSorted()).toEqual(
      [...new Set(expected.flat())].map((row) => [labelOf(row), ...row.split(',')]).toSorted(),
    )
  })

  test('inspect gives what it gives there', async () => {
    const {stdout, exitCode} = await on('inspect', 'web', '-o', 'json')
    expect(exitCode).toBe(0)
    const documents = await everywhere('inspect', 'web', '-o', 'json')
    expect(JSON.parse(stdout)).toEqual(
      documents.map(({stdout: text}, index) => ({node: nodes[index], ...JSON.parse(text)})),
    )
  })

  test('logs are one by time', async () => {
    const {stdout, stderr, exitCode} = await on('logs', '-t', 'web')
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '))
    expect(lines.map(([node, , word]) => `${node} ${word}`).toSorted()).toEqual(
      nodes.flatMap((node) => [`${node}: early`, `${node}: late`]).toSorted(),
    )
    const times = lines.map(([, time]) => time)
    expect(times).toEqual(times.toSorted())
  })

  test('exec ends with the worst code, and each says its own', async () => {
    expect(await on('exec', 'web', 'true')).toEqual({stdout: '', stderr: '', exitCode: 0})
    const {stdout, stderr, exitCode} = await on('exec', 'web', 'sh', '-c', 'echo out; echo err >&2; exit 7')
    expect(stdout.trimEnd().split('\n').toSorted()).toEqual(nodes.map((node) => `${node}: out`).toSorted())
    const said = stderr.trimEnd().split('\n')
    expect(said.at(-1)).toBe('crisp: 0 ok, 3 failed')
    expect(said.slice(0, -1).filter((line) => line.endsWith('err'))).toHaveLength(3)
    expect(exitCode).toBe(7)
  })

  test('what is not there is 3, what one of them lacks its own line', async () => {
    const {stdout, stderr, exitCode} = await on('inspect', 'nobody')
    expect({stdout, last: stderr.trimEnd().split('\n').at(-1), exitCode}).toEqual({
      stdout: '',
      last: 'crisp: 0 ok, 3 failed',
      exitCode: 3,
    })
    const other = await on('inspect', 'behind-1/web', '-o', 'jsonpath={[*].node}')
    expect({...other, stderr: other.stderr.trimEnd().split('\n').at(-1)}).toEqual({
      stdout: 'behind\n',
      stderr: 'crisp: 1 ok, 2 failed',
      exitCode: 3,
    })
  })

  test('files go to all of them, and come back from each', async () => {
    const [here, target] = [join(directory, 'sent'), join(directory, 'came')]
    const there = `/tmp/${basename(directory)}-sent`
    writeFileSync(here, 'content\n')
    onTestFinished(() => {
      for (const path of [here, target, there]) rmSync(path, {force: true})
    })
    const sent = await on('--yes', 'cp', here, `web:${there}`)
    expect(sent).toMatchObject({stderr: expect.stringMatching(/^crisp: cp on .*\(3\)\n$/), exitCode: 0})
    for (const node of nodes) {
      rmSync(target, {force: true})
      const came = await runCli(['--node-file', file, 'cp', `${node}//web:${there}`, target], {env})
      expect(came).toEqual({stdout: '', stderr: '', exitCode: 0})
      expect(readFileSync(target, 'utf8')).toBe('content\n')
    }
  })

  test('logs -f of all at a thousand lines a second each: none is missing, none out of its order', async () => {
    const cli = startCli(['--node-file', file, '-N', nodes.join(','), 'logs', '-f', '--tail', '1', 'count'], {
      env,
    })
    const numbers = new Map<string, number[]>(nodes.map((node) => [node, []]))
    createInterface(cli.stdout).on('line', (line) => {
      const [, node = '', number] = /^(.*): line (\d+)$/.exec(line) ?? []
      numbers.get(node)?.push(Number(number))
    })
    await eventually(() => {
      for (const all of numbers.values()) expect(all.length).toBeGreaterThan(5_000)
    })
    cli.kill('SIGINT')
    expect(await outcomeOf(cli)).toMatchObject({exitCode: 130})
    for (const all of numbers.values()) {
      expect(all).toEqual(Array.from(all, (_, index) => (all[0] as number) + index))
    }
    // Where all is there already they are one by time to the line.
    const {stdout} = await on('logs', '-t', '--tail', '2000', 'count')
    const times = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
    expect(times.length).toBeGreaterThanOrEqual(6_000)
    expect(times).toEqual(times.toSorted())
  })
})

function words(line: string): string[] {
  return line.trim().split(/ {2,}/)
}
