import {protoJson} from '../client/proto-json.js'
import {printable} from '../errors/printable.js'
import {cutText, wrapLine} from '../formats/table.js'
import type {View} from '../formats/view.js'
import type {ContainerStatus, Mount, PodSandbox, PodSandboxStatus} from '../generated/cri.js'
import type {ContainerDescription, PodDescription} from '../node/describe.js'
import {coresUsed, hasRates, limitsOf} from '../node/usage.js'
import {ageText, agoText} from '../text/age.js'
import {lowerFirst} from '../text/case.js'
import {exitText} from '../text/exit.js'
import {endingMeaning, type Meaning, nearLimit, type Paint, unpainted} from '../text/meaning.js'
import {quoteForShell} from '../text/shell-quote.js'
import {shortId} from '../text/short-id.js'
import {epochMs, isTime} from '../text/time.js'
import {bytesText, type Units} from '../text/units.js'
import {containerStatusJson} from './container-status.js'
import {podStatusJson} from './pod-status.js'
import {oneOrAll} from './status.js'

export interface DescriptionContext {
  nowMs: number
  /** Columns of the terminal; undefined where nothing limits a line. */
  width?: number | undefined
  /** Makes a title stand out. */
  strong?: ((text: string) => string) | undefined
  paint?: Paint
  units?: Units
}

/** A description with the last lines of logs: of a container its own, and of what has failed before it or in a pod. */
export type Described = (ContainerDescription | PodDescription) & {
  logLines?: readonly string[]
  failedLogs?: readonly FailedLog[]
}

export interface FailedLog {
  /** Of the container's ID, name and attempt. */
  id: string
  name: string
  lines: readonly string[]
}

export function descriptionsView(things: readonly Described[], context: DescriptionContext): View {
  const documents = () => things.map(document)
  return {
    document: () => oneOrAll(documents()),
    items: documents,
    names: () => things.map(({name}) => name),
    table: () => things.map((thing) => descriptionText(thing, context)).join('\n'),
  }
}

function document(thing: Described): Record<string, unknown> {
  const {kind, name, process} = thing
  if (thing.kind === 'pod')
    return {
      kind,
      name,
      status: podStatusJson(thing.status),
      process,
      notReady: thing.notReady,
      containers: thing.containers.map(containerStatusJson),
      ...(thing.failedLogs ? {failedLogs: thing.failedLogs} : {}),
    }
  return {
    kind,
    name,
    status: containerStatusJson(thing.status),
    process,
    ...(thing.pod ? {pod: protoJson('PodSandbox', thing.pod)} : {}),
    earlier: thing.earlier.map(containerStatusJson),
    ...(thing.stats ? {stats: protoJson('ContainerStats', thing.stats)} : {}),
    ...(thing.logLines ? {logLines: thing.logLines} : {}),
    ...(thing.failedLogs ? {failedLogs: thing.failedLogs} : {}),
  }
}

/** A label and its lines; one without lines is left out. */
type Row = readonly [label: string, lines: readonly Line[], broken?: 'cut' | 'wrapped']
/** What a line says of the state decides on its colour. */
type Line = string | Told
interface Told {
  text: string
  meaning: Meaning | undefined
}

function descriptionText(thing: Described, context: DescriptionContext): string {
  const {
    nowMs,
    width: columns = Number.POSITIVE_INFINITY,
    strong = (text) => text,
    paint = unpainted,
  } = context
  const attempt = thing.status.metadata?.attempt ?? 0
  const title = `${thing.kind} ${printable(thing.name)}${attempt > 0 ? `, attempt ${attempt}` : ''}`
  const rows = thing.kind === 'pod' ? podRows(thing, nowMs) : containerRows(thing, context)
  const width = Math.max(...rows.map(([label, lines]) => (lines.length > 0 ? label.length : 0)))
  const room = Math.max(20, columns - width - 4)
  const text = rows.flatMap(([label, lines, broken]) =>
    lines
      .flatMap((line) => shownLines(line, room, broken).map((shown) => paint(meaningOf(line), shown)))
      .map((value, index) => `  ${(index === 0 ? label : '').padEnd(width)}  ${value}\n`),
  )
  return `${wrapLine(title, columns)
    .map((line) => strong(line))
    .join('\n')}\n${text.join('')}`
}

