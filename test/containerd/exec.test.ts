import {execFile} from 'node:child_process'
import {createHash, randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile} from 'node:fs/promises'
import net from 'node:net'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {runRemoteCommand} from '../../src/streaming/index.js'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd, type TestPod} from '../support/containerd/containerd.js'
import {runInProcess} from '../support/in-process.js'
import {testWith} from '../support/needs.js'
import {onTerminal, type Session} from '../support/on-terminal.js'
import {createSink} from '../support/peers/sink.js'
import {crispCommand, isStandalone, outcomeOf, runCli, startCli} from '../support/run-cli.js'

const megabyte = 1_000_000
/** busybox's: it asks the terminal where its cursor is, and draws its prompt anew when the size comes. */
const prompt = /# (\x1b\[(6n|J))?$/

describeOnContainerd('exec, attach, port-forward and cp on a real containerd', () => {
  let containerd: Containerd
  let pod: TestPod
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'crisp-exec-'))
    containerd = await startContainerd()
    pod = await containerd.runPod('node')
    await pod.runContainer('web', 'while :; do sleep 1; done')
  })
  afterAll(async () => {
    await containerd[Symbol.asyncDispose]()
    await rm(directory, {recursive: true})
  })

  const crisp = (argv: string[], stdin?: string) =>
    stdin === undefined ? runInProcess(argv, containerd) : runCli(argv, {...containerd, stdin})

  test.each([
    ['exit 0', 0],
    ['exit 1', 1],
    ['exit 3', 3],
    ['exit 126', 126],
    ['exit 127', 127],
    ['kill -9 $$', 137],
  ])('sh -c "%s" ends with %d, both streams whole and apart', async (script, exitCode) => {
    expect(await crisp(['exec', 'web', 'sh', '-c', `echo out; echo err >&2; ${script}`])).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode,
    })
  })

  test.each([
    [[], 'no/such', 127, 'there is no "no/such" in the container'],
    [[], '/etc/passwd', 126, '"/etc/passwd" cannot be executed in the container: permission denied'],
    [['-s'], 'bash', 127, 'there is no "bash" in the container'],
    [['-s'], '/etc/passwd', 126, '"/etc/passwd" cannot be executed in the container: permission denied'],
  ])('%j %s cannot be run: %d', async (flags, command, exitCode, message) => {
    const outcome = await crisp(['exec', ...flags, 'web', command])
    expect(outcome).toEqual({stdout: '', stderr: expect.stringContaining(`crisp: ${message}`), exitCode})
    // CRI-O's OCI runtime has said it on the command's own stderr already.
    if (!containerd.isCrio) expect(outcome.stderr.trimEnd()).not.toContain('\n')
  })

  test('-i passes all of stdin and then its end', async () => {
    expect(await crisp(['exec', '-i', 'web', 'cat'], 'x\n')).toEqual({stdout: 'x\n', stderr: '', exitCode: 0})
  })

  test('--sync, and its --timeout', async () => {
    expect(await crisp(['exec', '-s', 'web', 'sh', '-c', 'echo out; echo err >&2; exit 5'])).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 5,
    })
    expect(await crisp(['exec', '-s', '--timeout', '1', 'web', 'sleep', '60'])).toEqual({
      stdout: '',
      stderr: `${containerd.isCrio ? 'command timed out\n' : ''}crisp: the command did not end within --timeout 1 (seconds) and was killed\n`,
      exitCode: 124,
    })
  })

  // A standalone file's runtime has streams of its own: far more than any of their buffers goes through them.
  const size = isStandalone ? 200 : 30

  test(`${size} MB in, from a pipe and from a file, and out, by checksum`, async () => {
    const bytes = randomBytes(size * megabyte)
    const checksum = createHash('sha256').update(bytes).digest('hex')
    const up = startCli(
      ['exec', '-i', 'web', 'sh', '-c', 'cat > /tmp/large; sha256sum < /tmp/large'],
      containerd,
    )
    up.stdin.end(bytes)
    expect(await outcomeOf(up)).toEqual({stdout: `${checksum}  -\n`, stderr: '', exitCode: 0})

    const file = join(directory, 'large')
    await writeFile(file, bytes)
    const words = [...crispCommand, '-r', containerd.endpoint, 'exec', '-i', 'web', 'sha256sum']
    const upFile = promisify(execFile)('sh', ['-c', `"$0" "$@" < '${file}'`, ...words])
    expect((await upFile).stdout).toBe(`${checksum}  -\n`)

    const down = startCli(['exec', 'web', 'cat', '/tmp/large'], containerd)
    down.stdin.end()
    const hash = createHash('sha256')
    for await (const chunk of down.stdout) hash.update(chunk)
    expect(hash.digest('hex')).toBe(checksum)
  })

  test('a command that closes its stdout early, of which containerd makes an early end of its stdin', async () => {
    const upload = async (script: string) => {
      const cli = startCli(['exec', '-i', 'web', 'sh', '-c', script], containerd)
      cli.stdin.on('error', () => {}).end(Buffer.alloc(20 * megabyte))
      return outcomeOf(cli)
    }
    if (containerd.isCrio)
      expect(await upload('cat > /tmp/upload')).toEqual({stdout: '', stderr: '', exitCode: 0})
    else
      expect(await upload('cat > /tmp/upload')).toEqual({
        stdout: '',
        stderr: expect.stringMatching(
          isStandalone
            ? // The file may hear of the reset before it reads the answer that came with it.
              /^crisp: (containerd ended the command's stdin, .* sh -c 'cat > FILE; exit |the runtime closed the streaming connection).*\n$/
            : /^crisp: containerd ended the command's stdin, .* sh -c 'cat > FILE; exit .*\n$/,
        ),
        exitCode: 125,
      })
    expect(await upload('cat > /tmp/upload; exit $?')).toEqual({stdout: '', stderr: '', exitCode: 0})
    expect((await crisp(['exec', 'web', 'stat', '-c', '%s', '/tmp/upload'])).stdout).toBe(
      `${20 * megabyte}\n`,
    )
  })

  test('a reader that rests longer than the ping interval loses nothing', async () => {
    const cli = startCli(['exec', 'web', 'sh', '-c', 'head -c 3000000 /dev/zero'], containerd)
    cli.stdin.end()
    cli.stdout.pause()
    const exited = once(cli, 'exit')
    // Longer than the 5 s between two pings, which is what there is to wait for.
    await new Promise((resolve) => setTimeout(resolve, 5500))
    let size = 0
    for await (const chunk of cli.stdout) size += chunk.length
    expect(size).toBe(3_000_000)
    expect(await exited).toEqual([0, null])
  })

  test('12 sessions run at once', async () => {
    const [id] = (await crisp(['ps', '-q', '--name', '^web$'])).stdout.split('\n')
    const run = async (index: number) => {
      const cmd = ['sh', '-c', `echo ${index}; exit ${index}`]
      const {url} = await containerd.client.runtime.exec({
        containerId: id ?? '',
        cmd,
        stdout: true,
        stderr: true,
      })
      const [stdout, stderr] = [createSink(), createSink()]
      const exit = await runRemoteCommand({url, stdout, stderr, tty: false})
      return {...exit, stdout: stdout.text(), stderr: stderr.text()}
    }
    expect(await Promise.all(Array.from({length: 12}, (_, index) => run(index)))).toEqual(
      Array.from({length: 12}, (_, exitCode) => ({
        kind: 'exited',
        exitCode,
        stdout: `${exitCode}\n`,
        stderr: '',
      })),
    )
  })

  test('a container that is killed in the middle, and one that is not running', async () => {
    const id = await pod.runContainer('victim', 'while :; do sleep 1; done')
    const cli = startCli(['exec', 'victim', 'sh', '-c', 'echo started; sleep 600'], containerd)
    cli.stdin.end()
    const outcome = outcomeOf(cli)
    await once(cli.stdout, 'data')
    await containerd.client.runtime.stopContainer({containerId: id, timeout: '0'})
    // On CRI-O it is the OCI runtime's own process that ends so.
    expect(await outcome).toEqual(
      containerd.isCrio
        ? {stdout: 'started\n', stderr: expect.stringContaining('signal: killed'), exitCode: 125}
        : {stdout: 'started\n', stderr: '', exitCode: 137},
    )

    expect(await crisp(['exec', 'victim', 'ls'])).toEqual({
      stdout: '',
      stderr: expect.stringMatching(
        /^crisp: the container is not running: it exited .* with code (137|143); .*\n$/,
      ),
      exitCode: 125,
    })
  })

  test('-it: the size follows the window, Ctrl-C goes to the command', async () => {
    const session = await onTerminal(['exec', '-it', 'web', 'sh'], containerd.endpoint)
    const {terminal} = session
    const type = (keys: string) => terminal.input.write(keys)
    await session.until(prompt)
    type('until [ "$(stty size)" = "30 100" ]; do :; done; echo sized\r')
    await session.until(/\nsized/)
    await terminal.resize(120, 40)
    type('until [ "$(stty size)" = "40 120" ]; do :; done; echo resized\r')
    await session.until(/\nresized/)
    // Said by what is to be interrupted: the shell itself would go on waiting for it.
    type('sh -c "echo sleep\\ing; exec sleep 600"\r')
    await session.until(/\nsleeping/)
    type('\x03')
    await session.until(new RegExp(`\\^C[^]*${prompt.source}`))
    type('echo code $?\r')
    await session.until(/code 130/)
    type('exit 6\r')
    const {before, after, exitCode} = await session.outcome()
    expect({after, exitCode}).toEqual({after: before, exitCode: 6})
  })

  test.each<[string, number, (session: Session, id: string) => unknown]>([
    ['exit', 7, ({terminal}) => terminal.input.write('exit 7\r')],
    ['a kill of the shell', 137, ({terminal}) => terminal.input.write('kill -9 $$\r')],
    [
      'the end of the container',
      137,
      (_, containerId) => containerd.client.runtime.stopContainer({containerId, timeout: '0'}),
    ],
    ['detach keys', 0, ({terminal}) => terminal.input.write('\x10\x11')],
    ['SIGTERM', 143, (session) => process.kill(session.pid(), 'SIGTERM')],
    ['SIGHUP', 129, (session) => process.kill(session.pid(), 'SIGHUP')],
  ])('-it: after %s the terminal is as it was', async (name, expected, end) => {
    const id = await pod.runContainer(`ends-${name.replaceAll(' ', '-')}`, 'while :; do sleep 1; done')
    const session = await onTerminal(['exec', '-it', id, 'sh'], containerd.endpoint)
    await session.until(prompt)
    await end(session, id)
    const {before, after, exitCode} = await session.outcome()
    const ofContainer = name === 'the end of the container' && containerd.isCrio
    expect({after, exitCode}).toEqual({after: before, exitCode: ofContainer ? 125 : expected})
  })

  test('attach: what the container prints, and its own exit code', async () => {
    await pod.runContainer('once', 'cat; exit 9', {config: {stdin: true, stdinOnce: true}})
    expect(await crisp(['attach', '-i', 'once'], 'to the container\n')).toEqual({
      stdout: 'to the container\n',
      stderr: '',
      exitCode: 9,
    })
  })

  test('port-forward: 100 connections, 100 MB through another, one that is refused', async () => {
    const bytes = randomBytes(100 * megabyte)
    const serve = (handler: (socket: net.Socket) => void) => {
      const server = net.createServer({allowHalfOpen: true}, (socket) =>
        handler(socket.on('error', () => {})),
      )
      return new Promise<net.Server>((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
    }
    // The pod is on the host's network, so what listens here listens in it.
    const echo = await serve((socket) => socket.pipe(socket))
    const source = await serve((socket) => socket.end(bytes))
    const ports = [echo, source].map((server) => (server.address() as net.AddressInfo).port)
    const cli = startCli(
      ['port-forward', '--address', '127.0.0.1', 'node', ...ports.map((p) => `:${p}`), ':1'],
      containerd,
    )
    const outcome = outcomeOf(cli)
    let printed = ''
    while (printed.split('\n').length <= 3) printed += String((await once(cli.stdout, 'data'))[0])
    const [echoes, large, refused] = [...printed.matchAll(/127\.0\.0\.1:(\d+) ->/g)].map(([, port]) =>
      Number(port),
    )
    const exchange = async (port: number | undefined, sent?: string) => {
      const socket = net.connect({port: port ?? 0, host: '127.0.0.1', allowHalfOpen: true})
      if (sent !== undefined) socket.end(sent)
      const hash = createHash('sha256')
      try {
        for await (const chunk of socket) hash.update(chunk)
        socket.end()
      } catch {
        return 'reset'
      }
      return hash.digest('hex')
    }
    const sum = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')

    // A second after it has heard our side end, containerd cuts off what is still to come.
    const download = exchange(large, '')
    const refusal = exchange(refused, 'x')
    const answers = await Promise.all(
      Array.from({length: 100}, (_, index) => exchange(echoes, `number ${index}`)),
    )
    expect(answers).toEqual(Array.from({length: 100}, (_, index) => sum(`number ${index}`)))
    expect(await download).toBe(sum(bytes))
    expect(['reset', sum('')]).toContain(await refusal)
    cli.kill('SIGINT')
    const {stderr, exitCode} = await outcome
    expect(stderr).toMatch(/^crisp: a connection to port 1 of node failed: .*connection refused.*\n$/)
    expect(exitCode).toBe(0)
    echo.close()
    source.close()
  })

  test('cp there and back: contents, modes, symlinks', async () => {
    const site = join(directory, 'site')
    const bytes = randomBytes(3 * megabyte)
    await mkdir(join(site, 'sub', 'empty'), {recursive: true})
    await writeFile(join(site, 'sub', 'large'), bytes, {mode: 0o640})
    await writeFile(join(site, '@run it'), '#!/bin/sh\n', {mode: 0o751})
    const long = `${'directory-'.repeat(12)}d/${'file-'.repeat(30)}f-äö`
    await mkdir(join(site, 'sub', dirname(long)))
    await writeFile(join(site, 'sub', long), 'long')
    await symlink('/etc/passwd', join(site, 'absolute'))
    await symlink('sub/large', join(site, 'relative'))

    expect(await crisp(['cp', site, 'web:/srv'])).toEqual({stdout: '', stderr: '', exitCode: 0})
    expect(await crisp(['exec', 'web', 'sh', '-c', 'cd /srv; stat -c "%a %u %N" *'])).toMatchObject({
      stdout:
        "751 0 @run it\n777 0 'absolute' -> '/etc/passwd'\n777 0 'relative' -> 'sub/large'\n755 0 sub\n",
    })
    expect((await crisp(['exec', 'web', 'cat', `/srv/sub/${long}`])).stdout).toBe('long')
    expect(await crisp(['cp', 'node/web:/srv', join(directory, 'back')])).toEqual({
      stdout: '',
      stderr: '',
      exitCode: 0,
    })
    const back = (path: string) => join(directory, 'back', path)
    expect((await readFile(back('sub/large'))).equals(bytes)).toBe(true)
    expect((await lstat(back('sub/large'))).mode & 0o7777).toBe(0o640)
    expect((await lstat(back('@run it'))).mode & 0o7777).toBe(0o751)
    expect((await lstat(back('sub/empty'))).isDirectory()).toBe(true)
    expect(await readFile(back(`sub/${long}`), 'utf8')).toBe('long')
    expect([await readlink(back('absolute')), await readlink(back('relative'))]).toEqual([
      '/etc/passwd',
      'sub/large',
    ])
  })

  test('cp into what cannot take it', async () => {
    const file = join(directory, 'file')
    await writeFile(file, Buffer.alloc(20 * megabyte))
    // Not a word of it is read, which a runtime would wait for without end.
    expect(await crisp(['cp', file, 'web:/no/such/place'])).toEqual({
      stdout: '',
      stderr: expect.stringMatching(
        /^crisp: web:\/no\/such(\/place: tar in the container failed: .*|: no such directory in the container)\n$/,
      ),
      exitCode: 1,
    })
    expect(await crisp(['cp', 'web:/no/such', directory])).toEqual({
      stdout: '',
      stderr: expect.stringMatching(
        /^crisp: web:\/no: tar in the container failed: .*\n$|^crisp: web:\/no\/such: .*\n$/,
      ),
      exitCode: 1,
    })
  })

  test('cp without test: tar alone tells what is a directory', async () => {
    await pod.runContainer('plain', 'rm /bin/test; exec sleep 600')
    while ((await crisp(['exec', 'plain', 'test', '-d', '/tmp'])).exitCode !== 127);
    const file = join(directory, 'plain')
    await writeFile(file, 'plain text')
    expect((await crisp(['cp', file, 'plain:/tmp'])).stderr).toBe('')
    expect((await crisp(['cp', file, 'plain:/tmp/other'])).stderr).toBe('')
    expect((await crisp(['exec', 'plain', 'cat', '/tmp/plain', '/tmp/other'])).stdout).toBe(
      'plain textplain text',
    )
  })

  test('cp without tar: root on the node needs none, and no symlink of the container leads out of it', async () => {
    await pod.runContainer('bare', 'rm /bin/tar; ln -s /etc /link; ln -s / /tmp/root; exec sleep 600')
    const has = async () => (await crisp(['exec', 'bare', 'ls', '/tmp/root'])).exitCode === 0
    while (!(await has())) await new Promise((resolve) => setTimeout(resolve, 50))
    const mark = join(directory, 'mark')
    await writeFile(mark, 'from the node\n', {mode: 0o600})

    const copied = await crisp(['cp', '--debug', mark, 'bare:/link/mark'])
    expect(copied.exitCode).toBe(0)
    expect(copied.stderr).toMatch(/copied through \/proc\/\d+\/root: the container has no tar\n$/)
    expect(await crisp(['exec', 'bare', 'stat', '-c', '%a %u', '/etc/mark'])).toMatchObject({
      stdout: '600 0\n',
    })
    await expect(lstat('/etc/mark')).rejects.toMatchObject({code: 'ENOENT'})

    expect(await crisp(['cp', 'bare:/tmp/root/link/passwd', join(directory, 'theirs')])).toEqual({
      stdout: '',
      stderr: '',
      exitCode: 0,
    })
    expect(await readFile(join(directory, 'theirs'), 'utf8')).toContain('nobody:x:65534:65534:')
  })

  // Last, for it stops the daemon.
  testWith('own containerd')(
    'the runtime is stopped in the middle, and port-forward works again when it is back',
    async () => {
      const cli = startCli(['exec', 'web', 'sh', '-c', 'echo started; sleep 600'], containerd)
      cli.stdin.end()
      const server = net.createServer((socket) => socket.end('from the pod')).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const {port: remote} = server.address() as net.AddressInfo
      const forward = startCli(['port-forward', '--address', '127.0.0.1', 'node', `:${remote}`], containerd)
      const forwarded = outcomeOf(forward)
      const [[printed]] = await Promise.all([once(forward.stdout, 'data'), once(cli.stdout, 'data')])
      const local = Number(/127\.0\.0\.1:(\d+) /.exec(String(printed))?.[1])
      const answer = async () => {
        let said = ''
        // Refused and reset is what a connection gets while the runtime is away.
        for await (const chunk of net.connect(local, '127.0.0.1').on('error', () => {})) said += chunk
        return said
      }
      expect(await answer()).toBe('from the pod')
      const session = await onTerminal(['exec', '-it', 'web', 'sh'], containerd.endpoint)
      await session.until(prompt)
      const outcome = outcomeOf(cli)
      await containerd.stop('SIGKILL')
      expect(await outcome).toEqual({
        stdout: '',
        stderr: expect.stringMatching(
          /^crisp: the runtime closed the streaming connection in the middle.*; what was started may still run.*\n$/,
        ),
        exitCode: 125,
      })
      const {before, after, exitCode} = await session.outcome()
      expect({after, exitCode}).toEqual({after: before, exitCode: 125})
      await containerd.start()
      while ((await answer().catch(() => '')) !== 'from the pod');
      server.close()
      forward.kill('SIGINT')
      expect((await forwarded).exitCode).toBe(0)
    },
  )
})
