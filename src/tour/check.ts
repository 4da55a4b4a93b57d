import {setTimeout as wait} from 'node:timers/promises'
import type {CriClient} from '../client/connect.js'
import {resolveContainers, resolvePods} from '../client/names.js'
import {AmbiguousError, NotFoundError} from '../errors/errors.js'
import type {ContainerStatus} from '../generated/cri.js'
import {type Check, isOfNode} from './lesson.js'

/** What a command did, as far as it can be told from outside. */
export interface Ran {
  verb: string
  exitCode: number
  calls: readonly MadeCall[]
  /** What requests may have called the subjects of the checks before it ran: it may have taken them away. */
  before?: Subjects
}

/** By the name that a check has for it. */
type Subjects = ReadonlyMap<string, readonly string[]>

/** From the trace of the command. */
export interface MadeCall {
  method: string
  /** As gRPC names it; `left` and `interrupted` where the command did not wait for its end. */
  status: string
  details: string
  request: Record<string, unknown>
}

const usualWithinMs = 2_000
const lookEveryMs = 100

/** What is not as the checks want it, in a sentence; undefined where all is. */
export async function findProblem(
  checks: readonly Check[],
  ran: Ran,
  client: CriClient,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const check of checks) {
    const problem = isOfNode(check)
      ? await problemOnNode(check, client, signal)
      : await problemOfCommand(check, ran, client)
    if (problem === undefined) continue
    // The hint is for another verb.
    return check.verb?.includes(ran.verb) ? problem : (check.hint ?? problem)
  }
  return undefined
}

/** Whether the node is as these checks want it now; those of the command are left out. */
export async function nodeHolds(checks: readonly Check[], client: CriClient): Promise<boolean> {
  for (const check of checks.filter(isOfNode)) if (await lookAtNode(check, client)) return false
  return true
}

/** What requests may call that which the checks are about. */
export async function findSubjects(checks: readonly Check[], client: CriClient): Promise<Subjects> {
  const names = new Set(checks.flatMap(({about}) => about ?? []))
  return new Map(
    await Promise.all([...names].map(async (name) => [name, await idsOf(name, client)] as const)),
  )
}

async function problemOfCommand(check: Check, ran: Ran, client: CriClient): Promise<string | undefined> {
  const {verb, call, code} = check
  if (verb && !verb.includes(ran.verb)) return `that was ${ran.verb}: this step is about ${list(verb)}`
  if (verb) return endsWell(ran.exitCode) ? undefined : `that was ${ran.verb}, but it failed`
  if (!call)
    return ran.exitCode === code ? undefined : `the exit code was ${ran.exitCode}, and should be ${code}`
  const made = ran.calls.filter(({method}) => call.includes(method))
  if (made.length === 0) return `no call ${list(call)} was made`
  const answer = check.answer ?? 'OK'
  const answered = made.filter(({status}) => status === answer || (answer === 'OK' && isLeft(status)))
  if (answered.length === 0)
    return `${made[0]?.method} was answered ${made[0]?.status}, and should be ${answer}`
  if (check.about === undefined) return undefined
  const ids = [...(ran.before?.get(check.about) ?? []), ...(await idsOf(check.about, client))]
  return answered.some(({request}) => subjectsOf(request).some((subject) => ids.includes(subject)))
    ? undefined
    : `${list(call)} was made, but not about ${check.about}`
}

/** Also where somebody has ended what goes on for ever. */
export function endsWell(exitCode: number): boolean {
  return exitCode === 0 || exitCode === 130
}

function isLeft(status: string): boolean {
  return status === 'left' || status === 'interrupted'
}

function subjectsOf(request: Record<string, unknown>): string[] {
  const image = (request.image as {image?: unknown} | undefined)?.image
  const filter = request.filter as {id?: unknown; podSandboxId?: unknown} | undefined
  return [request.containerId, request.podSandboxId, image, filter?.id, filter?.podSandboxId].filter(
    (subject) => typeof subject === 'string',
  )
}

