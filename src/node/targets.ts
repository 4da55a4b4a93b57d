import type {CriClient} from '../client/connect.js'
import {containerName, podName, resolveContainers, resolvePods} from '../client/names.js'
import {AmbiguousError, NotFoundError} from '../errors/errors.js'
import {repeated} from '../text/repeated.js'
import {lookAtNode} from './view.js'

/** One of the things that a verb is done to. */
export interface Target {
  /** As it was typed; its ID where it was chosen by filters. */
  word: string
  id: string
}

/** Containers by the words for them, in their order; what a word does not name is a rejection in its place. */
export async function resolveTargetContainers(
  client: CriClient,
  words: readonly string[],
): Promise<PromiseSettledResult<Target>[]> {
  return withWords(words, await resolveContainers(client, words, {namesHideIds: false}))
}

export async function resolveTargetPods(
  client: CriClient,
  words: readonly string[],
): Promise<PromiseSettledResult<Target>[]> {
  return withWords(words, await resolvePods(client, words, {namesHideIds: false}))
}

/**
 * For stopping, which the CRI wants to succeed on what is gone: what nothing has and could be an ID, whole or cut as
 * tables cut it, goes to the runtime as it is.
 */
export function leaveIdsToRuntime(
  words: readonly string[],
  outcomes: readonly PromiseSettledResult<Target>[],
): PromiseSettledResult<Target>[] {
  return outcomes.map((outcome, index) => {
    const word = words[index] ?? ''
    const isGone =
      outcome.status === 'rejected' &&
      outcome.reason instanceof NotFoundError &&
      !(outcome.reason instanceof AmbiguousError)
    return isGone && /^[0-9a-f]{12,64}$/.test(word) ? {status: 'fulfilled', value: {word, id: word}} : outcome
  })
}

/** Of what filters have chosen. */
export function asTargets(things: readonly {id: string}[]): PromiseSettledResult<Target>[] {
  return things.map(({id}) => ({status: 'fulfilled', value: {word: id, id}}))
}

/** By ID, what a person knows it by and how it is: `kube-system/etcd-n1/etcd  CONTAINER_RUNNING`. */
export async function listNamesAndStates(
  client: CriClient,
): Promise<Map<string, {name: string; state: string}>> {
  const {containers, pods, identityOf} = await lookAtNode(client)
  return new Map([
    ...withAttempts(pods, podName),
    ...withAttempts(containers, (container) => containerName(container.id, identityOf(container))),
  ])
}

/** Several of one name are told apart by their attempts. */
function withAttempts<Thing extends {id: string; state: unknown; metadata: {attempt: number} | null}>(
  things: readonly Thing[],
  nameOf: (thing: Thing) => string,
): [id: string, {name: string; state: string}][] {
  const shared = repeated(things.map(nameOf))
  return things.map((thing) => {
    const {id, state, metadata} = thing
    const name = nameOf(thing)
    const shown = shared.has(name) ? `${name} (attempt ${metadata?.attempt ?? 0})` : name
    return [id, {name: shown, state: String(state)}]
  })
}

function withWords(
  words: readonly string[],
  outcomes: readonly PromiseSettledResult<string>[],
): PromiseSettledResult<Target>[] {
  return outcomes.map((outcome, index) =>
    outcome.status === 'rejected'
      ? outcome
      : {status: 'fulfilled', value: {word: words[index] as string, id: outcome.value}},
  )
}
