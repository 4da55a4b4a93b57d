import {protoJson} from '../client/proto-json.js'
import type {View} from '../formats/view.js'
import type {ContainerStatus, ContainerStatusResponse} from '../generated/cri.js'
import {agoText} from '../text/age.js'
import {reasonText} from '../text/exit.js'
import {isTime, rfc3339} from '../text/time.js'
import {type BlockLine, block, labelLines} from './blocks.js'
import {infoLines, oneOrAll, statusDocument} from './status.js'

export function containerStatusesView(responses: readonly ContainerStatusResponse[], nowMs: number): View {
  const documents = () =>
    responses.map(({status, info}) => statusDocument({status: status && containerStatusJson(status)}, info))
  return {
    document: () => oneOrAll(documents()),
    items: documents,
    names: () => responses.map(({status}) => status?.id ?? ''),
    table: () => responses.map((response) => containerText(response, nowMs)).join(''),
  }
}

/** With times as people read them; one that means nothing in the container's state is Go's zero time. */
export function containerStatusJson(status: ContainerStatus): Record<string, unknown> {
  const {finished} = moments(status)
  return {
    ...protoJson('ContainerStatus', status, 'null'),
    createdAt: rfc3339(status.createdAt),
    startedAt: rfc3339(status.state === 'CONTAINER_CREATED' ? '0' : status.startedAt),
    finishedAt: rfc3339(finished ? status.finishedAt : '0'),
  }
}

/** Which of a container's times mean something, going by its state. */
function moments(status: ContainerStatus): {started: boolean; finished: boolean} {
  const ended = status.state === 'CONTAINER_EXITED' || status.state === 'CONTAINER_UNKNOWN'
  return {
    started: status.state !== 'CONTAINER_CREATED' && isTime(status.startedAt),
    finished: ended && isTime(status.finishedAt),
  }
}

function containerText({status, info}: ContainerStatusResponse, nowMs: number): string {
  if (!status) return block([['State', 'none: the runtime sent no status']])
  const {started, finished} = moments(status)
  const fields: BlockLine[] = [
    ['ID', status.id],
    ['Name', status.metadata?.name ?? ''],
    ['Attempt', String(status.metadata?.attempt ?? 0)],
    ['State', String(status.state)],
    ['Image', status.image?.image ?? ''],
    ['Created', agoText(status.createdAt, nowMs) || 'unknown'],
  ]
  if (started) fields.push(['Started', agoText(status.startedAt, nowMs)])
  if (finished) fields.push(['Finished', agoText(status.finishedAt, nowMs)])
  if (status.state === 'CONTAINER_EXITED') fields.push(['Exit Code', String(status.exitCode)])
  if (status.reason) fields.push(['Reason', reasonText(status)])
  if (status.message) fields.push(['Message', status.message])
  if (status.logPath) fields.push(['Log', status.logPath])
  return block([
    ...fields,
    ...labelLines('Labels', status.labels),
    ...labelLines('Annotations', status.annotations),
    ...infoLines(info),
  ])
}
