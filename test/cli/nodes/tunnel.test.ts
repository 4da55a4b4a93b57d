import {createHash, randomBytes} from 'node:crypto'
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {type AddressInfo, connect, createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../../src/demo/index.js'
import {eventually} from '../../support/eventually.js'
import {isMet} from '../../support/needs.js'
import {onTerminal} from '../../support/on-terminal.js'
import {type CliResult, outcomeOf, runCli, startCli} from '../../support/run-cli.js'
import {type SshNode, startSshNode} from '../../support/ssh-node.js'

const pod = {
  namespace: 'shop',
  name: 'web-1',
  containers: [
    {name: 'web', image: 'registry.crisp.demo/shell:1.0', command: ['/bin/sh', '-c', 'exec sleep 1000']},
    {name: 'done', image: 'registry.crisp.demo/shell:1.0', command: ['/bin/sh', '-c', 'echo log line']},
  ],
}

describe.skipIf(!isMet('ssh'))('--node-mode tunnel', () => {
  let runtime: DemoRuntime
  let node: SshNode
  beforeAll(async () => {
    runtime = await startDemoRuntime({seed: {pods: [pod]}})
    // The node has its socket where a runtime has one.
    const socket = runtime.endpoint.replace('unix://', '')
    node = await startSshNode({
      prepare: `mkdir -p /run/k0s && mount -t tmpfs tmpfs /run/k0s && ln -s ${socket} /run/k0s/containerd.sock`,
      users: {closed: {id: 0, shell: '/usr/sbin/nologin'}, ours: {id: 0, shell: '/bin/sh'}},
      settings: 'Match User closed\n  AllowStreamLocalForwarding no',
    })
  })
  afterAll(async () => {
    node[Symbol.dispose]()
    await runtime[Symbol.asyncDispose]()
  })

  const through = (argv: readonly string[], stdin = ''): Promise<CliResult> =>
    runCli(['--node', 'root', '--node-mode', 'tunnel', ...argv], {env: node.env, stdin})
  const here = (argv: readonly string[], stdin = ''): Promise<CliResult> => runCli(argv, {...runtime, stdin})
  const leftHere = () =>
    readdirSync(join(node.env.XDG_RUNTIME_DIR as string, 'crisp')).filter((name) => name.startsWith('to-'))

  test.each([
    ['ps', '-q'],
    ['pods', '-o', 'json'],
    ['images'],
    ['inspect', 'web'],
    ['inspect', 'nobody'],
    ['exec', 'web', 'sh', '-c', 'echo out; echo err >&2; exit 7'],
    ['exec', '--transport', 'websocket', 'web', 'sh', '-c', 'echo out; exit 7'],
    ['exec', '-i', 'web', 'cat'],
    ['exec', '--sync', 'web', 'true'],
    ['cp', 'web:/etc/hosts', '-'],
  ])('as here: crisp %s %s %s %s %s %s', async (...words) => {
    const argv = words.filter((word): word is string => word !== undefined)
    expect(await through(argv, 'in\n')).toEqual(await here(argv, 'in\n'))
  })

  test('nothing goes to the node, and nothing is left here', async () => {
    expect((await through(['ps', '-q'])).exitCode).toBe(0)
    expect(existsSync(join(node.home('root'), '.cache'))).toBe(false)
    expect(leftHere()).toEqual([])
  })

  test('200 MB go through it each way', async () => {
    const block = randomBytes(1_000_000)
    const [sent, received] = [createHash('sha256'), createHash('sha256')]
    for (let count = 0; count < 200; count++) sent.update(block)
    const cli = startCli(['--node', 'root', '--node-mode', 'tunnel', 'exec', '-i', 'web', 'cat'], {
      env: node.env,
    })
    cli.stdout.on('data', (chunk: Buffer) => received.update(chunk))
    const code = new Promise((resolve) => cli.once('close', resolve))
    for (let count = 0; count < 200; count++)
      if (!cli.stdin.write(block)) await new Promise((resolve) => cli.stdin.once('drain', resolve))
    cli.stdin.end()
    expect(await code).toBe(0)
    expect(received.digest('hex')).toBe(sent.digest('hex'))
  })

  test('exec -it has the terminal', async () => {
    const session = await onTerminal(
      [
        '--node',
        'root',
        '--node-mode',
        'tunnel',
        'exec',
        '-it',
        'web',
        'sh',
        '-c',
        'stty size; read w; exit 6',
      ],
      '',
      {env: node.env},
    )
    await session.until('30 100')
    session.terminal.input.write('x\r')
    const {exitCode, before, after} = await session.outcome()
    expect({exitCode, after}).toEqual({exitCode: 6, after: before})
  })

  test('port-forward', async () => {
    const server = createServer((socket) => socket.end('served'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const {port} = server.address() as AddressInfo
    const cli = startCli(
      [
        '--node',
        'root',
        '--node-mode',
        'tunnel',
        'port-forward',
        'web-1',
        `:${port}`,
        '--address',
        '127.0.0.1',
      ],
      {env: node.env},
    )
    let said = ''
    cli.stdout.on('data', (chunk: Buffer) => {
      said += chunk
    })
    const forwarding = /^Forwarding from 127\.0\.0\.1:(\d+) -> /
    await eventually(() => expect(said).toMatch(forwarding))
    const socket = connect(Number(forwarding.exec(said)?.[1]), '127.0.0.1')
    let answer = ''
    for await (const chunk of socket) answer += chunk
    expect(answer).toBe('served')
    cli.kill('SIGINT')
    expect((await outcomeOf(cli)).exitCode).toBe(0)
    expect(leftHere()).toEqual([])
  })

  test('files of the node are left alone, and what is lacking is said', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'crisp-tunnel-'))
    onTestFinished(() => rmSync(directory, {recursive: true}))
    const {stdout: described} = await through(['describe', 'done'])
    expect(described).toMatch(/\(the log is on root: \S+\)/)
    expect(described).not.toMatch(/^ *(Last lines +)?log line$/m)
    const logPath = JSON.parse((await here(['inspect', 'done'])).stdout).status.logPath
    expect(readFileSync(logPath, 'utf8')).toContain('log line')
    const {stderr, exitCode} = await through(['rm', '-f', 'done'])
    expect({stderr, exitCode}).toEqual({stderr: `crisp: its log ${logPath} is left, on root\n`, exitCode: 0})
    expect(existsSync(logPath)).toBe(true)
  })

  test.each([
    ['pods', '-o', 'tree', '-v'],
    ['describe', '--limits', 'web'],
  ])("%s %s %s does not take this machine's processes for the node's", async (...argv) => {
    expect(await through(argv)).toMatchObject({
      stderr: 'crisp: the processes are on root, not on this machine\n',
      exitCode: 1,
    })
  })

  test.each([
    [['logs', 'web'], 'crisp logs needs files and processes of the node'],
    [['which', '1'], 'crisp which needs files'],
    [['--sudo', 'ps'], '--sudo is for a crisp that runs on the node'],
    [['-r', 'demo', 'ps'], 'name the socket that it has on the node'],
    [['-r', 'unix:///a:b', 'ps'], 'without colons'],
    [['--node-mode', 'fly', 'ps'], 'there are copy and tunnel'],
  ])('%j is wrong usage', async (argv, words) => {
    const {stdout, stderr, exitCode} = await through(argv)
    expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 2})
    expect(stderr).toContain(words)
  })

  test('a socket that is not there, or may not be reached, is one line and 4', async () => {
    for (const [user, socket] of [
      ['root', '/no/such.sock'],
      ['closed', '/run/k0s/containerd.sock'],
    ] as const)
      expect(
        await runCli(['--node', user, '--node-mode', 'tunnel', '-r', `unix://${socket}`, 'ps'], {
          env: node.env,
        }),
      ).toEqual({
        stdout: '',
        stderr: expect.stringMatching(
          new RegExp(`^crisp: ${user}: no runtime answers there at ${socket}: [^\\n]*\\n$`),
        ),
        exitCode: 4,
      })
    expect(leftHere()).toEqual([])
  })

  test('the socket that the settings name for the node is the one', async () => {
    const config = mkdtempSync(join(tmpdir(), 'crisp-config-'))
    onTestFinished(() => rmSync(config, {recursive: true}))
    mkdirSync(join(config, 'crisp'))
    writeFileSync(
      join(config, 'crisp', 'config.yaml'),
      'nodes: {ours: {runtime-endpoint: "unix:///no/such.sock"}}\n',
    )
    const {stderr, exitCode} = await runCli(['--node', 'ours', '--node-mode', 'tunnel', 'ps'], {
      env: {...node.env, XDG_CONFIG_HOME: config},
    })
    expect({stderr, exitCode}).toEqual({
      stderr: expect.stringMatching(/^crisp: ours: no runtime answers there at \/no\/such\.sock: /),
      exitCode: 4,
    })
  })

  test("with a connection of the user's own for each command", async () => {
    const ssh = join(node.env.XDG_RUNTIME_DIR as string, '..', 'bin', 'ssh')
    const before = readFileSync(ssh, 'utf8')
    onTestFinished(() => writeFileSync(ssh, before))
    writeFileSync(ssh, before.replace('"$@"', '-o ControlPath=/nowhere-%C -o ControlPersist=no "$@"'))
    expect(await through(['ps', '-q'])).toEqual(await here(['ps', '-q']))
    expect(leftHere()).toEqual([])
  })
})
