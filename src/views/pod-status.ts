import {protoJson} from '../client/proto-json.js'
import type {View} from '../formats/view.js'
import type {PodSandboxStatus, PodSandboxStatusResponse} from '../generated/cri.js'
import {isTime, rfc3339} from '../text/time.js'
import {type BlockLine, block, labelLines} from './blocks.js'
import {infoLines, oneOrAll, statusDocument} from './status.js'

export function podStatusesView(responses: readonly PodSandboxStatusResponse[]): View {
  const documents = () =>
    responses.map(({status, info}) => statusDocument({status: status && podStatusJson(status)}, info))
  return {
    document: () => oneOrAll(documents()),
    items: documents,
    names: () => responses.map(({status}) => status?.id ?? ''),
    table: () => responses.map(podText).join(''),
  }
}

export function podStatusJson(status: PodSandboxStatus): Record<string, unknown> {
  return {...protoJson('PodSandboxStatus', status, 'null'), createdAt: rfc3339(status.createdAt)}
}

function podText({status, info}: PodSandboxStatusResponse): string {
  if (!status) return block([['Status', 'none: the runtime sent no status']])
  const additional = (status.network?.additionalIps ?? []).map(({ip}) => ['Additional IP', ip] as const)
  const fields: BlockLine[] = [
    ['ID', status.id],
    ['Name', status.metadata?.name ?? ''],
    ['UID', status.metadata?.uid ?? ''],
    ['Namespace', status.metadata?.namespace ?? ''],
    ['Attempt', String(status.metadata?.attempt ?? 0)],
    ['Status', String(status.state)],
    ['Created', isTime(status.createdAt) ? rfc3339(status.createdAt) : 'unknown'],
    ['IP Addresses', status.network?.ip ?? ''],
    ...additional,
  ]
  return block([
    ...fields,
    ...labelLines('Labels', status.labels),
    ...labelLines('Annotations', status.annotations),
    ...infoLines(info),
  ])
}
