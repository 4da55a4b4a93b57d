import {protoJson} from '../client/proto-json.js'
import {type Column, type TableOptions, table} from '../formats/table.js'
import type {View} from '../formats/view.js'
import type {Finding} from '../node/owner/which.js'
import {shortId} from '../text/short-id.js'
import {stateWord} from '../text/state.js'

export interface FindingsContext extends TableOptions {
  fullIds: boolean
}

const columns: readonly Column[] = [
  {title: 'CONTAINER', varies: true},
  {title: 'NAME', min: 10},
  {title: 'STATE', drop: 1},
  {title: 'POD ID', drop: 2, varies: true},
  {title: 'POD', min: 12, drop: 4},
  {title: 'NAMESPACE', min: 9, drop: 3},
  {title: 'BECAUSE', min: 20},
]

export function findingsView(findings: readonly Finding[], context: FindingsContext): View {
  const items = () =>
    findings.map(({container, pod, because}) => ({
      because,
      ...(container ? {container: protoJson('Container', container)} : {}),
      pod: protoJson('PodSandbox', pod),
    }))
  return {
    document: () => ({findings: items()}),
    items,
    names: () => findings.map(referenceTo),
    table: () =>
      table(
        columns,
        findings.map((finding) => cells(finding, context)),
        context,
      ),
  }
}

function cells({container, pod, because}: Finding, {fullIds}: FindingsContext): string[] {
  const id = (text: string) => (fullIds ? text : shortId(text))
  return [
    container ? id(container.id) : '',
    container?.metadata?.name ?? '',
    container ? stateWord(container.state) : '',
    id(pod.id),
    pod.metadata?.name ?? '',
    pod.metadata?.namespace ?? '',
    because,
  ]
}

/** The name of what runs; an earlier attempt has the same name as the one that runs, so its ID. */
function referenceTo({container, pod}: Finding): string {
  const parts = [
    pod.metadata?.namespace,
    pod.metadata?.name,
    ...(container ? [container.metadata?.name] : []),
  ]
  const isCurrent = container ? container.state === 'CONTAINER_RUNNING' : pod.state === 'SANDBOX_READY'
  return isCurrent && parts.every(Boolean) ? parts.join('/') : (container ?? pod).id
}
