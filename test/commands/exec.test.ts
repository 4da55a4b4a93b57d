import {spawn} from 'node:child_process'
import {createHash, randomBytes} from 'node:crypto'
import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Readable} from 'node:stream'
import {text} from 'node:stream/consumers'
import {setImmediate} from 'node:timers/promises'
import {describe, expect, test} from 'vitest'
import {startDemoRuntime} from '../../src/demo/index.js'
import type {SessionKind, StreamHandler} from '../../src/demo/server/streaming-server.js'
import type * as cri from '../../src/generated/cri.js'
import {clientOf, podOn, startIn} from '../support/demo-node.js'
import {type NodeBehaviour, startFakeNode, webId} from '../support/fake-node.js'
import {id, kubeletContainer, secondsAgo, status} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {certificate, certificateKey} from '../support/peers/certificate.js'
import {startSpdyPeer, success} from '../support/peers/spdy-peer.js'
import {startWebSocketPeer} from '../support/peers/websocket-peer.js'
import {crispCommand, outcomeOf, runCli, startCli} from '../support/run-cli.js'

/** A command that prints and exits. */
function printing(out: string, err = '', exitCode = 0): StreamHandler {
  return async ({stdout, stderr}) => {
    stdout?.write(out)
    stderr?.write(err)
    return {exitCode}
  }
}

function failing(failure: string): StreamHandler {
  return async () => ({failure})
}

/** As a process of its own where it reads stdin. */
async function exec(behaviour: NodeBehaviour, argv: readonly string[], stdin?: string) {
  await using node = await startFakeNode(behaviour)
  const {endpoint} = node
  const words = ['exec', ...argv]
  const result =
    stdin === undefined ? await runInProcess(words, {endpoint}) : await runCli(words, {endpoint, stdin})
  const requests = node.runtime.calls
    .filter(({method}) => method === 'Exec' || method === 'ExecSync')
    .map(({request}) => request)
  return {...result, requests}
}

