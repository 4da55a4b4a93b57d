import {once} from 'node:events'
import {readFile} from 'node:fs/promises'
import {connect, createServer} from 'node:net'
import {PassThrough} from 'node:stream'
import {text} from 'node:stream/consumers'
import {expect, test} from 'vitest'
import {startDemoRuntime} from '../../src/demo/index.js'
import {forwardConnection, runRemoteCommand, type TerminalSize} from '../../src/streaming/index.js'
import {clientOf, codeOf, ended, podOn, startIn} from '../support/demo-node.js'
import {eventually} from '../support/eventually.js'
import {processesWith} from '../support/processes.js'

function typed(): {stdin: PassThrough; stdout: PassThrough; shown: () => string} {
  const stdin = new PassThrough()
  const stdout = new PassThrough()
  let shown = ''
  stdout.on('data', (chunk) => {
    shown += chunk
  })
  return {stdin, stdout, shown: () => shown}
}

/** How many of the processes of this runtime's containers run this. */
async function countRunning({directory}: {directory: string}, command: string): Promise<number> {
  return (await processesWith(directory)).filter((found) => found.command === command).length
}

test('a terminal has its size before the command looks', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const containerId = await startIn(client, await podOn(client), ['/bin/sleep', '100'])
  const {url} = await client.runtime.exec({
    containerId,
    cmd: ['stty', 'size'],
    stdin: true,
    stdout: true,
    tty: true,
  })
  const {stdin, stdout, shown} = typed()
  await runRemoteCommand({
    url,
    stdin,
    stdout,
    tty: true,
    watchTerminalSize(report) {
      report({columns: 77, rows: 11})
      return () => {}
    },
  })
  expect(shown()).toBe('11 77\r\n')
})

test('exec on a terminal: its size, and each change of it', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const containerId = await startIn(client, await podOn(client), ['/bin/sleep', '100'])
  const {url} = await client.runtime.exec({
    containerId,
    cmd: ['/bin/sh'],
    stdin: true,
    stdout: true,
    tty: true,
  })
  const {stdin, stdout, shown} = typed()
  let report = (_: TerminalSize): void => {}
  const session = runRemoteCommand({
    url,
    stdin,
    stdout,
    tty: true,
    watchTerminalSize(given) {
      report = given
      given({columns: 91, rows: 33})
      return () => {}
    },
  })
  const asks = async (expected: string) => {
    // A size is on its way when it is reported, so the shell is asked until it has arrived.
    await eventually(() => {
      stdin.write('stty size\n')
      expect(shown()).toContain(expected)
    })
  }
  await asks('33 91')
  report({columns: 50, rows: 20})
  await asks('20 50')
  stdin.write('exit 9\n')
  expect(await session).toEqual({kind: 'exited', exitCode: 9})
})

test('attach to a terminal: it is seen and typed to, and its log has the lines', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const pod = await podOn(client, {logDirectory: `${runtime.directory}/logs`})
  const containerId = await startIn(client, pod, ['/bin/sh', '-c', 'read name; echo "hello $name"; exit 4'], {
    tty: true,
    stdin: true,
    logPath: 'tty.log',
  })
  const {url} = await client.runtime.attach({containerId, stdin: true, stdout: true, tty: true})
  const {stdin, stdout, shown} = typed()
  const session = runRemoteCommand({url, stdin, stdout, tty: true})
  stdin.write('you\n')
  expect(await session).toEqual({kind: 'exited', exitCode: 0})
  expect(shown()).toContain('hello you\r\n')
  const {exitCode, logPath} = await ended(client, containerId)
  expect(exitCode).toBe(4)
  expect(await readFile(logPath, 'utf8')).toMatch(/ stdout F hello you\n$/)
})

test('stdin_once: the first client’s end is the container’s', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const containerId = await startIn(client, await podOn(client), ['/bin/sh', '-c', 'cat; exit 6'], {
    stdin: true,
    stdinOnce: true,
  })
  const {url} = await client.runtime.attach({containerId, stdin: true, stdout: true})
  const {stdin, stdout, shown} = typed()
  stdin.end('all of it')
  await runRemoteCommand({url, stdin, stdout, tty: false})
  expect(await ended(client, containerId)).toMatchObject({exitCode: 6})
  expect(shown()).toBe('all of it')
})

test('a client that goes away leaves its command running, which ends with the container', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const containerId = await startIn(client, await podOn(client), ['/bin/sleep', '100'])
  const cmd = ['/bin/sh', '-c', 'echo up; exec sleep 4321']
  const {url} = await client.runtime.exec({containerId, cmd, stdout: true})
  const gone = new AbortController()
  const stdout = new PassThrough()
  const session = runRemoteCommand({url, stdout, tty: false, signal: gone.signal})
  await new Promise((resolve) => stdout.once('data', resolve))
  gone.abort()
  await expect(session).rejects.toThrow()
  await eventually(async () => expect(await countRunning(runtime, 'sleep 4321')).toBe(1))
  await client.runtime.removeContainer({containerId})
  await eventually(async () => expect(await countRunning(runtime, 'sleep 4321')).toBe(0))
})

test('exec over its time ends the command, and a command that is not there fails', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const containerId = await startIn(client, await podOn(client), ['/bin/sleep', '100'])
  const run = (cmd: string[], timeout: string) => codeOf(client.runtime.execSync({containerId, cmd, timeout}))
  expect(await run(['/bin/sleep', '4321'], '1')).toBe('deadlineExceeded')
  expect(await run(['/no/such'], '1')).toBe('unknown')
  expect(await countRunning(runtime, '/bin/sleep 4321')).toBe(0)
  const {url} = await client.runtime.exec({containerId, cmd: ['no-such'], stdout: true})
  await expect(runRemoteCommand({url, stdout: new PassThrough(), tty: false})).rejects.toThrow(
    'exec: "no-such": executable file not found in $PATH',
  )
})

test('the web image listens in its pod alone', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const podSandboxId = await podOn(client)
  const web = {image: {image: 'registry.crisp.demo/web:1.0'}}
  await startIn(client, podSandboxId, [], web)
  const local = createServer()
  local.listen(0, '127.0.0.1')
  await once(local, 'listening')
  const answer = async () => {
    const accepted = once(local, 'connection')
    const caller = connect((local.address() as {port: number}).port, '127.0.0.1')
    caller.write('GET / HTTP/1.0\r\n\r\n')
    const openUrl = async () => (await client.runtime.portForward({podSandboxId, port: [8080]})).url
    const [connection] = await accepted
    const forwarded = forwardConnection({openUrl, local: connection, remotePort: 8080})
    const [said] = await Promise.all([text(caller), forwarded])
    return said
  }
  await eventually(async () => expect(await answer()).toMatch(/hello from pod-\d+\n$/))
  local.close()
})
