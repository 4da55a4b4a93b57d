import {createHash, randomBytes} from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import {chmod, mkdtemp, rm} from 'node:fs/promises'
import {type AddressInfo, connect, createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {gunzipSync} from 'node:zlib'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../../src/demo/index.js'
import {eventually} from '../../support/eventually.js'
import {isMet} from '../../support/needs.js'
import {onTerminal, type Session} from '../../support/on-terminal.js'
import {type CliResult, outcomeOf, runCli, startCli, textOf} from '../../support/run-cli.js'
import {letOthersConnect, type SshNode, startSshNode} from '../../support/ssh-node.js'

const pod = {
  namespace: 'shop',
  name: 'web-1',
  containers: [
    {name: 'web', image: 'registry.crisp.demo/shell:1.0', command: ['/bin/sh', '-c', 'exec sleep 1000']},
  ],
}

describe.skipIf(!isMet('ssh'))('one node', () => {
  let runtime: DemoRuntime
  let node: SshNode
  /** Root's, on the node. */
  let session: string
  beforeAll(async () => {
    runtime = await startDemoRuntime({seed: {pods: [pod]}})
    await letOthersConnect(runtime)
    session = mkdtempSync(join(tmpdir(), 'crisp-session-'))
    node = await startSshNode({
      environment: {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint, XDG_RUNTIME_DIR: session},
    })
  })
  afterAll(async () => {
    node[Symbol.dispose]()
    rmSync(session, {recursive: true})
    await runtime[Symbol.asyncDispose]()
  })

  const there = (argv: readonly string[], stdin?: string, user = 'root'): Promise<CliResult> =>
    runCli(['--node', user, ...argv], {env: node.env, ...(stdin === undefined ? {} : {stdin})})
  const here = (argv: readonly string[], stdin?: string): Promise<CliResult> =>
    runCli(argv, {endpoint: runtime.endpoint, ...(stdin === undefined ? {} : {stdin})})

  test('the program goes over once, for its user alone, and nothing else is left', async () => {
    const first = await there(['version'])
    expect(first).toEqual(await here(['version']))
    const cache = join(node.home('root'), '.cache', 'crisp-node')
    const delivered = () =>
      readdirSync(cache).map((name) => ({
        name,
        mode: lstatSync(join(cache, name)).mode & 0o777,
        made: lstatSync(join(cache, name)).birthtimeMs,
      }))
    const once = delivered()
    expect(once).toEqual([
      {
        name: expect.stringMatching(/^crisp-\d+\.\d+\.\d+-[0-9a-f]{16}$/),
        mode: 0o700,
        made: expect.any(Number),
      },
    ])
    expect(lstatSync(cache).mode & 0o777).toBe(0o700)
    expect(await there(['version'])).toEqual(first)
    expect(delivered()).toEqual(once)
    expect(readdirSync(node.home('root'))).toEqual(['.cache'])
    expect(readdirSync(session)).toEqual([])
  })

  test.each([
    ['ps', '-q'],
    ['pods', '-o', 'json'],
    ['exec', 'web', 'sh', '-c', 'echo out; echo err >&2; exit 7'],
    ['exec', 'web', 'sh', '-c', 'exit 255'],
    ['exec', 'web', 'sh', '-c', 'exit 4'],
    ['exec', 'web', 'no-such-command'],
    ['exec', 'nobody', 'true'],
    [
      'exec',
      'web',
      'printf',
      '%s\\n',
      "it's",
      '"quoted"',
      '$HOME `id` \\ !',
      'ümläut',
      '-x',
      '',
      'two\nlines',
    ],
    ['doctor', '--only', 'runtime,conditions,responses,pods,images'],
    ['explain', 'doctor/cni'],
    ['inspect', 'nobody'],
    ['ps', '--no-such-flag'],
    ['ps', '-o', 'jsonpath={'],
    ['ps', '--label', ''],
    ['runp', '/no/such/file.yaml'],
    ['-c', '/no/such/crictl.yaml', 'ps'],
  ])('as here: crisp %s %s %s %s %s', async (...line) => {
    const argv = line.filter((word): word is string => word !== undefined)
    expect(await there(argv)).toEqual(await here(argv))
  })

  test('a report of the node comes over as it is', async () => {
    const cli = startCli(['--node', 'root', 'report', '--events', '0s', '-'], {env: node.env})
    cli.stdin.end()
    const chunks: Buffer[] = []
    cli.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    const exitCode = await new Promise((resolve) => cli.once('close', resolve))
    const archive = gunzipSync(Buffer.concat(chunks)).toString('latin1')
    expect(exitCode).toBe(0)
    expect(archive).toContain('/manifest.json')
    expect(archive).toContain('"web-1"')
  })

  test('the file of a report is on this machine', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'crisp-report-'))
    onTestFinished(() => rm(directory, {recursive: true}))
    const file = join(directory, 'node.tar.gz')
    const report = ['report', '--events', '0s', file]
    expect(await there(report)).toEqual({stdout: `${file}\n`, stderr: '', exitCode: 0})
    expect(gunzipSync(readFileSync(file)).toString('latin1')).toContain('/manifest.json')
    expect(lstatSync(file).mode & 0o777).toBe(0o600)
    const before = readFileSync(file)
    expect(await there(report)).toEqual({
      stdout: '',
      stderr: `crisp: ${file} is there already: name another file\n`,
      exitCode: 1,
    })
    expect(readFileSync(file).equals(before)).toBe(true)
    expect((await there(['report', join(directory, 'other'), '--events', 'soon'])).exitCode).toBe(2)
    const cut = startCli(['--node', 'root', 'report', join(directory, 'cut'), '--events', '1h'], {
      env: node.env,
    })
    await eventually(() => expect(node.running()).not.toEqual([]))
    cut.kill('SIGINT')
    expect((await outcomeOf(cut)).exitCode).toBe(130)
    expect(readdirSync(directory)).toEqual(['node.tar.gz'])
  })

  test.each(['worker', 'fisher', 'casher'])('whatever shell and banner the user %s has', async (user) => {
    const line = [
      'exec',
      '-i',
      'web',
      'sh',
      '-c',
      'cat; echo "$0 $@"; echo err >&2; exit 9',
      "a'b",
      '!c',
      '$d\n e\\',
    ]
    expect(await there(line, 'in\n', user)).toEqual(await here(line, 'in\n'))
  })

  test('stdin is read by what reads it', async () => {
    const cli = startCli(['--node', 'root', 'ps', '-q'], {env: node.env})
    // Nobody ends stdin.
    expect((await outcomeOf(cli)).exitCode).toBe(0)
    expect(await there(['runp', '-'], 'metadata: {name: made, namespace: shop, uid: u}\n')).toEqual({
      stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/),
      stderr: '',
      exitCode: 0,
    })
  })

  test('files are those of this machine, and their content is in no list of processes', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'crisp-files-'))
    onTestFinished(() => rm(directory, {recursive: true}))
    await chmod(directory, 0o700)
    const file = join(directory, 'pod.yaml')
    writeFileSync(file, 'metadata: {name: travelled, namespace: shop, uid: u}\n')
    expect((await there(['runp', file], undefined, 'worker')).stderr).toBe('')
    expect((await here(['pods', '--name', 'travelled', '-o', 'name'])).stdout).not.toBe('')
  })

  test('cp has its files on this side: directories, names, holes, 20 MB by checksum', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'crisp-copy-'))
    onTestFinished(() => rm(directory, {recursive: true}))
    const site = join(directory, 'site')
    mkdirSync(join(site, 'sub'), {recursive: true})
    const bytes = randomBytes(20_000_000)
    writeFileSync(join(site, 'big'), bytes)
    writeFileSync(join(site, 'sub', 'ümläut'), 'text\n')
    writeFileSync(join(site, 'hole'), '')
    truncateSync(join(site, 'hole'), 1_000_000)
    const target = join(directory, 'in-the-container')
    const quiet = {stdout: '', stderr: '', exitCode: 0}
    expect(await there(['cp', site, `web:${target}`])).toEqual(quiet)
    expect(await there(['cp', join(site, 'sub', 'ümläut'), `web:${target}`])).toEqual(quiet)
    expect(readdirSync(target).sort()).toEqual(['big', 'hole', 'sub', 'ümläut'])
    expect(readFileSync(join(target, 'big')).equals(bytes)).toBe(true)
    expect(await there(['cp', `web:${target}/.`, join(directory, 'back')])).toEqual(quiet)
    expect(readdirSync(join(directory, 'back')).sort()).toEqual(['big', 'hole', 'sub', 'ümläut'])
    expect(readFileSync(join(directory, 'back', 'big')).equals(bytes)).toBe(true)
    expect(readFileSync(join(directory, 'back', 'hole')).equals(Buffer.alloc(1_000_000))).toBe(true)
    expect(await there(['cp', `web:${target}/sub/ümläut`, '/dev/stdout'])).toEqual({
      ...quiet,
      stdout: 'text\n',
    })
  })

  test.each([
    ['/no/such/file', 'web:/tmp'],
    ['/etc/hosts', 'web:/no/such/directory/'],
    ['/etc/hosts', 'nobody:/tmp'],
    ['web:/no/such/file', '.'],
    ['web:/etc/hosts', '/no/such/directory/'],
    ['web:/etc/hosts', 'nobody:/tmp'],
  ])('cp %s %s fails as here', async (from, to) => {
    expect(await there(['cp', from, to])).toEqual(await here(['cp', from, to]))
  })

  test('port-forward listens here, carries both halves, and Ctrl-C ends it', async () => {
    const bytes = randomBytes(3_000_000)
    // It answers when the other side has ended.
    const server = createServer({allowHalfOpen: true}, (socket) => {
      const chunks: Buffer[] = []
      socket.on('data', (chunk) => chunks.push(chunk)).on('end', () => socket.end(Buffer.concat(chunks)))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const {port} = server.address() as AddressInfo
    const cli = startCli(['--node', 'root', 'port-forward', 'web-1', `:${port}`, '--address', '127.0.0.1'], {
      env: node.env,
    })
    let said = ''
    cli.stdout.on('data', (chunk: Buffer) => {
      said += chunk
    })
    const forwarding = /^Forwarding from 127\.0\.0\.1:(\d+) -> /
    await eventually(() => expect(said).toMatch(forwarding))
    const local = Number(forwarding.exec(said)?.[1])
    for (const connection of [1, 2]) {
      const socket = connect({port: local, host: '127.0.0.1', allowHalfOpen: true})
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      socket.end(bytes)
      await new Promise((resolve) => socket.once('end', resolve))
      expect(Buffer.concat(chunks).equals(bytes), `connection ${connection}`).toBe(true)
    }
    await eventually(() => expect(node.running()).toEqual([]))
    cli.kill('SIGINT')
    const {stderr, exitCode} = await outcomeOf(cli)
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    expect(said.split(`Handling connection for ${local}\n`)).toHaveLength(3)
  })

  test.each([['nobody', ':80'], ['web-1', 'eighty'], ['web-1']])(
    'port-forward %s %s fails as here',
    async (...words) => {
      expect(await there(['port-forward', ...words])).toEqual(await here(['port-forward', ...words]))
    },
  )

  test('20 MB go each way', async () => {
    const bytes = randomBytes(20_000_000)
    const cli = startCli(['--node', 'root', 'exec', '-i', 'web', 'cat'], {env: node.env})
    const hash = createHash('sha256')
    cli.stdout.on('data', (chunk: Buffer) => hash.update(chunk))
    const outcome = new Promise((resolve) => cli.once('close', resolve))
    cli.stdin.end(bytes)
    expect(await textOf(cli.stderr)).toBe('')
    expect(await outcome).toBe(0)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  test('Ctrl-C reaches what runs there, and ends it', async () => {
    const cli = startCli(['--node', 'root', 'events'], {env: node.env})
    await eventually(() => expect(node.running()).not.toEqual([]))
    cli.kill('SIGINT')
    expect(await outcomeOf(cli)).toEqual({stdout: expect.any(String), stderr: '', exitCode: 130})
    await eventually(() => expect(node.running()).toEqual([]))
  })

  test('Ctrl-C is heard behind input that nobody takes', async () => {
    const cli = startCli(['--node', 'root', 'exec', '-i', 'web', 'sh', '-c', 'echo begun; sleep 1000'], {
      env: node.env,
    })
    cli.stdin.on('error', () => undefined)
    cli.stdin.write(Buffer.alloc(10_000_000))
    await new Promise((resolve) => cli.stdout.once('data', resolve))
    cli.kill('SIGINT')
    expect((await outcomeOf(cli)).exitCode).toBe(130)
    await eventually(() => expect(node.running()).toEqual([]))
  })

  test('a reader that has seen enough ends it', async () => {
    const cli = startCli(['--node', 'root', 'exec', 'web', 'sh', '-c', 'while :; do echo line; done'], {
      env: node.env,
    })
    await new Promise((resolve) => cli.stdout.once('data', resolve))
    cli.stdout.destroy()
    expect(await new Promise((resolve) => cli.once('close', resolve))).toBe(0)
    await eventually(() => expect(node.running()).toEqual([]))
  })

  test('a connection that is lost is one line and 4, and what ran there ends', async () => {
    const cli = startCli(['--node', 'worker', 'exec', 'web', 'sh', '-c', 'echo begun; sleep 1000'], {
      env: node.env,
    })
    await new Promise((resolve) => cli.stdout.once('data', resolve))
    node.cut()
    expect(await outcomeOf(cli)).toEqual({
      stdout: '',
      stderr: expect.stringMatching(
        /^crisp: worker: the connection was lost[^\n]*; what was started there may still run\n$/,
      ),
      exitCode: 4,
    })
    await eventually(() => expect(node.running()).toEqual([]))
    expect((await there(['ps', '-q'], undefined, 'worker')).exitCode).toBe(0)
  })

  test('the program that is killed there has the code that a shell gives it', async () => {
    const cli = startCli(['--node', 'root', 'exec', 'web', 'sh', '-c', 'echo begun; sleep 1000'], {
      env: node.env,
    })
    await new Promise((resolve) => cli.stdout.once('data', resolve))
    for (const pid of node.running()) process.kill(pid, 'SIGKILL')
    expect((await outcomeOf(cli)).exitCode).toBe(137)
  })

  test('a cache that is a link, or open to others, is not used', async () => {
    const home = node.home('worker')
    rmSync(join(home, '.cache'), {recursive: true, force: true})
    mkdirSync(join(home, '.cache'))
    const elsewhere = join(home, 'elsewhere')
    mkdirSync(elsewhere, {mode: 0o700})
    symlinkSync(elsewhere, join(home, '.cache', 'crisp-node'))
    onTestFinished(() => {
      rmSync(join(home, '.cache'), {recursive: true})
      rmSync('/var/tmp/crisp-node-65534', {recursive: true, force: true})
    })
    expect(await there(['ps', '-q'], undefined, 'worker')).toEqual({
      stdout: (await here(['ps', '-q'])).stdout,
      stderr:
        "crisp: worker: the cache in its home can't be used (full, not writable, noexec, or open to others): crisp lies in /var/tmp/crisp-node-65534\n",
      exitCode: 0,
    })
    expect(readdirSync(elsewhere)).toEqual([])
  })

  test('what is about this machine runs here', async () => {
    for (const line of [
      ['explain', 'ListContainers'],
      ['jsonschema', 'runp'],
      ['completion', 'bash'],
      ['tour', '--list'],
    ])
      expect(await runCli(['--node', 'no-such-host', ...line], {env: node.env})).toEqual(await runCli(line))
    const ofEnvironment = await runCli(['ps', '-q'], {env: {...node.env, CRISP_NODE: 'root'}})
    expect(ofEnvironment).toEqual(await here(['ps', '-q']))
  })

  test('nothing that a name says is done', async () => {
    const file = join(tmpdir(), `crisp-hostile-${process.pid}`)
    for (const name of [
      `-oProxyCommand=touch ${file}`,
      `-oProxyCommand=touch\${IFS}${file}`,
      `x;touch ${file}`,
    ])
      expect((await runCli(['--node', name, 'ps'], {env: node.env})).exitCode).toBe(2)
    expect(existsSync(file)).toBe(false)
  })

  test('a node that is not there is one line and 4', async () => {
    expect(await runCli(['--node', 'no-such-host.invalid', 'ps'], {env: node.env})).toEqual({
      stdout: '',
      stderr: expect.stringMatching(
        /^crisp: no-such-host\.invalid: ssh: Could not resolve hostname [^\n]*\n$/,
      ),
      exitCode: 4,
    })
  })

  test('exec -it has the terminal: size, resize, Ctrl-C, exit code, and gives it back', async () => {
    const script =
      'trap "echo caught" INT; stty size; echo ready; read word || read word; ' +
      // The new size comes by itself, rows and columns one after the other.
      'until [ "$(stty size)" = "20 70" ]; do sleep 0.05; done; echo "got $word"; exit 6'
    const session = await onTerminal(['--node', 'root', 'exec', '-it', 'web', 'sh', '-c', script], '', {
      env: node.env,
    })
    await session.until(/30 100\s+ready/)
    await session.terminal.resize(70, 20)
    session.terminal.input.write('\u0003')
    await session.until('caught')
    session.terminal.input.write('hello\r')
    await session.until('got hello')
    const {output, exitCode, before, after} = await session.outcome()
    expect(output).toMatch(/got hello/)
    expect({exitCode, after}).toEqual({exitCode: 6, after: before})
  })

  test.each([
    [
      'the detach keys are typed',
      0,
      async (session: Session) => session.terminal.input.write('\u0010\u0011'),
    ],
    ['the connection is lost', 4, async () => node.cut()],
    [
      'the program there is killed',
      137,
      async () => {
        for (const pid of node.running()) process.kill(pid, 'SIGKILL')
      },
    ],
    ['crisp is terminated', 143, async (session: Session) => session.signal('SIGTERM')],
  ])('the terminal is as before when %s', async (_, code, end) => {
    const session = await onTerminal(
      ['--node', 'root', 'exec', '-it', 'web', 'sh', '-c', 'stty raw; echo ready; sleep 1000'],
      '',
      {env: node.env},
    )
    await session.until('ready')
    await end(session)
    const {exitCode, before, after, output} = await session.outcome()
    expect({exitCode, after}).toEqual({exitCode: code, after: before})
    if (code === 4) expect(output.replace(/\s+/g, ' ')).toContain('what was started there may still run')
  })

  test('on a terminal what is shown is for a terminal', async () => {
    const there = await onTerminal(['--node', 'root', 'inspect', 'web'], '', {env: node.env})
    const here = await onTerminal(['inspect', 'web'], runtime.endpoint)
    expect((await there.outcome()).output).toBe((await here.outcome()).output)
  })

  test('the line while crisp is sent has one line of a narrow terminal', async () => {
    rmSync(join(node.home('root'), '.cache', 'crisp-node'), {recursive: true, force: true})
    const session = await onTerminal(['--node', 'root', 'version'], '', {env: node.env, columns: 20})
    const {output} = await session.outcome()
    const shown =
      output
        .split(/\r?\n/)[0]
        ?.split('\u001b[2K')
        .map((text) => text.replaceAll('\r', '')) ?? []
    expect(shown).toContain('root: sending crisp')
    expect(shown.filter((text) => text.length >= 20)).toEqual([])
  })

  test('what is followed ends with its sum, as here', async () => {
    const session = await onTerminal(['--node', 'root', 'stats', '--watch'], '', {env: node.env})
    await session.until(/CPU %[\s\S]*CPU %/)
    session.terminal.input.write('\u0003')
    await session.until(/\^C\r?\ncrisp: \d+ looks? in [\d.]+m?s\r?\n/)
    expect((await session.outcome()).exitCode).toBe(130)
  })

  test("sizes are in the units of the user's own settings", async () => {
    const own = await mkdtemp(join(tmpdir(), 'crisp-own-'))
    onTestFinished(() => rm(own, {recursive: true}))
    mkdirSync(join(own, 'crisp'))
    writeFileSync(join(own, 'crisp', 'config.yaml'), 'units: iec\n')
    const env = {...node.env, XDG_CONFIG_HOME: own}
    expect(await runCli(['-N', 'root', 'images'], {env})).toEqual(await here(['images', '--units', 'iec']))
    expect(await runCli(['-N', 'root', 'images', '--units', 'si'], {env})).toEqual(await here(['images']))
  })

  test('--node-crisp names the one that is there', async () => {
    expect(await there(['--node-crisp', node.crisp, 'ps', '-q'])).toEqual(await here(['ps', '-q']))
    expect(await there(['--node-crisp', '/no/such/crisp', 'ps'])).toEqual({
      stdout: '',
      stderr: 'crisp: root: no crisp at /no/such/crisp that may be executed (--node-crisp)\n',
      exitCode: 1,
    })
    expect((await there(['--node-crisp', 'crisp', 'ps'])).exitCode).toBe(2)
  })

  test('--node-file is what goes there', async () => {
    const answer = await here(['ps', '-q'])
    expect(await there(['--node-file', node.crisp, 'ps', '-q'])).toEqual(answer)
    // Its sum is kept; a damaged one is none.
    const own = join(node.env.XDG_RUNTIME_DIR as string, 'crisp')
    const sums = readdirSync(own).filter((name) => name.startsWith('sum-'))
    expect(sums).not.toEqual([])
    for (const path of sums.map((name) => join(own, name))) {
      const sum = readFileSync(path, 'utf8')
      writeFileSync(path, (sum.startsWith('0') ? '1' : '0') + sum.slice(1))
    }
    const name = join('.cache', 'crisp-node')
    rmSync(join(node.home('root'), name), {recursive: true, force: true})
    expect((await there(['--node-file', node.crisp, 'ps', '-q'])).stdout).toBe(answer.stdout)
    expect(await there(['--node-file', '/no/such/file', 'ps'])).toEqual({
      stdout: '',
      stderr: expect.stringMatching(/^crisp: --node-file \/no\/such\/file: cannot be read: [^\n]*\n$/),
      exitCode: 1,
    })
  })
})
