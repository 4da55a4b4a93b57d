import {createTextCollector} from './consume.js'
import {watchInput} from './input-watch.js'
import {encodeTerminalSize, type RemoteSession, type SessionRequest} from './remote-session.js'
import {withinLimits} from './setup-limits.js'
import {connectSpdy} from './spdy-connection.js'
import {upgradeToSpdy} from './upgrade.js'

/** Opens an exec or attach over SPDY/3.1. Rejects as `upgradeToSpdy` does, nothing left open. */
export async function openSpdySession(request: SessionRequest): Promise<RemoteSession> {
  const socket = await upgradeToSpdy({...request, protocol: 'v4.channel.k8s.io'})
  const connection = connectSpdy(socket, {
    pingIntervalMs: request.pingIntervalMs,
    holdWrites: true,
  })
  const ignore = () => undefined
  const status = createTextCollector()

  const error = connection.openStream({streamtype: 'error'}, status.consume)
  const stdin = request.stdin ? connection.openStream({streamtype: 'stdin'}, ignore) : undefined
  const stdout = request.stdout && connection.openStream({streamtype: 'stdout'}, request.stdout)
  const stderr = request.stderr && connection.openStream({streamtype: 'stderr'}, request.stderr)
  const resize = request.tty ? connection.openStream({streamtype: 'resize'}, ignore) : undefined

  const opened = [error, stdin, stdout, stderr, resize].filter((stream) => stream !== undefined)
  try {
    await withinLimits(Promise.all(opened.map((stream) => stream.accepted)), request, connection.close)
  } catch (failure) {
    connection.close()
    throw failure
  }

  const outputs = [stdout, stderr].filter((stream) => stream !== undefined)
  const input = watchInput(outputs.map((stream) => stream.ended))

  return {
    async writeInput(chunk) {
      input.sent(chunk.length)
      await stdin?.write(chunk, request.patienceMs)
    },
    async endInput() {
      await input.mayEnd()
      await stdin?.end()
      return true
    },
    resize: async (size) => resize?.write(encodeTerminalSize(size)),
    outputEnded: Promise.all([stdout?.ended, stderr?.ended]),
    finished: Promise.all([error.ended, stdout?.ended, stderr?.ended]).then((ends) => ({
      statusText: status.text(),
      inputCut: input.wasCut(),
      failure: ends.includes('lost') ? connection.failure() : undefined,
    })),
    close: connection.close,
  }
}
