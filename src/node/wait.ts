import type {CriClient} from '../client/connect.js'
import {containerIdOf, podIdOf} from '../client/names.js'
import {AmbiguousError, missingObject, NotFoundError, UserError} from '../errors/errors.js'
import type {ContainerStatus, PodSandboxStatus} from '../generated/cri.js'
import {sayEachOnce} from '../text/once.js'
import type {Changes} from './changes.js'
import {containerStatus, podStatus} from './details.js'
import {isContainerOfKubelet, isPodOfKubelet} from './kubelet.js'
import {lost, type Outage} from './lost-runtime.js'

export interface WaitOptions {
  changes: Changes
  /** Shared by all that wait for things of one runtime. */
  outage: Outage
  /** Told in one line why the wait goes on although nothing may ever come of it. */
  onNotice?: (text: string) => void
}

const fullId = /^[0-9a-f]{64}$/

/** The exit code, as soon as there is one. Throws NotFoundError for a container that is not there, or goes unread. */
export async function waitUntilExited(
  client: CriClient,
  reference: string,
  options: WaitOptions,
): Promise<ContainerStatus> {
  const id = await lookUntil(options, () => containerIdOf(client, reference))
  return lookUntil(options, async () => {
    const status = await containerStatus(client, id)
    if (!status) throw new NotFoundError(`container "${reference}" is gone, and its exit code with it`)
    return status.state === 'CONTAINER_EXITED' ? status : undefined
  })
}

/**
 * The status of a container that runs. A name is waited for, also when its container has exited and the kubelet made
 * it: another attempt may follow. An ID that is unknown or has exited is an error, since a container runs once.
 */
export async function waitUntilRunning(
  client: CriClient,
  reference: string,
  options: WaitOptions,
): Promise<ContainerStatus> {
  const onNotice = sayEachOnce(options.onNotice ?? (() => undefined))
  return lookUntil(options, async () => {
    const id = await findId(containerIdOf, client, reference)
    const status = id === undefined ? undefined : await containerStatus(client, id)
    if (status?.state === 'CONTAINER_RUNNING') return status
    if (status?.state === 'CONTAINER_EXITED') {
      const exited = `container "${reference}" has exited with ${status.exitCode}`
      if (isId(reference, id))
        throw new UserError(`${exited}: a container runs once, its successor has another ID`)
      if (!isContainerOfKubelet(status))
        throw new UserError(`${exited}: the kubelet did not make it, so nothing starts it again`)
      onNotice(`${exited}: waiting for its next attempt`)
    }
    if (!status) {
      if (fullId.test(reference)) throw missingObject('container', reference)
      onNotice(`no container "${reference}" yet: waiting for one of this name`)
    }
    return undefined
  })
}

/** The status of a pod whose sandbox is ready; names and IDs as in {@link waitUntilRunning}. */
export async function waitUntilReady(
  client: CriClient,
  reference: string,
  options: WaitOptions,
): Promise<PodSandboxStatus> {
  const onNotice = sayEachOnce(options.onNotice ?? (() => undefined))
  return lookUntil(options, async () => {
    const id = await findId(podIdOf, client, reference)
    const status = id === undefined ? undefined : await podStatus(client, id)
    if (status?.state === 'SANDBOX_READY') return status
    if (status) {
      if (isId(reference, id))
        throw new UserError(`pod "${reference}" has ended: its successor has another ID`)
      if (!isPodOfKubelet(status))
        throw new UserError(
          `pod "${reference}" has ended: the kubelet did not make it, so nothing starts it again`,
        )
      onNotice(`pod "${reference}" has ended: waiting for its next attempt`)
    } else {
      if (fullId.test(reference)) throw missingObject('pod', reference)
      onNotice(`no pod "${reference}" yet: waiting for one of this name`)
    }
    return undefined
  })
}

/** Resolves when the container, or else the pod, that the reference names now is no more; at once if there is none. */
export async function waitUntilRemoved(
  client: CriClient,
  reference: string,
  options: WaitOptions,
): Promise<void> {
  const [container, pod] = await lookUntil(options, async () => {
    const found = await findId(containerIdOf, client, reference)
    return [found, found && !fullId.test(reference) ? undefined : await findId(podIdOf, client, reference)]
  })
  await lookUntil(options, async () => {
    const left =
      (container !== undefined && (await containerStatus(client, container))) ||
      (pod !== undefined && (await podStatus(client, pod)))
    return !left
  })
}

/** Looks until there is an answer. A runtime that goes away meanwhile is waited for where there is an outage to say so. */
export async function lookUntil<Answer>(
  {changes, outage}: {changes: Changes; outage?: Outage},
  look: () => Promise<Answer | undefined | false>,
): Promise<Answer> {
  const lookOnce = async () => {
    const answer = await (outage ? outage.ask(look) : look())
    return answer === lost ? undefined : answer
  }
  let answer = await lookOnce()
  while (answer === undefined || answer === false) {
    // Asked for before looking, so that nothing happens unseen in between.
    const change = changes.next()
    answer = await lookOnce()
    if (answer === undefined || answer === false) {
      await change
      changes.signal.throwIfAborted()
    }
  }
  return answer
}

/** The ID, undefined where the reference names nothing yet. */
async function findId(
  idOf: typeof podIdOf,
  client: CriClient,
  reference: string,
): Promise<string | undefined> {
  try {
    return await idOf(client, reference)
  } catch (error) {
    if (error instanceof NotFoundError && !(error instanceof AmbiguousError)) return undefined
    throw error
  }
}

function isId(reference: string, id: string | undefined): boolean {
  return id?.startsWith(reference) ?? false
}