describe('one container', () => {
  test.each([
    ['after the ends of its output', new Set<SessionKind>()],
    ['before them', new Set<SessionKind>(['exec'])],
  ])('the command is passed on word for word, its exit code comes back %s', async (_order, statusFirst) => {
    const words = ['ls', '-la', '--help', '-i', '', 'a b', '--', '-t', 'a b', '$HOME']
    expect(await exec({exec: printing('out\n', 'err\n', 3), statusFirst}, ['web', ...words])).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 3,
      requests: [{containerId: webId, cmd: words, stdin: false, stdout: true, stderr: true, tty: false}],
    })
  })

  test('-i passes all of stdin and then its end', async () => {
    const upper: StreamHandler = async ({stdin, stdout}) => {
      stdout?.write((await text(stdin as Readable)).toUpperCase())
      return {exitCode: 0}
    }
    expect(await exec({exec: upper}, ['-i', 'default/web-0/web', 'tr'], 'hello\n')).toMatchObject({
      stdout: 'HELLO\n',
      stderr: '',
      exitCode: 0,
      requests: [{stdin: true, tty: false}],
    })
  })

  describe('stdin from', () => {
    const slow: StreamHandler = async ({stdin, stdout}) => {
      const hash = createHash('sha256')
      for await (const chunk of stdin as Readable) {
        hash.update(chunk)
        await setImmediate()
      }
      stdout?.write(hash.digest('hex'))
      return {exitCode: 0}
    }
    /** Runs `exec -i` as `"$@"` of a shell's script, in a directory with a file of these bytes. */
    const inShell = async (script: string, bytes: Buffer) => {
      await using node = await startFakeNode({exec: slow})
      const directory = await mkdtemp(join(tmpdir(), 'crisp-exec-'))
      await writeFile(join(directory, 'file'), bytes)
      const cli = spawn('sh', ['-c', script, 'sh', ...crispCommand, 'exec', '-i', 'web', 'sum'], {
        cwd: directory,
        env: {
          PATH: process.env.PATH,
          CRI_CONFIG_FILE: '/dev/null',
          CONTAINER_RUNTIME_ENDPOINT: node.endpoint,
        },
      })
      const result = await outcomeOf(cli)
      await rm(directory, {recursive: true})
      return result
    }
    const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
    const bytes = randomBytes(8_000_000)

    test.each([
      ['a file', '"$@" < file', bytes],
      ['the rest of a file', '{ head -c 1000 > /dev/null; "$@"; } < file', bytes.subarray(1000)],
      ['a pipe', 'cat file | "$@"', bytes],
      ['a device', '"$@" < /dev/null', Buffer.alloc(0)],
    ])('%s, which a slow command reads', async (_, script, expected) => {
      expect(await inShell(script, bytes)).toEqual({stdout: sum(expected), stderr: '', exitCode: 0})
    })

    test('a directory, which cannot be read', async () => {
      expect(await inShell('"$@" < .', bytes)).toEqual({
        stdout: '',
        stderr: 'crisp: cannot read stdin: EISDIR: illegal operation on a directory, read\n',
        exitCode: 125,
      })
    })
  })

  test.each([
    ['containerd', 125, expect.stringMatching(/^crisp: containerd ended the command's stdin, .*\n$/)],
    ['cri-o', 0, ''],
  ])('output that ends in the middle of a large stdin, with %s', async (runtimeName, exitCode, stderr) => {
    const version = {version: '0.1.0', runtimeName, runtimeVersion: '1.7.0', runtimeApiVersion: 'v1'}
    const some: StreamHandler = async ({stdin, stdout}) => {
      let size = 0
      for await (const chunk of stdin as Readable) {
        size += (chunk as Buffer).length
        if (size > 1_000_000) break
      }
      stdout?.end()
      return {exitCode: 0}
    }
    await using node = await startFakeNode({exec: some, answers: {Version: version}})
    const cli = startCli(['exec', '-i', 'web', 'cat'], node)
    // It stops reading.
    cli.stdin.on('error', () => {}).end(Buffer.alloc(8_000_000))
    expect(await outcomeOf(cli)).toEqual({stdout: '', stderr, exitCode})
  })

  test.each([
    ['cri-o', 125, 2],
    ['containerd', 255, 1],
  ])("code 255 and the OCI runtime's own words on stderr, with %s", async (runtimeName, exitCode, times) => {
    const version = {version: '0.1.0', runtimeName, runtimeVersion: '1.36.3', runtimeApiVersion: 'v1'}
    const words = 'chdir to cwd (\\"/gone\\") set in config.json failed: no such file or directory'
    const fails: StreamHandler = async ({stderr}) => {
      stderr?.write(
        `time="2026-11-28T19:44:38Z" level=error msg="exec failed: unable to start container process: ${words}"\n`,
      )
      return {exitCode: 255}
    }
    await using node = await startFakeNode({exec: fails, answers: {Version: version}})
    const result = await runCli(['exec', 'web', 'ls'], node)
    expect(result).toMatchObject({stdout: '', exitCode})
    expect(result.stderr.split(words)).toHaveLength(times + 1)
  })

  test('a command that ends before stdin does', async () => {
    await using node = await startFakeNode({exec: printing('done\n')})
    const cli = startCli(['exec', '-i', 'web', 'true'], node)
    expect(await outcomeOf(cli)).toEqual({stdout: 'done\n', stderr: '', exitCode: 0})
  })

  test('-- before the command, as with kubectl', async () => {
    expect(await exec({exec: printing('')}, ['web', '--', 'ls', '--', '-l'])).toMatchObject({
      requests: [{cmd: ['ls', '--', '-l']}],
    })
  })

  test('-t alone gives a terminal without stdin', async () => {
    expect(await exec({exec: printing('x\r\n')}, ['-t', 'web', 'ls'])).toMatchObject({
      stdout: 'x\r\n',
      exitCode: 0,
      requests: [{stdin: false, stdout: true, stderr: false, tty: true}],
    })
  })

  test('--transport websocket', async () => {
    expect(await exec({exec: printing('out\n', '', 7)}, ['-r', 'websocket', 'web', 'ls'])).toMatchObject({
      stdout: 'out\n',
      exitCode: 7,
    })
  })
})

