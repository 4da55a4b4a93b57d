import {readFileSync} from 'node:fs'
import type {Socket} from 'node:net'
import {Duplex, Readable, Writable} from 'node:stream'
import {setImmediate as nextTurn} from 'node:timers/promises'
import {describe, expect, test} from 'vitest'
import {forwardConnection} from '../../src/streaming/port-forward.js'
import {runRemoteCommand, type StreamTransport} from '../../src/streaming/remote-command.js'
import {startFakeNode} from '../support/fake-node.js'
import {createSink} from '../support/peers/sink.js'
import {exitedWith, startSpdyPeer} from '../support/peers/spdy-peer.js'
import {startWebSocketPeer} from '../support/peers/websocket-peer.js'
import {type Cli, outcomeOf, startCli} from '../support/run-cli.js'

// A runtime that closes a session while there is stdin that it has not read: the connection is reset, whatever we send
// then fails, and all that it said before still lies in our kernel.

interface LastWords {
  output: string
  status: string
}

/** Serves one exec -i that speaks its last words and resets when it is told to, and never reads stdin. */
type StartServer = (
  words: LastWords,
  opened?: () => void,
) => Promise<AsyncDisposable & {url: string; reset: () => void}>

const servers: Record<StreamTransport, StartServer> = {
  async spdy({output, status}, opened) {
    let reset = (): void => {}
    const peer = await startSpdyPeer(async (session) => {
      const [error, , stdout, stderr] = await session.streams(4)
      session.socket.pause()
      reset = () => {
        stdout.send(output, true)
        stderr.fin()
        error.send(status)
        session.socket.resetAndDestroy()
      }
      opened?.()
    })
    return Object.assign(peer, {reset: () => reset()})
  },
  async websocket({output, status}, opened) {
    let reset = (): void => {}
    const peer = await startWebSocketPeer(
      async (session) => {
        session.socket.pause()
        reset = () => {
          session.send(1, output)
          if (status !== '') session.send(3, status)
          const connection: Socket = Reflect.get(session.socket, '_socket')
          connection.resetAndDestroy()
        }
        opened?.()
      },
      {protocol: 'v5.channel.k8s.io'},
    )
    return Object.assign(peer, {reset: () => reset()})
  },
}
const transports = ['spdy', 'websocket'] as const

/** Input without end, with something done while it is read: so many turns of the event loop after its third chunk. */
async function* inputWith(act: () => void, turns: number): AsyncGenerator<Buffer> {
  for (let chunk = 0; ; chunk++) {
    if (chunk === 3)
      void (async () => {
        for (let turn = 0; turn < turns; turn++) await nextTurn()
        act()
      })()
    yield Buffer.alloc(16 * 1024)
    await nextTurn()
  }
}

describe.each(transports)('%s: reset while stdin is sent', (transport) => {
  const run = async (words: LastWords, turns: number) => {
    await using server = await servers[transport](words)
    const [stdout, stderr] = [createSink(), createSink()]
    const stdin = Readable.from(inputWith(server.reset, turns))
    const exit = await runRemoteCommand({
      url: server.url,
      transport,
      stdin,
      stdout,
      stderr,
      tty: false,
    }).catch((error: unknown) => error)
    stdin.destroy()
    return {exit, output: stdout.text()}
  }

  test.each([0, 1, 2, 3, 4, 5])('a status that came before it is the end, %i turns', async (turns) => {
    expect(await run({output: '', status: exitedWith(3)}, turns)).toEqual({
      exit: {kind: 'exited', exitCode: 3},
      output: '',
    })
  })

  test.each([0, 1, 2, 3, 4, 5])('so are output and status, %i turns', async (turns) => {
    const output = 'last words\n'.repeat(1000)
    expect(await run({output, status: exitedWith(0)}, turns)).toMatchObject({
      exit: {kind: 'exited', exitCode: 0},
      output,
    })
  })

  test.each([0, 1, 2, 3, 4, 5])(
    'without a status the session is lost, its output is not, %i turns',
    async (turns) => {
      const {exit, output} = await run({output: 'last words\n', status: ''}, turns)
      expect(exit).toMatchObject({kind: 'lost'})
      expect(output).toBe('last words\n')
    },
  )
})

test.each([0, 1, 2, 3, 4, 5])(
  'port-forward: what the pod said before a reset arrives, %i turns',
  async (turns) => {
    let reset = (): void => {}
    await using peer = await startSpdyPeer(async (session) => {
      const [, data] = await session.streams(2)
      session.socket.pause()
      reset = () => {
        data.send('last words\n')
        session.socket.resetAndDestroy()
      }
    })
    let heard = ''
    const local = Duplex.from({
      readable: Readable.from(inputWith(() => reset(), turns)),
      writable: new Writable({
        write(chunk, _encoding, done) {
          heard += chunk
          done()
        },
      }),
    })
    await expect(
      forwardConnection({openUrl: async () => peer.url, local, remotePort: 80}),
    ).rejects.toMatchObject({kind: 'lost'})
    expect(heard).toBe('last words\n')
  },
)

describe.each(transports)(
  'crisp exec -i over %s, reset while it waits to send more of its stdin',
  (transport) => {
    const run = async (words: LastWords) => {
      let signalOpened = (): void => {}
      const opened = new Promise<void>((resolve) => {
        signalOpened = resolve
      })
      await using server = await servers[transport](words, signalOpened)
      await using node = await startFakeNode({answers: {Exec: {url: server.url}}})
      const cli = startCli(['exec', '-i', '--transport', transport, 'web', 'true'], node)
      cli.stdin.on('error', () => undefined)
      cli.stdin.end(Buffer.alloc(64 * 1024 * 1024))
      const outcome = outcomeOf(cli)
      await opened
      await untilItTakesNoMore(cli)
      // All of it has arrived when the command next looks.
      cli.kill('SIGSTOP')
      while (!/^State:\tT/m.test(readFileSync(`/proc/${cli.pid}/status`, 'utf8'))) await nextTurn()
      server.reset()
      cli.kill('SIGCONT')
      return await outcome
    }

    test('ends as the status says, with all output', async () => {
      expect(await run({output: 'last words\n', status: exitedWith(3)})).toEqual({
        stdout: 'last words\n',
        stderr: '',
        exitCode: 3,
      })
    })

    test('fails without a status, with all output', async () => {
      expect(await run({output: 'last words\n', status: ''})).toEqual({
        stdout: 'last words\n',
        stderr: expect.stringMatching(
          /^crisp: the runtime closed the streaming connection in the middle.*\n/,
        ),
        exitCode: 125,
      })
    })
  },
)

/** A server that reads nothing takes only what the kernels hold on the way. */
async function untilItTakesNoMore(cli: Cli): Promise<void> {
  for (let before = -1, rests = 0; rests < 2000; await nextTurn()) {
    rests = cli.stdin.writableLength === before ? rests + 1 : 0
    before = cli.stdin.writableLength
  }
}
