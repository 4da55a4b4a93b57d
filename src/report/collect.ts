import {
  availableParallelism,
  freemem,
  hostname,
  loadavg,
  machine,
  platform,
  release,
  totalmem,
  uptime,
} from 'node:os'
import type {CriClient} from '../client/connect.js'
import {listOrStream, whole} from '../client/lists.js'
import {protoJson} from '../client/proto-json.js'
import {checks} from '../doctor/checks/index.js'
import {examine, withinTime} from '../doctor/examine.js'
import {NotChecked} from '../doctor/not-checked.js'
import type {Asked, Subject} from '../doctor/subject.js'
import {examinedDocument} from '../doctor/text.js'
import {RpcError, UserError} from '../errors/errors.js'
import {lookAtDisk} from '../node/disk/usage.js'
import {containerEvents} from '../node/events/stream.js'
import {processInfo} from '../node/process-info.js'
import {lookAtNode} from '../node/view.js'
import * as allowed from './allowed.js'

/** One file of a report, by the name that it has there. */
export interface Document {
  name: string
  about: string
  value: unknown
}

export interface LeftOut {
  what: string
  why: string
}

export interface Collected {
  documents: Document[]
  leftOut: LeftOut[]
}

export interface CollectOptions {
  client: CriClient
  subject: Subject
  /** How long events are waited for. */
  eventsMs: number
  signal: AbortSignal
  /** Of crisp itself. */
  version: string
}

/** What asks for a list, for each of its entries, and for more. */
const limitsOfPart = 4
/** Most events that a report has: a node in trouble makes thousands. */
const mostEvents = 10_000

/** Asks for everything, of which each may fail without the others. Throws the signal's reason. */
export async function collect(options: CollectOptions): Promise<Collected> {
  const collected: Collected = {documents: [], leftOut: [...always]}
  const parts = partsOf(options)
  const limitMs = options.eventsMs + limitsOfPart * options.subject.limitMs
  await Promise.all(
    parts.map(async ({name, about, ask}) => {
      try {
        collected.documents.push({name, about, value: await withinTime(ask(), limitMs)})
      } catch (error) {
        options.signal.throwIfAborted()
        collected.leftOut.push({what: name, why: reasonOf(error)})
      }
    }),
  )
  const order = parts.map(({name}) => name)
  collected.documents.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
  return collected
}

/** What never goes in, as people ask for it. */
const always: readonly LeftOut[] = [
  {what: 'environment variables', why: 'their values are often secrets'},
  {what: 'commands and arguments', why: 'they often hold secrets'},
  {what: 'annotations and labels but those of io.kubernetes', why: 'anybody may write anything into them'},
  {what: 'logins of registries and keys', why: 'they are secrets'},
  {what: 'mounts, messages of containers, configuration of the runtime', why: 'they may hold any of these'},
]

interface Part {
  name: string
  about: string
  ask: () => Promise<unknown>
}