describe('the server that has only WebSocket is recognised by what the runtime says', () => {
  const monitorPath = '/exec/7f8d0c1e-5a44-4b0c-9f6e-0c5f3ad1e2b4'
  test.each([
    ['cri-o', 0, 'from the monitor\n'],
    ['containerd', 125, ''],
  ])('%s', async (runtimeName, exitCode, stdout) => {
    await using peer = await startWebSocketPeer(
      async (session) => {
        session.send(1, 'from the monitor\n')
        session.socket.close(1000)
      },
      {protocol: 'v5.channel.k8s.io'},
    )
    const result = await exec(
      {
        answers: {
          Exec: {url: new URL(monitorPath, peer.url).href},
          Version: {version: '0.1.0', runtimeName, runtimeVersion: '1.34.0', runtimeApiVersion: 'v1'},
        },
      },
      ['web', 'ls'],
    )
    expect({exitCode: result.exitCode, stdout: result.stdout}).toEqual({exitCode, stdout})
  })
})

describe('failures of our own are 125, and say what to do', () => {
  const exited: cri.Input<cri.ContainerStatusResponse> = {
    status: {id: webId, state: 'CONTAINER_EXITED', exitCode: 9, finishedAt: secondsAgo(2 * 3600)},
  }
  const runc = (text: string) =>
    `Internal error occurred: error executing command in container: failed to exec in container: OCI runtime exec failed: exec failed: unable to start container process: ${text}: unknown`

  test.each<[string, NodeBehaviour, number, string]>([
    [
      'no such command',
      {exec: failing(runc('exec: "bash": executable file not found in $PATH'))},
      127,
      'there is no "bash" in the container: give the full path of a program that its image has (some images have no shell at all)',
    ],
    [
      'a file that is no program',
      {exec: failing(runc('exec: "/etc/passwd": permission denied'))},
      126,
      '"/etc/passwd" cannot be executed in the container: permission denied',
    ],
    [
      'not running, said by the call',
      {
        answers: {
          Exec: () => Promise.reject(status(2, 'container is in CONTAINER_EXITED state')),
          ContainerStatus: exited,
        },
      },
      125,
      'the container is not running: it exited 2 hours ago with code 9; see crisp logs, or crisp ps for a newer one',
    ],
    [
      'not running, said by the stream',
      {exec: failing('container is not running'), answers: {ContainerStatus: exited}},
      125,
      'the container is not running: it exited 2 hours ago with code 9; see crisp logs, or crisp ps for a newer one',
    ],
    [
      'never started',
      {
        exec: failing('container is not running'),
        answers: {ContainerStatus: {status: {id: webId, state: 'CONTAINER_CREATED'}}},
      },
      125,
      'the container is not running: it was created but not started (crisp start)',
    ],
    ['another failure of the runtime', {exec: failing('the shim is gone')}, 125, 'the shim is gone'],
    [
      'an address that leads nowhere',
      {answers: {Exec: {url: 'http://127.0.0.1:1/exec/abc'}}},
      125,
      "cannot connect to the runtime's streaming server http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1; it listens on the node itself: run crisp there, outside of containers",
    ],
    [
      'an address without a host',
      {answers: {Exec: {url: 'http://:10010/exec/abc'}}},
      125,
      'the runtime gave a streaming address without a host: http://:10010/exec/abc; set stream_server_address (containerd) or stream_address (CRI-O) in its configuration',
    ],
    [
      'no such container',
      {answers: {ListContainers: {containers: []}}},
      125,
      'no container "web": crisp ps -a lists all',
    ],
    [
      'several containers',
      {
        answers: {
          ListContainers: {
            containers: ['a', 'b'].map((pod) => kubeletContainer('default', pod, 'web', {id: id(pod)})),
          },
        },
      },
      125,
      `"web" matches 2 containers: use a longer name or ID
  ${id('a').slice(0, 13)}  default/a/web
  ${id('b').slice(0, 13)}  default/b/web`,
    ],
  ])('%s', async (_name, behaviour, exitCode, message) => {
    const {stdout, stderr, ...result} = await exec(behaviour, ['web', 'bash'])
    expect({stdout, stderr, exitCode: result.exitCode}).toEqual({
      stdout: '',
      stderr: `crisp: ${message}\n`,
      exitCode,
    })
  })

  test('no runtime', async () => {
    const result = await runInProcess(['-r', 'unix:///nowhere/cri.sock', 'exec', 'web', 'ls'])
    expect(result).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(/^crisp: no container runtime at \/nowhere\/cri.sock: absent; .*\n$/),
    })
  })

  test('a runtime that stops during the session is an error', async () => {
    let gone = (): void => {}
    const node = await startFakeNode({
      exec: async ({stdout}) => {
        stdout?.write('some output\n')
        gone()
        return new Promise(() => {})
      },
    })
    const cli = startCli(['exec', 'web', 'ls'], node)
    gone = () => cli.stdout.once('data', () => void node[Symbol.asyncDispose]())
    expect(await outcomeOf(cli)).toEqual({
      stdout: 'some output\n',
      stderr:
        'crisp: the runtime closed the streaming connection in the middle; what was started may still run; is the runtime restarting? systemctl status containerd crio\n',
      exitCode: 125,
    })
  })
})