/** What may be as long as a script is cut on a terminal, all else is broken between words. */
function shownLines(line: Line, room: number, broken: Row[2] = 'wrapped'): string[] {
  const text = printable(typeof line === 'string' ? line : line.text)
  return broken === 'cut' ? [cutText(text, room, 'start')] : wrapLine(text, room)
}

function meaningOf(line: Line): Meaning | undefined {
  return typeof line === 'string' ? undefined : line.meaning
}

function containerRows(
  {
    status,
    process,
    pod,
    podStatus,
    earlier,
    stats,
    logLines = [],
    failedLogs = [],
  }: Described & {kind: 'container'},
  {nowMs, units = 'si'}: DescriptionContext,
): Row[] {
  const {cores, memoryBytes} = limitsOf(status)
  const memoryUsed = stats?.memory?.workingSetBytes ?? stats?.memory?.usageBytes
  const cpu = stats && hasRates([stats.cpu]) ? coresUsed(stats.cpu) : undefined
  return [
    ['State', [told(status, stateText(status, nowMs))]],
    ['Message', messageLines(status)],
    [
      'Before',
      earlier.map((other) =>
        told(other, `attempt ${other.metadata?.attempt ?? 0} ${stateText(other, nowMs)}`),
      ),
    ],
    ['ID', [status.id]],
    ['Image', asList(status.image?.userSpecifiedImage || status.image?.image)],
    ['Image ID', asList(status.imageRef)],
    ['Command', process.command?.length ? [process.command.map(quoteForShell).join(' ')] : [], 'cut'],
    ['Directory', asList(process.workingDirectory)],
    // CRI-O goes on telling it of a process that has ended, and the kernel gives it to another.
    ['PID', process.pid && status.state === 'CONTAINER_RUNNING' ? [String(process.pid)] : []],
    ['User', status.user?.linux ? [`${status.user.linux.uid}:${status.user.linux.gid}`] : []],
    [
      'CPU',
      amount(cpu === undefined ? undefined : `${(cpu * 100).toFixed(1)} % of one`, cores && `${cores}`),
    ],
    [
      'Memory',
      amount(
        memoryUsed ? bytesText(Number(memoryUsed.value), units) : undefined,
        memoryBytes && bytesText(memoryBytes, units),
      ).map((text) => ({
        text,
        meaning:
          memoryBytes && Number(memoryUsed?.value ?? 0) >= nearLimit * memoryBytes ? 'warning' : undefined,
      })),
    ],
    ['Stop signal', stopSignal(status)],
    ['User namespace', userNamespaceLines(podStatus)],
    ['Mounts', status.mounts.map(mountText)],
    ['Pod', pod ? [`${shortId(pod.id)}, ${readiness(pod)}`] : []],
    ['Cgroup', asList(process.cgroup)],
    ['Labels', pairs(status.labels)],
    ['Log', asList(status.logPath)],
    ['Last lines', logLines],
    ...failedRows(failedLogs),
  ]
}

function failedRows(logs: readonly FailedLog[]): Row[] {
  return logs.map(({name, lines}) => ['Failed', [`${name}:`, ...lines.map((line) => `  ${line}`)]])
}

/** Where it is another than SIGTERM, which is what containers expect. */
function stopSignal({stopSignal: signal}: ContainerStatus): string[] {
  const name = String(signal).replace(/^SIGNAL_/, '')
  return name === 'RUNTIME_DEFAULT' || name === 'SIGTERM' ? [] : [name]
}

/** `0-65535 are 231072-296607 on the node`. */
function userNamespaceLines(status: PodSandboxStatus | undefined): string[] {
  const options = status?.linux?.namespaces?.options?.usernsOptions
  if (options?.mode !== 'POD') return []
  return options.uids.map(({containerId, hostId, length}) => {
    const range = (first: number) => `${first}-${first + length - 1}`
    return `users ${range(containerId)} are ${range(hostId)} on the node`
  })
}