function partsOf({client, subject, eventsMs, signal, version}: CollectOptions): Part[] {
  const listOf = async <Item extends object>(
    message: string,
    items: Promise<readonly Item[]>,
    shape: allowed.Allowed,
  ) => (await items).map((item) => allowed.pick(protoJson(message, item), shape))
  return [
    {name: 'node.json', about: 'the machine, and crisp', ask: async () => nodeFacts(version)},
    {
      name: 'version.json',
      about: 'who the runtime is',
      ask: async () => allowed.pick(await subject.version(), allowed.version),
    },
    {
      name: 'info.json',
      about: 'conditions and features of the runtime, without its configuration',
      ask: async () =>
        allowed.pick(protoJson('StatusResponse', await subject.status()), allowed.runtimeStatus),
    },
    {
      name: 'runtime-config.json',
      about: 'the driver of control groups',
      ask: async () =>
        allowed.pick(
          protoJson('RuntimeConfigResponse', await subject.runtimeConfig()),
          allowed.runtimeConfig,
        ),
    },
    {
      name: 'pods.json',
      about: 'pods and their status',
      ask: () => statuses('PodSandboxStatus', subject.pods, subject.podStatuses, 'PodSandbox', allowed.pod),
    },
    {
      name: 'containers.json',
      about: 'containers and their status',
      ask: () =>
        statuses(
          'ContainerStatus',
          subject.containers,
          subject.containerStatuses,
          'Container',
          allowed.container,
        ),
    },
    {name: 'images.json', about: 'images', ask: () => listOf('Image', subject.images(), allowed.images)},
    {
      name: 'image-file-systems.json',
      about: 'what images take',
      ask: async () => {
        const {imageFilesystems, containerFilesystems} = await subject.imageFileSystems()
        const ofAll = (systems: readonly object[]) =>
          systems.map((system) => allowed.pick(protoJson('FilesystemUsage', system), allowed.imageFileSystem))
        return {images: ofAll(imageFilesystems), containers: ofAll(containerFilesystems)}
      },
    },
    {
      name: 'stats.json',
      about: 'what containers use',
      ask: () => listOf('ContainerStats', subject.containerStats(), allowed.stats),
    },
    {
      name: 'metrics.json',
      about: "the runtime's metrics of pods",
      ask: () =>
        listOf(
          'PodSandboxMetrics',
          listOrStream(
            async () =>
              (await client.runtime.listPodSandboxMetrics({}, {timeoutMs: subject.limitMs})).podMetrics,
            () => client.runtime.streamPodSandboxMetrics({}, whole({timeoutMs: subject.limitMs})),
            (chunk) => chunk.podSandboxMetrics,
          ),
          allowed.metrics,
        ),
    },
    {
      name: 'events.json',
      about: `what happened within ${eventsMs / 1000} s`,
      ask: () => eventsWithin(client, eventsMs),
    },
    {
      name: 'df.json',
      about: 'what images, containers and logs take on the disk',
      ask: async () => {
        const view = await lookAtNode(client)
        return allowed.pick(
          await lookAtDisk(client, view, {signal, host: platform() === 'linux'}),
          allowed.disk,
        )
      },
    },
    {name: 'doctor.json', about: 'what crisp doctor finds', ask: () => diagnosis(subject)},
  ]
}

/** Of each thing its status, or what the list says where there is none, and the process that is its first. */
async function statuses<
  Thing extends {id: string},
  Answer extends {status: object | null; info: Record<string, string>},
>(
  message: string,
  list: () => Promise<readonly Thing[]>,
  ask: () => Promise<readonly Asked<Thing, Answer>[]>,
  listed: string,
  shape: allowed.Allowed,
): Promise<unknown> {
  await list()
  return (await ask()).map(({thing, answer, error}) => {
    const known = allowed.pick(protoJson(listed, thing), shape)
    if (!answer?.status) return {...(known as object), noStatus: error ? reasonOf(error) : 'none was sent'}
    const {pid, cgroup} = processInfo(answer.info)
    return {
      ...(known as object),
      ...(allowed.pick(protoJson(message, answer.status), shape) as object),
      ...(pid === undefined ? {} : {pid}),
      ...(cgroup === undefined ? {} : {cgroup}),
    }
  })
}

async function eventsWithin(client: CriClient, eventsMs: number): Promise<unknown> {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), eventsMs)
  const events: unknown[] = []
  try {
    for await (const event of containerEvents(client, {signal: over.signal})) {
      events.push(allowed.pick(protoJson('ContainerEventResponse', event), allowed.event))
      if (events.length === mostEvents) break
    }
  } catch (error) {
    if (!over.signal.aborted) throw error
  } finally {
    clearTimeout(timer)
  }
  return events
}

/** What shows it may be the words of a container, as in a message of why it did not start. */
const withWordsOfContainers: ReadonlySet<string> = new Set([
  'pods',
  'crashes',
  'responses',
  'images',
  'deprecations',
])

async function diagnosis(subject: Subject): Promise<unknown> {
  const outcomes = await examine(
    checks.filter(({isAsked}) => isAsked?.(subject) ?? true),
    subject,
  )
  const {findings, ...rest} = examinedDocument({endpoint: undefined, runtime: undefined, outcomes})
  return {
    result: rest.result,
    checks: rest.checks,
    findings: findings.map(({evidence, ...finding}) =>
      withWordsOfContainers.has(finding.check) ? finding : {...finding, evidence},
    ),
  }
}

function nodeFacts(version: string): unknown {
  return {
    crisp: version,
    at: new Date().toISOString(),
    host: hostname(),
    system: platform(),
    kernel: release(),
    machine: machine(),
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    load: loadavg(),
    uptimeSeconds: Math.floor(uptime()),
  }
}

/** The runtime's words on a failure may hold anything: its code says enough. */
function reasonOf(error: unknown): string {
  if (error instanceof RpcError)
    return error.message.slice(0, error.message.length - error.details.length).replace(/: $/, '')
  return error instanceof UserError || error instanceof NotChecked ? error.message : 'it failed'
}
