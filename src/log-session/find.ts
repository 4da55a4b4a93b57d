import type {CriClient} from '../client/connect.js'
import {NotFoundError} from '../errors/errors.js'
import type {Container, ContainerStatus} from '../generated/cri.js'
import {type AttemptLog, logsOfAttempts, type WantedAttempt} from '../node/log-targets.js'
import {attemptsOf, type NodeView} from '../node/view.js'
import {reasonText} from '../text/exit.js'
import type {FedLog} from './feed.js'
import {nameOf} from './names.js'
import type {LogPlaces} from './places.js'

/** A log that is wanted. */
export interface ChosenLog {
  fed: FedLog
  /** The newest attempt. */
  status: ContainerStatus
  /** What is shown of it, the earliest first. */
  attempts: readonly AttemptLog[]
}

/** Finds the log of a container. Throws NotFoundError where there is none, UserError where the container has no log. */
export async function findLog(
  container: Container,
  view: NodeView,
  wanted: WantedAttempt,
  {client, note, places}: {client: CriClient; note: (text: string) => void; places?: LogPlaces | undefined},
): Promise<ChosenLog> {
  const {status} = await client.runtime.containerStatus({containerId: container.id})
  if (!status) throw new NotFoundError(`container ${container.id} is gone`)
  const {namespace, pod, container: name} = view.identityOf(container)
  const from = places?.startOf({namespace, pod, container: name})
  const siblings = attemptsOf(container, view)
  const attempts = (await logsOfAttempts(client, status, siblings, from ? 'all' : wanted)).filter(
    ({attempt}) => !from || attempt >= from.attempt,
  )
  const origin = {namespace, pod, container: name, attempt: attempts[0]?.attempt ?? 0}
  const fed: FedLog = {origin, prefix: '', onAttemptEnd: attemptMarker(nameOf(origin), attempts, note)}
  return {fed, status, attempts}
}

/** Says where one attempt ends and the next one begins, when attempts are read one after another. */
export function attemptMarker(
  name: string,
  attempts: readonly AttemptLog[],
  note: (text: string) => void,
): () => void {
  let ended = 0
  return () => {
    const before = attempts[ended++]
    const after = attempts[ended]
    if (before && after)
      note(`${endText(name, before.attempt, before.status)}; attempt ${after.attempt} follows`)
  }
}

/** How one attempt of a container ended, as far as the runtime still knows. */
export function endText(name: string, attempt: number, status: ContainerStatus | undefined): string {
  const ended = status && status.state === 'CONTAINER_EXITED'
  if (!ended) return `${name}: attempt ${attempt} has ended`
  const {exitCode} = status
  const reason = reasonText(status)
  const shown = reason === '' || reason === 'Completed' ? '' : ` (${reason})`
  return `${name}: attempt ${attempt} exited with ${exitCode}${shown}`
}
