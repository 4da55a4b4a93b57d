import type {CriClient} from '../client/connect.js'
import {listContainers} from '../client/lists.js'
import {waitMs} from '../client/retries.js'
import {missingObject, RpcError, rpcCode, UserError} from '../errors/errors.js'
import type {ContainerStatus} from '../generated/cri.js'
import {concurrently} from './concurrently.js'
import {containerStatus, podStatus} from './details.js'
import {takesDeadlineForGrace} from './runtimes.js'
import type {Target} from './targets.js'

export interface RemoveOptions {
  /** Kill it first if it runs. */
  force: boolean
  /** Resolve only when it is gone; refusals because it is in use, or being removed already, are tried again. */
  wait: boolean
  signal?: AbortSignal | undefined
}

/**
 * Gives the container's last status. Throws NotFoundError for one that is not there, although runtimes do not mind,
 * and UserError for one that runs, without `force`: CRI itself would kill it.
 */
export async function removeContainer(
  client: CriClient,
  {id, word}: Target,
  options: RemoveOptions,
): Promise<ContainerStatus> {
  const status = await containerStatus(client, id)
  if (!status) throw missingObject('container', word)
  let runs = status.state === 'CONTAINER_RUNNING'
  if (runs && !options.force) throw runningObject('container', word)
  const remove = async () => {
    if (runs) await client.runtime.stopContainer({containerId: id, timeout: '0'})
    runs = false
    await client.runtime.removeContainer({containerId: id})
  }
  await removeAndWait(remove, async () => !(await containerStatus(client, id)), options)
  return status
}

/** The same for a pod; `onStopped` is told if it had to be stopped. */
export async function removePod(
  client: CriClient,
  {id, word}: Target,
  options: RemoveOptions & {onStopped: () => void},
): Promise<void> {
  const status = await podStatus(client, id)
  if (!status) throw missingObject('pod', word)
  let runs = status.state === 'SANDBOX_READY'
  if (runs && !options.force) throw runningObject('pod', word)
  const remove = async () => {
    if (runs) {
      await stopPod(client, id)
      options.onStopped()
    }
    runs = false
    await client.runtime.removePodSandbox({podSandboxId: id})
  }
  await removeAndWait(remove, async () => !(await podStatus(client, id)), options)
}

/** With its containers, which are killed at once on every runtime. */
export async function stopPod(client: CriClient, podSandboxId: string): Promise<void> {
  if (takesDeadlineForGrace(await client.runtime.version())) {
    const running = await listContainers(client, {podSandboxId, state: {state: 'CONTAINER_RUNNING'}})
    // What is in the way of one, the pod's own stop says.
    await concurrently(running, 8, ({id}) => client.runtime.stopContainer({containerId: id, timeout: '0'}))
  }
  await client.runtime.stopPodSandbox({podSandboxId})
}

function runningObject(object: 'container' | 'pod', reference: string): UserError {
  return new UserError(`${object} "${reference}" is running`, {
    facts: {about: 'running object', object, reference},
  })
}

// Mostly a moment is enough, and somebody waits for it, often after a Ctrl-C.
const pausesMs = [100, 200, 400, 800, 1_600, 3_200, 6_400]
// What runtimes answer to "it is being removed already" and "device or resource busy"; a stop to what has just gone.
const passing: readonly number[] = [
  rpcCode.unknown,
  rpcCode.failedPrecondition,
  rpcCode.aborted,
  rpcCode.notFound,
]

async function removeAndWait(
  remove: () => Promise<unknown>,
  isGone: () => Promise<boolean>,
  {wait, signal}: RemoveOptions,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await remove()
      if (!wait || (await isGone())) return
      if (attempt >= pausesMs.length)
        throw new UserError('the runtime says it is removed, and still lists it')
    } catch (error) {
      const mayPass = wait && error instanceof RpcError && passing.includes(error.code)
      if (!mayPass) throw error
      if (await isGone()) return
      if (attempt >= pausesMs.length) throw error
    }
    await waitMs(pausesMs[attempt] ?? 0, signal)
  }
}
