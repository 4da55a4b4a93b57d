import {mkdir, rm} from 'node:fs/promises'
import type {Readable} from 'node:stream'
import {setTimeout as wait} from 'node:timers/promises'
import {announce} from '../calls/announcements.js'
import type {Call} from '../server/rpc.js'
import {unknown} from '../server/statuses.js'
import {nowNs} from '../state/clock.js'
import type {Container, Runtime} from '../state/runtime.js'
import type {OutputName} from './attached-clients.js'
import {ContainerLog} from './container-log.js'
import {directoryOf, environmentOf} from './environment.js'
import {type Child, checkExecutable, startChild} from './processes.js'
import {stopSignalOf} from './signals.js'

const drainMs = 5_000
/** CRI-O's. */
const graceWithoutDeadlineMs = 10_000
/** Year 1 in nanoseconds since 1970, which does not fit into 64 bits. */
const goZeroTimeNs = '-6795364578871345152'

export function workingDirectoryOf(runtime: Runtime, container: Container): string {
  return container.config.workingDir || directoryOf(runtime, container)
}

/** Runs a created container's command. A command that cannot run leaves the container exited with code 128. */
export async function startContainer(runtime: Runtime, container: Container): Promise<void> {
  requireStartable(container)
  container.starting = runtime.children.during(() => start(runtime, container))
  try {
    await container.starting
  } finally {
    container.starting = undefined
  }
}

async function start(runtime: Runtime, container: Container): Promise<void> {
  try {
    await mkdir(directoryOf(runtime, container), {recursive: true})
    if (container.logPath !== '')
      container.log = await ContainerLog.open(container.logPath, runtime.rotation, runtime.behaviour.log)
    const {tty, stdin} = container.config
    container.process = await startChild(container.command, {
      env: await environmentOf(runtime, container),
      cwd: workingDirectoryOf(runtime, container),
      stdin,
      tty,
    })
    await runtime.children.add(container.process)
    container.startedAt = nowNs()
    container.state = 'CONTAINER_RUNNING'
    announce(runtime, container.pod, container, 'CONTAINER_STARTED_EVENT')
    container.exited = runtime.children.track(follow(runtime, container, container.process))
  } catch (error) {
    const reason = (error as Error).message
    await container.log?.close()
    container.startedAt = nowNs()
    finish(runtime, container, {exitCode: 128, reason: 'StartError', message: reason})
    throw unknown(`cannot start container "${container.id}": ${reason}`)
  }
}

/** Rejects where the container's command could not be started. */
export async function checkCommand(runtime: Runtime, container: Container): Promise<void> {
  await mkdir(directoryOf(runtime, container), {recursive: true})
  try {
    const env = await environmentOf(runtime, container)
    await checkExecutable(container.command[0] ?? '', {env, cwd: workingDirectoryOf(runtime, container)})
  } catch (error) {
    await rm(directoryOf(runtime, container), {recursive: true, force: true})
    throw error
  }
}

function requireStartable({id, state, pod, starting, removing}: Container): void {
  if (state !== 'CONTAINER_CREATED')
    throw unknown(`container "${id}" is in state ${state}, only a created one can be started`)
  if (starting) throw unknown(`container "${id}" is being started already`)
  if (removing) throw unknown(`container "${id}" is being removed`)
  if (!pod.ready) throw unknown(`pod sandbox "${pod.id}" of container "${id}" is not running`)
}

/** Until nothing of the container runs and all it printed is in the log. */
async function follow(runtime: Runtime, container: Container, child: Child): Promise<void> {
  const outputs = [pump(container, child.stdout, 'stdout'), pump(container, child.stderr, 'stderr')]
  const exitCode = await child.exited
  await killRest(runtime, container, child)
  // A client that is attached and reads nothing must not keep the container from ending.
  await Promise.race([Promise.all(outputs), wait(drainMs, undefined, {ref: false})])
  await container.log?.close()
  const killed = container.killReason
  finish(runtime, container, {
    exitCode,
    reason: killed ?? (exitCode === 0 ? 'Completed' : 'Error'),
    message: container.logFailure === undefined ? '' : `its log is not whole: ${container.logFailure}`,
  })
}