/** What a request may call it: its IDs, an image's names, the word itself. */
async function idsOf(word: string, client: CriClient): Promise<string[]> {
  const [containers, pods, {image}] = await Promise.all([
    resolveContainers(client, [word]),
    resolvePods(client, [word]),
    client.image.imageStatus({image: {image: word}}),
  ])
  const found = [...containers, ...pods].flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [outcome.value] : [],
  )
  return [word, ...found, ...(image ? [image.id, ...image.repoTags, ...image.repoDigests] : [])]
}

/** Looks again for a while: a container takes its time to end. */
async function problemOnNode(
  check: Check,
  client: CriClient,
  signal: AbortSignal,
): Promise<string | undefined> {
  const end = performance.now() + (check.withinMs ?? usualWithinMs)
  for (;;) {
    const problem = await lookAtNode(check, client)
    if (problem === undefined || performance.now() > end) return problem
    await wait(lookEveryMs, undefined, {signal})
  }
}

async function lookAtNode(check: Check, client: CriClient): Promise<string | undefined> {
  try {
    if (check.image !== undefined) return await lookAtImage(check.image, check, client)
    if (check.pod !== undefined) return await lookAtPod(check.pod, check, client)
    return await lookAtContainer(check.container ?? '', check, client)
  } catch (error) {
    if (error instanceof AmbiguousError) return error.message
    throw error
  }
}

async function lookAtImage(name: string, {is}: Check, client: CriClient): Promise<string | undefined> {
  const {image} = await client.image.imageStatus({image: {image: name}})
  if (is === 'gone') return image ? `the image ${name} is still there` : undefined
  return image ? undefined : `there is no image ${name}`
}

async function lookAtPod(name: string, {is}: Check, client: CriClient): Promise<string | undefined> {
  const id = await idOf(resolvePods(client, [name]))
  if (id === undefined || is === 'gone') return presence(`pod ${name}`, id !== undefined, is)
  if (is === 'there') return undefined
  const {status} = await client.runtime.podSandboxStatus({podSandboxId: id})
  const state = status?.state === 'SANDBOX_READY' ? 'ready' : 'not-ready'
  return state === is ? undefined : `the pod ${name} is ${state}, and should be ${is}`
}

async function lookAtContainer(name: string, check: Check, client: CriClient): Promise<string | undefined> {
  const {is} = check
  const id = await idOf(resolveContainers(client, [name]))
  if (id === undefined || is === 'gone') return presence(`container ${name}`, id !== undefined, is)
  const {status} = await client.runtime.containerStatus({containerId: id})
  return status ? problemOfContainer(name, check, status) : undefined
}

function problemOfContainer(
  name: string,
  {is, code, reason, attempt}: Check,
  status: ContainerStatus,
): string | undefined {
  const state = String(status.state).replace('CONTAINER_', '').toLowerCase()
  if (is !== 'there' && state !== is) return `the container ${name} is ${state}, and should be ${is}`
  if (code !== undefined && status.exitCode !== code)
    return `the container ${name} has ended with ${status.exitCode}, and should with ${code}`
  if (reason !== undefined && status.reason !== reason)
    return `the container ${name} has ended for the reason ${status.reason || 'none'}, and should for ${reason}`
  const number = status.metadata?.attempt ?? 0
  if (attempt !== undefined && number < attempt)
    return `the container ${name} is attempt ${number}, and should be ${attempt} or later`
  return undefined
}

function presence(what: string, isThere: boolean, is: string | undefined): string | undefined {
  if (is === 'gone') return isThere ? `the ${what} is still there` : undefined
  return isThere ? undefined : `there is no ${what}`
}

/** undefined for none; a name that means several is a failure. */
async function idOf(resolving: Promise<PromiseSettledResult<string>[]>): Promise<string | undefined> {
  const [outcome] = await resolving
  if (outcome?.status === 'fulfilled') return outcome.value
  const reason: unknown = outcome?.reason
  if (reason instanceof NotFoundError && !(reason instanceof AmbiguousError)) return undefined
  throw reason
}

function list(names: readonly string[]): string {
  return names.join(' or ')
}
