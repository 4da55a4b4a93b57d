import {podName} from '../client/names.js'
import {printable} from '../errors/printable.js'
import {cutText} from '../formats/table.js'
import type {Container, PodSandbox} from '../generated/cri.js'
import type {ContainerProcess} from '../node/container-processes.js'
import type {Endings, PodEnding} from '../node/endings.js'
import {agoText} from '../text/age.js'
import {lowerFirst} from '../text/case.js'
import {shortImage} from '../text/short-id.js'
import {containerState} from './containers.js'
import {podState} from './pods.js'
import {branchesOf, commandText} from './processes.js'

export interface TreeContext {
  nowMs: number
  /** Columns of the terminal; undefined where nothing limits a line. */
  width?: number | undefined
  podEndings?: ReadonlyMap<string, PodEnding> | undefined
  endings?: Endings | undefined
  /** By the ID of the container or pod that they are of. */
  processes?: ReadonlyMap<string, readonly ContainerProcess[]> | undefined
}

interface Line {
  depth: number
  text: string
}

/** Pods, below each its containers, and below these their processes where there are some. */
export function treeText(
  pods: readonly PodSandbox[],
  containers: readonly Container[],
  context: TreeContext,
): string {
  const containerLines = (own: readonly Container[], depth: number): Line[] =>
    own.flatMap((container) => [
      {depth, text: containerText(container, context)},
      ...processLines(container.id, depth + 1, context),
    ])
  const ids = new Set(pods.map(({id}) => id))
  const lines = [
    ...pods.flatMap((pod) => [
      {depth: 0, text: podText(pod, context)},
      ...processLines(pod.id, 1, context),
      ...containerLines(
        containers.filter(({podSandboxId}) => podSandboxId === pod.id),
        1,
      ),
    ]),
    // Their pods have gone meanwhile.
    ...containerLines(
      containers.filter(({podSandboxId}) => !ids.has(podSandboxId)),
      0,
    ),
  ]
  const branches = branchesOf(lines.map(({depth}) => depth))
  return lines
    .map(({text}, index) => `${cutTo(`${branches[index]}${printable(text)}`, context.width)}\n`)
    .join('')
}

function cutTo(line: string, width: number | undefined): string {
  return width === undefined ? line : cutText(line, width, 'start')
}

function podText(pod: PodSandbox, {nowMs, podEndings}: TreeContext): string {
  return fields(
    podName(pod),
    podState(pod, podEndings?.get(pod.id)),
    lowerFirst(agoText(pod.createdAt, nowMs)),
  )
}

function containerText(container: Container, {nowMs, endings}: TreeContext): string {
  const {id, metadata, image, createdAt} = container
  const attempt = metadata?.attempt ?? 0
  return fields(
    metadata?.name || id,
    containerState(container, endings),
    attempt > 0 ? `attempt ${attempt}` : '',
    lowerFirst(agoText(createdAt, nowMs)),
    shortImage(image?.image ?? ''),
  )
}

function processLines(id: string, depth: number, {processes}: TreeContext): Line[] {
  return (processes?.get(id) ?? []).map((process) => ({
    depth: depth + process.depth,
    text: fields(String(process.pid), commandText(process)),
  }))
}

function fields(...texts: string[]): string {
  return texts.filter((text) => text !== '').join('  ')
}