function podRows(
  {status, process, containers, notReady, failedLogs = []}: Described & {kind: 'pod'},
  nowMs: number,
): Row[] {
  const {network, linux} = status
  const addresses = [network?.ip ?? '', ...(network?.additionalIps ?? []).map(({ip}) => ip)].filter(Boolean)
  const modes = linux?.namespaces?.options
  return [
    [
      'State',
      [
        {
          text: commas(readiness(status), isTime(status.createdAt) && `made ${ago(status.createdAt, nowMs)}`),
          meaning: status.state === 'SANDBOX_READY' ? 'running' : 'warning',
        },
      ],
    ],
    ['Why', notReady.map((text) => ({text, meaning: 'warning'}))],
    ['ID', [status.id]],
    ['UID', asList(status.metadata?.uid)],
    ['Address', addresses],
    [
      'Shares',
      modes
        ? (['network', 'pid', 'ipc'] as const)
            .filter((namespace) => modes[namespace] === 'NODE')
            .map((namespace) => `the node's ${namespace === 'pid' ? 'processes' : namespace}`)
        : [],
    ],
    ['User namespace', userNamespaceLines(status)],
    ['Handler', asList(status.runtimeHandler)],
    ['PID', process.pid ? [String(process.pid)] : []],
    ['Cgroup', asList(process.cgroup)],
    ['Labels', pairs(status.labels)],
    [
      'Containers',
      containers.length > 0
        ? containers.map((container) =>
            told(container, `${nameAndAttempt(container)} ${stateText(container, nowMs)}`),
          )
        : ['none'],
    ],
    ...failedRows(failedLogs),
  ]
}

function told(status: ContainerStatus, text: string): Told {
  return {text, meaning: containerMeaning(status)}
}

function containerMeaning(status: ContainerStatus): Meaning | undefined {
  switch (status.state) {
    case 'CONTAINER_RUNNING':
      return 'running'
    case 'CONTAINER_EXITED':
      return endingMeaning(status)
    case 'CONTAINER_CREATED':
      return undefined
    default:
      return 'failed'
  }
}

function readiness({state}: Pick<PodSandbox, 'state'>): string {
  return state === 'SANDBOX_READY' ? 'ready' : 'not ready'
}

/** `running for 3 minutes`, `exited with 1, 12 seconds ago, after 2 seconds`. */
function stateText(status: ContainerStatus, nowMs: number): string {
  switch (status.state) {
    case 'CONTAINER_CREATED':
      return commas(`created ${ago(status.createdAt, nowMs)}`.trimEnd(), 'not started')
    case 'CONTAINER_RUNNING':
      return isTime(status.startedAt)
        ? `running for ${lowerFirst(ageText(nowMs - epochMs(status.startedAt)))}`
        : 'running'
    case 'CONTAINER_EXITED':
      return commas(exitText({...status, message: ''}), ago(status.finishedAt, nowMs), ranFor(status))
    default:
      return 'in a state that the runtime does not know'
  }
}

/** An age in the middle of a sentence; empty where there is no time. */
function ago(timeNs: string, nowMs: number): string {
  return lowerFirst(agoText(timeNs, nowMs))
}

/** How long a container that has ended ran, as far as the runtime tells. */
function ranFor({startedAt, finishedAt}: ContainerStatus): string {
  if (!isTime(startedAt)) return 'not started'
  if (!isTime(finishedAt)) return ''
  return `after ${lowerFirst(ageText(epochMs(finishedAt) - epochMs(startedAt)))}`
}

function commas(...parts: (string | false)[]): string {
  return parts.filter((part) => part !== false && part !== '').join(', ')
}

function messageLines({message}: ContainerStatus): string[] {
  return message.trim() === '' ? [] : message.trimEnd().split('\n')
}

function nameAndAttempt({metadata}: ContainerStatus): string {
  const {name = '', attempt = 0} = metadata ?? {}
  return attempt > 0 ? `${name} (attempt ${attempt})` : name
}

/** What is used and what is the most; nothing where neither is known. */
function amount(used: string | undefined, limit: string | 0 | undefined): string[] {
  const parts = [...(used ? [used] : []), ...(limit ? [`limit ${limit}`] : [])]
  return parts.length > 0 ? [parts.join(', ')] : []
}

function mountText({containerPath, hostPath, image, imageSubPath, readonly}: Mount): string {
  const named = image?.userSpecifiedImage || image?.image
  const from = named ? `image ${named}${imageSubPath ? `, ${imageSubPath} in it` : ''}` : hostPath
  return `${containerPath} from ${from}${readonly ? ', read-only' : ''}`
}

function asList(text: string | undefined): string[] {
  return text ? [text] : []
}

/** Without those that say again what the title says. */
function pairs(labels: Readonly<Record<string, string>>): string[] {
  return Object.keys(labels)
    .filter((key) => !namingLabels.has(key))
    .sort()
    .map((key) => `${key}=${labels[key]}`)
}

const namingLabels = new Set([
  'io.kubernetes.container.name',
  'io.kubernetes.pod.name',
  'io.kubernetes.pod.namespace',
])
