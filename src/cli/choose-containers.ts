import type {CriClient} from '../client/connect.js'
import {podName} from '../client/names.js'
import {RpcError, rpcCode} from '../errors/errors.js'
import type {Container} from '../generated/cri.js'
import {type ContainerSelection, labelsOfPodsAlone, selectContainers} from '../node/selection.js'
import {quoteForShell} from '../text/shell-quote.js'

/** What the filters pass; `note` is told where labels pass nothing because they are not those of containers. */
export async function chooseContainers(
  client: CriClient,
  selection: ContainerSelection,
  note: (text: string) => void,
): Promise<Container[]> {
  const containers = await selectContainers(client, {...selection, onUnknown: noteUnknown(note)})
  if (containers.length === 0) await noteLabelsOfPods(client, selection, note)
  return containers
}

/** Says of the first container that is left out why the runtime does not tell how it ended. */
export function noteUnknown(note: (text: string) => void): (error: unknown) => void {
  let told = false
  return (error) => {
    if (!told) note(`left out, for the runtime does not tell how it ended: ${(error as Error).message}`)
    told = true
  }
}

/** Says which labels only pods have, of those that passed no container. */
export async function noteLabelsOfPods(
  client: CriClient,
  {labels = {}}: Pick<ContainerSelection, 'labels'>,
  note: (text: string) => void,
): Promise<void> {
  if (Object.keys(labels).length === 0) return
  // The answer is there, and stays what it is if more cannot be said of it.
  const found = await labelsOfPodsAlone(client, labels).catch((error) => {
    if (error instanceof RpcError && error.code !== rpcCode.cancelled) return undefined
    throw error
  })
  const [first, ...others] = found?.pods ?? []
  if (!found || !first) return
  const pairs = Object.entries(found.labels).map(([key, value]) => `${key}=${value}`)
  const [what, it] = pairs.length === 1 ? ['label', 'it'] : ['labels', 'them']
  const name = podName(first)
  const who = others.length === 0 ? `pod ${name} has` : `${others.length + 1} pods such as ${name} have`
  const text = pairs.join(',')
  note(
    `no container has the ${what} ${text}, ${who} ${it}: --pod-label ${quoteForShell(text)} chooses by ${it}`,
  )
}