test.each([
  [['web'], 'which command? crisp exec web COMMAND [ARG...]'],
  [[], 'which command? crisp exec CONTAINER COMMAND [ARG...]'],
  [
    ['-it', 'web', 'sh'],
    '-t with -i needs a terminal on stdin: leave out -t where there is none, as in a script',
  ],
  [['-r', 'http3', 'web', 'sh'], '--transport "http3" should be one of spdy, websocket'],
  [['--tls-cert', '/x', 'web', 'sh'], '--tls-cert and --tls-key go together'],
  [
    ['--detach-keys', 'ctrl-1', 'web', 'sh'],
    '--detach-keys "ctrl-1" is no key: write ctrl-a to ctrl-z, ctrl-@ [ \\ ] ^ _ or one character, with commas between',
  ],
])('wrong usage asks no runtime: %j', async (argv, message) => {
  expect(await runInProcess(['-r', 'unix:///nowhere/cri.sock', 'exec', ...argv])).toEqual({
    stdout: '',
    stderr: `crisp: ${message}\n`,
    exitCode: 2,
  })
})

describe('several containers', () => {
  const containers = ['a', 'b', 'c'].map((name, index) =>
    kubeletContainer('default', 'p', name, {id: id(`${index}`), createdAt: secondsAgo(10 + index)}),
  )
  const node = (exec: (name: string) => StreamHandler): NodeBehaviour => {
    let turn = 0
    return {exec: (io) => exec('abc'[turn++] ?? '')(io), answers: {ListContainers: {containers}}}
  }

  test('one after another under their IDs; the worst code wins', async () => {
    expect(
      await exec(
        node((name) => printing(`${name}\n`, '', name === 'b' ? 5 : 1)),
        ['--name', '.', 'hostname'],
      ),
    ).toEqual({
      stdout: `${id('0')}:\na\n${id('1')}:\nb\n${id('2')}:\nc\n`,
      stderr: '',
      exitCode: 5,
      requests: containers.map(({id: containerId}) => ({
        containerId,
        cmd: ['hostname'],
        stdin: false,
        stdout: true,
        stderr: true,
        tty: false,
      })),
    })
  })

  test('-x runs them at once: whole lines behind their names', async () => {
    let waiting = 0
    let meet = (): void => {}
    const met = new Promise<void>((resolve) => {
      meet = resolve
    })
    const together: StreamHandler = async ({stdout, stderr}) => {
      stdout?.write('first ')
      if (++waiting === 3) meet()
      await met
      stdout?.write('line\nrest')
      stderr?.write('oops\n')
      return {exitCode: 0}
    }
    const {stdout, stderr, exitCode} = await exec(
      node(() => together),
      ['-x', '--label', 'io.kubernetes.pod.name=p', 'ls'],
    )
    const lines = (said: string) => said.split('\n').sort()
    expect(exitCode).toBe(0)
    expect(lines(stdout)).toEqual(
      lines(['a', 'b', 'c'].map((n) => `[default/p/${n}] first line\n[default/p/${n}] rest\n`).join('')),
    )
    expect(lines(stderr)).toEqual(lines(['a', 'b', 'c'].map((n) => `[default/p/${n}] oops\n`).join('')))
  })

  test('-q prints only the output of the command', async () => {
    expect(
      await exec(
        node((name) => printing(`${name}\n`)),
        ['-q', '--state', 'running', 'ls'],
      ),
    ).toMatchObject({
      stdout: 'a\nb\nc\n',
      stderr: '',
    })
  })

  test('one failure is reported and the other containers continue', async () => {
    const behaviour = node((name) => (name === 'b' ? failing('no room') : printing(`${name}\n`)))
    expect(await exec(behaviour, ['-q', '--name', '.', 'ls'])).toMatchObject({
      stdout: 'a\nc\n',
      stderr: 'crisp: default/p/b: no room\n',
      exitCode: 125,
    })
  })

  test('-e always exits with 0', async () => {
    const behaviour = node((name) => (name === 'b' ? failing('no room') : printing('', '', 4)))
    expect(await exec(behaviour, ['-q', '-e', '--name', '.', 'ls'])).toMatchObject({
      stderr: 'crisp: default/p/b: no room\n',
      exitCode: 0,
    })
  })

  test('stdin goes to one only', async () => {
    expect(
      await exec(
        node(() => printing('')),
        ['-i', '--name', '.', 'cat'],
        '',
      ),
    ).toEqual({
      stdout: '',
      stderr:
        'crisp: the filters pass 3 containers, and stdin can go to one only: narrow them down, or add --latest\n',
      exitCode: 125,
      requests: [],
    })
  })

  test('a selector without a match is an error', async () => {
    expect(
      await exec(
        node(() => printing('')),
        ['--name', 'nothing', 'ls'],
      ),
    ).toMatchObject({
      stderr: 'crisp: no container matches the filters: crisp ps -a lists all\n',
      exitCode: 125,
    })
  })
})

