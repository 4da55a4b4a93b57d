import {protoJson} from '../client/proto-json.js'
import {printable} from '../errors/printable.js'
import {type Column, type TableLayout, type TableOptions, table} from '../formats/table.js'
import type {View} from '../formats/view.js'
import type {RuntimeConfigResponse, StatusResponse, VersionResponse} from '../generated/cri.js'
import {cgroupDriverIn} from '../node/runtimes.js'
import {snakeCase} from '../text/case.js'
import {block} from './blocks.js'
import {infoLines, statusDocument} from './status.js'

/** What only a table shows: crictl's document of the status has neither. */
export interface RuntimeFacts {
  version: VersionResponse
  /** Absent where the runtime does not tell (containerd before 2.0, CRI-O before 1.30). */
  config: RuntimeConfigResponse | undefined
}

export function runtimeStatusView(
  response: StatusResponse,
  options: TableOptions,
  facts?: RuntimeFacts,
  layOut: TableLayout = table,
): View {
  return {
    document: () => runtimeDocument(response),
    names: () => (response.status?.conditions ?? []).map(({type}) => type),
    table: (wide) => runtimeText(response, options, facts, wide, layOut),
  }
}

function runtimeDocument({status, runtimeHandlers, features, info}: StatusResponse): Record<string, unknown> {
  const parts: Record<string, unknown> = {status: status ? protoJson('RuntimeStatus', status) : null}
  // crictl marshals these two another way than the status: snake_case, and nothing that is empty or false.
  if (runtimeHandlers.length > 0) {
    parts.runtimeHandlers = runtimeHandlers.map((handler) =>
      snakeWithoutEmpty(protoJson('RuntimeHandler', handler)),
    )
  }
  if (features) parts.features = snakeWithoutEmpty(protoJson('RuntimeFeatures', features))
  return statusDocument(parts, info)
}

function snakeWithoutEmpty(value: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(value).filter(([, item]) => item !== '' && item !== false)
  return Object.fromEntries(
    kept.map(([key, item]) => [
      snakeCase(key),
      typeof item === 'object' && item !== null ? snakeWithoutEmpty(item as Record<string, unknown>) : item,
    ]),
  )
}

const conditionColumns: readonly Column[] = [
  {title: 'CONDITION'},
  {title: 'STATUS'},
  {title: 'REASON'},
  {title: 'MESSAGE'},
]

function runtimeText(
  {status, runtimeHandlers, features, info}: StatusResponse,
  options: TableOptions,
  facts: RuntimeFacts | undefined,
  wide: boolean,
  layOut: TableLayout,
): string {
  const conditions = (status?.conditions ?? []).map(({type, status: isTrue, reason, message}) => [
    type,
    isTrue ? 'true' : 'FALSE',
    reason,
    message,
  ])
  const parts = [layOut(conditionColumns, conditions, options)]
  if (facts) parts.unshift(block(factLines(facts, info)))
  if (runtimeHandlers.length > 0) {
    const rows = runtimeHandlers.map((handler) => [
      handler.name || '(default)',
      enabledFeatures({...handler.features}) || '-',
    ])
    parts.push(layOut([{title: 'HANDLER'}, {title: 'FEATURES'}], rows, options))
  }
  const runtimeFeatures = features ? enabledFeatures({...features}) : ''
  if (runtimeFeatures) parts.push(block([['Features', runtimeFeatures]]))
  if (wide) parts.push(block(infoLines(info)))
  return parts.join('\n')
}

function factLines(
  {version, config}: RuntimeFacts,
  info: Readonly<Record<string, string>>,
): [string, string][] {
  const driver = config?.linux?.cgroupDriver ?? cgroupDriverIn(info)
  return [
    ['Runtime', `${version.runtimeName} ${version.runtimeVersion}, CRI ${version.runtimeApiVersion}`],
    ...(driver === undefined ? [] : [['Cgroup driver', String(driver)] as [string, string]]),
  ]
}

/** As crictl prints it: one row of two cells, and nothing where there is no Linux part. */
export function runtimeConfigView(config: RuntimeConfigResponse): View {
  return {
    document: () => protoJson('RuntimeConfigResponse', config),
    names: () => (config.linux ? [String(config.linux.cgroupDriver)] : []),
    table: () => (config.linux ? `cgroup driver:   ${printable(String(config.linux.cgroupDriver))}\n` : ''),
  }
}

function enabledFeatures(features: Readonly<Record<string, unknown>>): string {
  return Object.keys(features)
    .filter((name) => features[name] === true)
    .join(', ')
}
