import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {signalProcess} from '../../../src/demo/processes/process-table.js'
import type {StreamHandler} from '../../../src/demo/server/streaming-server.js'
import {eventually} from '../../support/eventually.js'
import {type FakeNode, startFakeNode, webId} from '../../support/fake-node.js'
import {isMet} from '../../support/needs.js'
import {onTerminal, type Session} from '../../support/on-terminal.js'
import {type SshNode, startSshNode} from '../../support/ssh-node.js'

// The user's terminal is that of a program on another node, in exec and in attach.

describe.skipIf(!isMet('ssh')).each([
  ['exec -it', ['exec', '-it', 'web', 'sh']],
  ['attach -it', ['attach', '-it', 'web']],
])('%s over --node', (_, words) => {
  let runtime: FakeNode
  let node: SshNode
  /** All that came to the program there: keys and sizes. */
  let heard = ''
  /** Says how large its terminal is, and ends with 7 by an exclamation mark. */
  const program: StreamHandler = async ({stdin, stdout, sizes}) => {
    const tellSizes = async () => {
      for await (const {columns, rows} of sizes) stdout?.write(`size ${columns}x${rows}\r\n`)
    }
    tellSizes().catch(() => undefined)
    for await (const keys of stdin ?? []) {
      heard += keys
      if (heard.endsWith('!')) return {exitCode: 7}
    }
    return {exitCode: 0}
  }
  beforeAll(async () => {
    runtime = await startFakeNode({
      exec: program,
      attach: program,
      answers: {
        ContainerStatus: () => ({
          status: heard.endsWith('!')
            ? {id: webId, state: 'CONTAINER_EXITED', exitCode: 7}
            : {id: webId, state: 'CONTAINER_RUNNING'},
        }),
      },
    })
    node = await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint}})
  })
  afterAll(async () => {
    node[Symbol.dispose]()
    await runtime[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    heard = ''
  })
  const start = async (): Promise<Session> => {
    const session = await onTerminal(['--node', 'root', ...words], '', {env: node.env})
    await session.until('size 100x30')
    return session
  }

  test('keys are the program’s, as they are; so are a new size and the exit code', async () => {
    const session = await start()
    await session.terminal.resize(70, 20)
    await session.until('size 70x20')
    // Ctrl-C, Ctrl-Z, Ctrl-D, Ctrl-\, Ctrl-S, Ctrl-Q, return, Ctrl-P and another key.
    const keys = '\x03\x1a\x04\x1c\x13\x11\r\x10x!'
    session.terminal.input.write(keys)
    const {output, exitCode, before, after} = await session.outcome()
    expect({heard, exitCode, after}).toEqual({heard: keys, exitCode: 7, after: before})
    expect(output).not.toContain('crisp:')
  })

  test.each<[string, number, RegExp, (session: Session) => unknown]>([
    ['the detach keys', 0, /^crisp: detached: .*/, (session) => session.terminal.input.write('\x10\x11')],
    [
      'a connection that is cut',
      4,
      /^crisp: root: the connection was lost.*; what was started there may still run$/,
      () => node.cut(),
    ],
    [
      'the end of the ssh that keeps the connection',
      4,
      /^crisp: root: the connection was lost.*; what was started there may still run$/,
      () => kill(node.connections()),
    ],
    [
      'the end of the ssh of the command',
      4,
      /^crisp: root: the connection was lost.*; what was started there may still run$/,
      (session) => kill(node.clients(session.pid())),
    ],
    ['the end of crisp there', 137, /^(Killed)?$/, () => kill(node.running())],
    ['SIGTERM', 143, /^(Terminated)?$/, (session) => session.signal('SIGTERM')],
    ['SIGHUP', 129, /^(Hangup)?$/, (session) => session.signal('SIGHUP')],
  ])('%s: one line, the code %i, and the terminal as before', async (_, code, line, end) => {
    const session = await start()
    await end(session)
    const {output, exitCode, before, after} = await session.outcome()
    expect({exitCode, after}).toEqual({exitCode: code, after: before})
    const said = output
      .replace(/^[\s\S]*?size 100x30\s*/, '')
      .replace(/\s+/g, ' ')
      .trim()
    expect(said).toMatch(line)
    await eventually(() => expect(node.running()).toEqual([]))
  })
})

/** Those that are there still. */
function kill(pids: readonly number[]): void {
  expect(pids).not.toEqual([])
  for (const pid of pids) signalProcess(pid, 'SIGKILL')
}
