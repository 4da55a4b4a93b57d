import {containerIdentities, containerKey, newestOfEach, podKey} from '../../client/names.js'
import type {Container, Image, PodSandbox} from '../../generated/cri.js'
import {hexOf, shortId} from '../../text/short-id.js'
import {stateWord} from '../../text/state.js'
import type {Candidate} from './position.js'

// For each thing the shortest word that begins as typed and means nothing else; IDs only where no name fits.

/** What is on a node. */
export interface NodeLists {
  containers: readonly Container[]
  pods: readonly PodSandbox[]
  images: readonly Image[]
}

interface Named {
  id: string
  /** Words that lead to it, shortest first. */
  forms: readonly string[]
  hint: string
}

export function containerCandidates(
  containers: readonly Container[],
  pods: readonly PodSandbox[],
  part: string,
  state?: Container['state'],
): Candidate[] {
  const identityOf = containerIdentities(pods)
  const newest = newestOfEach(containers, (container) => containerKey(container, identityOf))
  const all = newest.map((container) => {
    const {namespace, pod, container: name} = identityOf(container)
    return {
      id: container.id,
      forms: [name, `${pod}/${name}`, `${namespace}/${pod}/${name}`],
      hint: `${stateWord(container.state).toLowerCase()} in ${namespace}/${pod}`,
      state: container.state,
    }
  })
  return shortestWords(all, part, (item) => state === undefined || item.state === state)
}

export function podCandidates(
  pods: readonly PodSandbox[],
  part: string,
  state?: PodSandbox['state'],
): Candidate[] {
  const newest = newestOfEach(pods, podKey)
  const all = newest.map(({id, metadata, state: its}) => ({
    id,
    forms: metadata ? [metadata.name, `${metadata.namespace}/${metadata.name}`] : [],
    hint: `${stateWord(its).toLowerCase()}${metadata ? ` in ${metadata.namespace}` : ''}`,
    state: its,
  }))
  return shortestWords(all, part, (item) => state === undefined || item.state === state)
}

export function namespaceCandidates(pods: readonly PodSandbox[], part: string): Candidate[] {
  const namespaces = new Set(pods.map(({metadata}) => metadata?.namespace ?? ''))
  return [...namespaces]
    .filter((namespace) => namespace.startsWith(part) && isTypable(namespace))
    .map((word) => ({word}))
}

export function imageCandidates(images: readonly Image[], part: string): Candidate[] {
  const tagged = images.flatMap(({id, repoTags}) =>
    repoTags.map((tag) => ({id, forms: formsOfTag(tag), hint: `image ${shortId(id)}`})),
  )
  const untagged = images
    .filter(({repoTags}) => repoTags.length === 0)
    .map(({id, repoDigests}) => ({
      id,
      forms: [shortId(id)],
      hint: repoDigests[0]?.split('@')[0] ?? 'without a tag',
    }))
  return shortestWords([...tagged, ...untagged], part.replace(/^sha256:(?=.)/, ''), () => true)
}

/** `docker.io/library/busybox:1` is also `library/busybox:1` and `busybox:1`. */
function formsOfTag(tag: string): string[] {
  const parts = tag.split('/')
  return parts.map((_, index) => parts.slice(index).join('/')).reverse()
}

function shortestWords<Item extends Named>(
  items: readonly Item[],
  part: string,
  accepts: (item: Item) => boolean,
): Candidate[] {
  const owners = new Map<string, string | undefined>()
  for (const {id, forms} of items)
    for (const form of new Set(forms))
      owners.set(form, owners.has(form) && owners.get(form) !== id ? undefined : id)

  const accepted = items.filter(accepts)
  const named = accepted.flatMap(({id, forms, hint}) => {
    const word = forms.find((form) => form.startsWith(part) && owners.get(form) === id && isTypable(form))
    return word === undefined ? [] : [{word, hint}]
  })
  if (named.length > 0 || !/^[0-9a-f]+$/.test(part)) return named
  return accepted
    .filter(({id}) => hexOf(id).startsWith(part))
    .map(({id, forms}) => ({
      word: shortId(id).length > part.length ? shortId(id) : hexOf(id),
      hint: forms.at(-1) ?? '',
    }))
}

/** A name may hold anything; one with blanks or control characters would break the list that goes to the shell. */
function isTypable(word: string): boolean {
  return word !== '' && !/[\s\p{C}]/u.test(word)
}