describe('--sync', () => {
  const answer: cri.Input<cri.ExecSyncResponse> = {
    stdout: Buffer.from('out'),
    stderr: Buffer.from('err\n'),
    exitCode: 3,
  }

  test('output and code of a command that fails', async () => {
    expect(await exec({answers: {ExecSync: answer}}, ['-s', '--timeout', '7', 'web', 'ls', '-l'])).toEqual({
      stdout: 'out',
      stderr: 'err\n',
      exitCode: 3,
      requests: [{containerId: webId, cmd: ['ls', '-l'], timeout: '7'}],
    })
  })

  const late = 'the command did not end within --timeout 7 (seconds) and was killed'
  test.each([
    ['containerd', () => Promise.reject(status(4, 'timeout 7s exceeded')), late, 124],
    ['CRI-O', {exitCode: -1, stderr: Buffer.from('command timed out')}, late, 124],
    [
      'too much output',
      () => Promise.reject(status(8, 'trying to send message larger than max')),
      'the output is larger than one answer of the runtime may be (16 MiB): leave out --sync, then it is streamed',
      125,
    ],
    [
      'no such command',
      () =>
        Promise.reject(
          status(2, 'failed to exec: exec: "nope": executable file not found in $PATH: unknown'),
        ),
      'there is no "nope" in the container: give the full path of a program that its image has (some images have no shell at all)',
      127,
    ],
  ])('%s', async (_name, ExecSync, message, exitCode) => {
    const result = await exec({answers: {ExecSync}}, ['-s', '--timeout', '7', 'web', 'nope'])
    expect(result.stderr).toMatch(new RegExp(`crisp: ${message.replaceAll(/[()$"]/g, '\\$&')}\n$`))
    expect(result.exitCode).toBe(exitCode)
  })

  test('--timeout without --sync prints a note that it has no effect', async () => {
    expect(await exec({exec: printing('')}, ['--timeout', '7', 'web', 'ls'])).toMatchObject({
      stderr: 'crisp: --timeout counts only with --sync\n',
      exitCode: 0,
    })
  })
})

