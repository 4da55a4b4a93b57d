import {existsSync} from 'node:fs'
import {createConnection, type Socket} from 'node:net'
import {join} from 'node:path'
import {rpcCode} from '../../errors/errors.js'
import {StatusError} from '../../errors/status-error.js'
import type * as cri from '../../generated/cri.js'
import {portsDirectoryOf} from '../processes/environment.js'
import {execToEnd, requireExecutable, requireRunning, serveExec} from '../processes/exec.js'
import type {Call, Handlers} from '../server/rpc.js'
import {invalidArgument, unknown} from '../server/statuses.js'
import type {StreamRequest} from '../server/streaming-server.js'
import type {Pod, Runtime} from '../state/runtime.js'
import {serveAttach} from './attach.js'

export function execHandlers(runtime: Runtime) {
  const {streaming, containers, pods, behaviour} = runtime
  return {
    async execSync({containerId, cmd, timeout}: cri.ExecSyncRequest, {signal}: Call) {
      const container = containers.get(containerId)
      requireExecutable(runtime, container)
      requireCommand(cmd)
      const seconds = Number(timeout)
      const {timedOut, ...result} = await execToEnd(runtime, container, cmd, seconds * 1000, signal)
      if (!timedOut) return result
      if (behaviour.execTimeout === 'answer')
        return {stdout: Buffer.alloc(0), stderr: Buffer.from('command timed out'), exitCode: -1}
      throw new StatusError(rpcCode.deadlineExceeded, `the command was still running after ${seconds} s`)
    },

    exec({containerId, cmd, ...streams}: cri.ExecRequest) {
      checkStreams(containerId, streams)
      const container = containers.get(containerId)
      requireExecutable(runtime, container)
      requireCommand(cmd)
      const {tty} = streams
      return {url: streaming.execUrl(streams, (io) => serveExec(runtime, container, cmd, io, tty))}
    },

    attach({containerId, ...streams}: cri.AttachRequest) {
      checkStreams(containerId, streams)
      const container = containers.get(containerId)
      requireRunning(container)
      return {url: streaming.attachUrl(streams, (io) => serveAttach(container, io))}
    },

    portForward({podSandboxId, port}: cri.PortForwardRequest) {
      const pod = pods.get(podSandboxId)
      if (!pod.ready && behaviour.stoppedPodToldBy === 'PortForward')
        throw unknown(`pod sandbox "${pod.id}" is not running`)
      return {url: streaming.portForwardUrl(port, (number, signal) => dialPort(runtime, pod, number, signal))}
    },
  } satisfies Partial<Handlers>
}

function requireCommand(command: readonly string[]): void {
  if (command.length === 0) throw invalidArgument('the request has no command')
}

function checkStreams(containerId: string, {stdin, stdout, stderr, tty}: StreamRequest): void {
  if (containerId === '') throw invalidArgument('the request names no container')
  if (tty && stderr) throw invalidArgument('a terminal has no stderr of its own')
  if (!stdin && !stdout && !stderr)
    throw invalidArgument('the request asks for none of stdin, stdout and stderr')
}

/** A socket that a program of the pod has put in place of this port, else the port of this machine's loopback. */
async function dialPort(runtime: Runtime, pod: Pod, port: number, signal: AbortSignal): Promise<Socket> {
  if (!pod.ready) throw new Error(`sandbox ${pod.id} is not running`)
  const path = join(portsDirectoryOf(runtime, pod), `${port}.sock`)
  const socket = existsSync(path) ? createConnection(path) : createConnection(port, '127.0.0.1')
  const abort = (): void => void socket.destroy()
  signal.addEventListener('abort', abort, {once: true})
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', () =>
      reject(new Error(`nothing listens on port ${port} of pod ${pod.metadata.name}`)),
    )
  })
  return socket
}