async function pump(container: Container, output: Readable | undefined, name: OutputName): Promise<void> {
  if (!output) return
  for await (const chunk of output as AsyncIterable<Buffer>) {
    try {
      await Promise.all([container.log?.write(name, chunk), container.clients.write(name, chunk)])
    } catch (error) {
      // A full disk does not stop a container: what it prints is lost, as with any runtime.
      container.logFailure = (error as Error).message
    }
  }
}

function killRest(runtime: Runtime, container: Container, child: Child): Promise<void> {
  child.kill()
  for (const exec of container.execs) exec.kill()
  return runtime.children.killRestOf(container.id)
}

function finish(
  runtime: Runtime,
  container: Container,
  end: {exitCode: number; reason: string; message: string},
): void {
  Object.assign(container, end)
  container.finishedAt = nowNs()
  container.state = 'CONTAINER_EXITED'
  container.endedPid = container.process?.pid ?? 0
  container.process = undefined
  container.log = undefined
  announce(runtime, container.pod, container, 'CONTAINER_STOPPED_EVENT')
}

/**
 * Stop signal, then SIGKILL after the grace period. When the client goes away before that, nothing is killed and the
 * next call goes on without repeating the signal, as with containerd.
 */
export async function stopContainer(
  container: Container,
  graceMs: number,
  signal?: AbortSignal,
): Promise<void> {
  await waitForStart(container)
  const {process: child, exited} = container
  if (!child || !exited) return
  if (graceMs > 0) {
    if (!container.stopSignalled) child.signal(stopSignalOf(container))
    container.stopSignalled = true
    const timer = new AbortController()
    const grace = wait(graceMs, undefined, {
      signal: signal ? AbortSignal.any([signal, timer.signal]) : timer.signal,
    })
    const ended = exited.then(() => timer.abort())
    await Promise.race([ended, grace.catch(() => undefined)])
    timer.abort()
    signal?.throwIfAborted()
  }
  if (container.state === 'CONTAINER_RUNNING') child.kill()
  await exited
}

/** How long a container has before it is killed where the call is not about how it stops. */
export function graceMsIn({behaviour}: Runtime, call: Call | undefined): number {
  if (!call || behaviour.grace === 'none') return 0
  return call.leftMs === undefined ? graceWithoutDeadlineMs : Math.floor(call.leftMs / 1000) * 1000
}

/** As where the process of a container is there before it is started, and gets the stop signal. */
export function endCreated(runtime: Runtime, container: Container): void {
  if (container.state !== 'CONTAINER_CREATED' || container.starting) return
  container.startedAt = goZeroTimeNs
  finish(runtime, container, {exitCode: 143, reason: 'Error', message: ''})
}

/** What is being started can only be stopped when it is known whether it runs. */
async function waitForStart({starting}: Container): Promise<void> {
  try {
    await starting
  } catch {
    // It does not, which is told to whoever has started it.
  }
}

/** Kills a container that runs, and forgets it. Who comes second waits for the first. */
export function removeContainer(runtime: Runtime, container: Container): Promise<void> {
  container.removing ??= remove(runtime, container)
  return container.removing
}

async function remove(runtime: Runtime, container: Container): Promise<void> {
  try {
    await stopContainer(container, 0)
    // Some runtimes let exec into one that was never started.
    for (const exec of container.execs) exec.kill()
    await rm(directoryOf(runtime, container), {recursive: true, force: true})
  } catch (error) {
    container.removing = undefined
    throw error
  }
  runtime.containers.delete(container.id)
  container.pod.containers.delete(container)
  runtime.containerNames.release(container.name)
  announce(runtime, container.pod, container, 'CONTAINER_DELETED_EVENT')
}