describe('signals and readers', () => {
  test.each<[NodeJS.Signals, number]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('%s ends the session, quietly', async (signal, exitCode) => {
    let gone: Promise<void> | undefined
    await using node = await startFakeNode({
      exec: async (io) => {
        gone = new Promise((resolve) => io.signal.addEventListener('abort', () => resolve()))
        io.stdout?.write('started\n')
        return new Promise(() => {})
      },
    })
    const cli = startCli(['exec', 'web', 'sleep'], node)
    cli.stdout.once('data', () => cli.kill(signal))
    expect(await outcomeOf(cli)).toEqual({stdout: 'started\n', stderr: '', exitCode})
    await gone
  })

  test('a closed stdout pipe ends exec without an error', async () => {
    await using node = await startFakeNode({
      exec: async ({stdout, signal}) => {
        while (!signal.aborted) {
          await new Promise((resolve) => stdout?.write('y\n'.repeat(10_000), resolve))
          // A write to what is closed takes no turn in which the signal could come.
          await setImmediate()
        }
        return {exitCode: 0}
      },
    })
    const cli = startCli(['exec', 'web', 'yes'], node)
    cli.stdout.once('data', () => cli.stdout.destroy())
    expect(await outcomeOf(cli)).toMatchObject({stderr: '', exitCode: 0})
  })
})

describe('a streaming server with TLS', () => {
  const run = async (flags: readonly string[]) => {
    await using peer = await startSpdyPeer(
      async (session) => {
        const [error, stdout, stderr] = await session.streams(3)
        stdout.send('over TLS\n', true)
        stderr.fin()
        session.finish(error, success)
      },
      {tls: {cert: certificate, key: certificateKey}},
    )
    const {requests: _, ...outcome} = await exec({answers: {Exec: {url: peer.url}}}, [...flags, 'web', 'ls'])
    return {...outcome, stderr: outcome.stderr.replace(new URL(peer.url).host, 'HOST')}
  }
  const served = {stdout: 'over TLS\n', stderr: '', exitCode: 0}

  test('a self-signed certificate is rejected', async () => {
    expect(await run([])).toEqual({
      stdout: '',
      stderr:
        "crisp: TLS to the runtime's streaming server https://HOST failed: self-signed certificate; trust its certificate with --tls-ca FILE (and --tls-sni NAME), or any with --tls-insecure\n",
      exitCode: 125,
    })
  })

  test('--tls-insecure accepts any certificate', async () => {
    expect(await run(['--tls-insecure'])).toEqual(served)
  })

  test('--tls-ca and --tls-server-name, which is localhost unless told', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'crisp-tls-'))
    const ca = join(directory, 'ca.pem')
    await writeFile(ca, certificate)
    expect(await run(['--tls-ca', ca, '--tls-server-name', 'streaming.test'])).toEqual(served)
    expect(await run(['--tls-ca', ca])).toMatchObject({
      stderr: expect.stringContaining("Host: localhost. is not in the cert's altnames"),
      exitCode: 125,
    })
    await rm(directory, {recursive: true})
  })

  test('a file that is not there', async () => {
    expect(await run(['--tls-ca', '/nowhere/ca.pem'])).toEqual({
      stdout: '',
      stderr: 'crisp: --tls-ca: cannot read /nowhere/ca.pem: no such file\n',
      exitCode: 125,
    })
  })
})

test('--user is refused by the embedded runtime, with its own way', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  await startIn(client, await podOn(client), ['sleep', '1000'])
  expect(await runCli(['exec', '--user', '1', 'main', 'id'], runtime)).toEqual({
    stdout: '',
    stderr:
      'crisp: --user: the embedded runtime runs everything as its own user: crisp demo --user NAME starts it as another\n',
    exitCode: 125,
  })
})
