import {once} from 'node:events'
import type {Readable} from 'node:stream'
import {describe, expect, test} from 'vitest'
import type {StreamHandler, StreamIo} from '../../src/demo/server/streaming-server.js'
import type * as cri from '../../src/generated/cri.js'
import {startFakeNode, webId} from '../support/fake-node.js'
import {onTerminal} from '../support/on-terminal.js'

/** Says "ready" when the first size is here, which is after raw mode, then does `rest`. */
function ready(rest: (io: StreamIo) => Promise<number>): StreamHandler {
  return async (io) => {
    const {value: size} = await io.sizes[Symbol.asyncIterator]().next()
    io.stdout?.write(`ready ${size.columns}x${size.rows}\r\n`)
    return {exitCode: await rest(io)}
  }
}

async function typed({stdin}: StreamIo, expected: string): Promise<string> {
  let read = ''
  while (!read.includes(expected)) read += String((await once(stdin as Readable, 'data'))[0])
  return read
}

const forever = (): Promise<never> => new Promise(() => {})

describe('exec -it', () => {
  test('every key goes to the command as it is, nothing is echoed or translated here', async () => {
    let keys = ''
    await using node = await startFakeNode({
      exec: ready(async (io) => {
        keys = await typed(io, '!')
        // A full-screen program moves down a line with this.
        io.stdout?.write('one\ntwo\r\n')
        return 7
      }),
    })
    const session = await onTerminal(['exec', '-it', 'web', 'sh'], node.endpoint)
    await session.until('ready')
    // Ctrl-C, Ctrl-Z, Ctrl-D, Ctrl-\, return, Ctrl-S, Ctrl-Q, Ctrl-P and another key.
    session.terminal.input.write('\x03\x1a\x04\x1c\r\x13\x11\x10x!')
    const {before, after, ...outcome} = await session.outcome()

    expect(keys).toBe('\x03\x1a\x04\x1c\r\x13\x11\x10x!')
    expect(outcome).toEqual({output: 'ready 100x30\r\none\ntwo', exitCode: 7})
    expect(after).toBe(before)
    expect(node.runtime.calls.find(({method}) => method === 'Exec')?.request).toEqual({
      containerId: webId,
      cmd: ['sh'],
      stdin: true,
      stdout: true,
      stderr: false,
      tty: true,
    })
  })

  test('a resize of the window is sent to the command', async () => {
    await using node = await startFakeNode({
      exec: ready(async ({sizes, stdout}) => {
        for await (const {columns, rows} of sizes) {
          stdout?.write(`${columns}x${rows}\r\n`)
          if (columns === 90 && rows === 50) break
        }
        return 0
      }),
    })
    const session = await onTerminal(['exec', '-it', 'web', 'sh'], node.endpoint)
    await session.until('ready')
    await session.terminal.resize(132, 40)
    await session.until('132x40')
    await session.terminal.resize(90, 50)
    expect((await session.outcome()).output).toMatch(/^ready 100x30\r\n.*132x40\r\n.*90x50$/s)
  })

  test.each([
    ['ctrl-p,ctrl-q', [], '\x10\x11'],
    ['others', ['--detach-keys', 'ctrl-a,d'], '\x01d'],
  ])('detach keys: %s', async (_name, flags, keys) => {
    let gone: Promise<unknown> | undefined
    await using node = await startFakeNode({
      exec: ready(async ({signal}) => {
        gone = once(signal, 'abort')
        return forever()
      }),
    })
    const session = await onTerminal(['exec', '-it', ...flags, 'web', 'sh'], node.endpoint)
    await session.until('ready')
    session.terminal.input.write(keys)
    const {before, after, ...outcome} = await session.outcome()

    expect(outcome).toEqual({
      output: 'ready 100x30\r\n\r\ncrisp: detached: the command keeps running in web',
      exitCode: 0,
    })
    expect(after).toBe(before)
    await gone
  })

  test('no detach keys at all', async () => {
    await using node = await startFakeNode({
      exec: ready(async (io) => ((await typed(io, '!')) === '\x10\x11!' ? 0 : 1)),
    })
    const session = await onTerminal(['exec', '-it', '--detach-keys=', 'web', 'sh'], node.endpoint)
    await session.until('ready')
    session.terminal.input.write('\x10\x11!')
    expect((await session.outcome()).exitCode).toBe(0)
  })

  test.each<[NodeJS.Signals, number]>([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGQUIT', 143],
  ])('%s from outside: the terminal is as it was', async (signal, exitCode) => {
    await using node = await startFakeNode({exec: ready(forever)})
    const session = await onTerminal(['exec', '-it', 'web', 'sh'], node.endpoint)
    await session.until('ready')
    process.kill(session.pid(), signal)
    const outcome = await session.outcome()

    // The shell says of itself that it was a hangup.
    expect(outcome.output.replace('\r\nHangup', '')).toBe('ready 100x30\r\n')
    expect(outcome.exitCode).toBe(exitCode)
    expect(outcome.after).toBe(outcome.before)
  })

  test('a lost connection restores the terminal', async () => {
    const node = await startFakeNode({exec: ready(forever)})
    const session = await onTerminal(['exec', '-it', 'web', 'sh'], node.endpoint)
    await session.until('ready')
    await node[Symbol.asyncDispose]()
    const outcome = await session.outcome()

    expect(outcome.exitCode).toBe(125)
    expect(outcome.output).toMatch(
      /ready 100x30\r\n\r\ncrisp: the runtime closed the streaming connection in the middle/,
    )
    expect(outcome.after).toBe(outcome.before)
  })

  test('an internal error restores the terminal', async () => {
    await using node = await startFakeNode({exec: ready(forever)})
    const fault = "process.on('SIGUSR2',()=>{throw(new(Error)('fault'))})"
    const session = await onTerminal(['exec', '-it', 'web', 'sh'], node.endpoint, {
      env: {NODE_OPTIONS: `--import=data:text/javascript,${fault}`},
    })
    await session.until('ready')
    process.kill(session.pid(), 'SIGUSR2')
    await session.until('crisp: internal error in crisp: Error: fault (run again with --debug')
    const outcome = await session.outcome()
    expect(outcome.exitCode).toBe(125)
    expect(outcome.after).toBe(outcome.before)
  })

  test("stdout into a file: the keys are the terminal's all the same", async () => {
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    await using node = await startFakeNode({
      exec: ready(async (io) => {
        open()
        return (await typed(io, '!')) === 'x!' ? 3 : 1
      }),
    })
    const session = await onTerminal(['exec', '-it', 'web', 'sh'], node.endpoint, {redirection: '>/dev/null'})
    // stderr is still the terminal, whose size is sent.
    await opened
    session.terminal.input.write('x!')
    const outcome = await session.outcome()
    expect(outcome.exitCode).toBe(3)
    expect(outcome.after).toBe(outcome.before)
  })
})

describe('attach', () => {
  const exited = (exitCode: number): cri.Input<cri.ContainerStatusResponse> => ({
    status: {id: webId, state: 'CONTAINER_EXITED', exitCode},
  })

  test('the exit code of the container is ours, also when the runtime notices late', async () => {
    let asked = 0
    await using node = await startFakeNode({
      attach: ready(async (io) => {
        await typed(io, 'exit\r')
        return 0
      }),
      answers: {
        ContainerStatus: () => (++asked < 3 ? {status: {id: webId, state: 'CONTAINER_RUNNING'}} : exited(42)),
      },
    })
    const session = await onTerminal(['attach', '-it', 'default/web-0/web'], node.endpoint)
    await session.until('ready')
    session.terminal.input.write('exit\r')
    const outcome = await session.outcome()

    expect(outcome.exitCode).toBe(42)
    expect(outcome.after).toBe(outcome.before)
    expect(node.runtime.calls.find(({method}) => method === 'Attach')?.request).toEqual({
      containerId: webId,
      stdin: true,
      stdout: true,
      stderr: false,
      tty: true,
    })
  })

  test('detach keys leave the container alone', async () => {
    await using node = await startFakeNode({attach: ready(forever)})
    const session = await onTerminal(['attach', '-it', 'web'], node.endpoint)
    await session.until('ready')
    session.terminal.input.write('\x10\x11')
    const {output, exitCode} = await session.outcome()
    expect({output, exitCode}).toEqual({
      output: 'ready 100x30\r\n\r\ncrisp: detached: web goes on',
      exitCode: 0,
    })
    expect(node.runtime.calls.some(({method}) => method === 'ContainerStatus')).toBe(false)
  })
})
