import {realpath} from 'node:fs/promises'
import {isIP} from 'node:net'
import {networkInterfaces} from 'node:os'
import type {CriClient} from '../../client/connect.js'
import {listContainers, listPodSandboxes} from '../../client/lists.js'
import {NotFoundError, UsageError, UserError} from '../../errors/errors.js'
import type {Container, ContainerStatus, PodSandbox, PodSandboxStatus} from '../../generated/cri.js'
import {concurrently} from '../concurrently.js'
import {idInside} from '../host/processes.js'
import {idsIn, type Listener, type Proc} from './proc.js'

// From what one meets on a node (a process, a port, an address, a path) back to the container. The CRI knows only
// the way there, so the node is asked as well: it must be the one whose runtime answers.

export type Query =
  | {kind: 'process'; pid: number}
  /** With an address only what listens there, or on all addresses of the pod that has it. */
  | {kind: 'port'; port: number; address?: string}
  | {kind: 'address'; address: string}
  | {kind: 'path'; path: string}
  /** As the node numbers users. */
  | {kind: 'user'; uid: number}

export interface Finding {
  pod: PodSandbox
  /** None where the pod itself is meant: its address, its pause process. */
  container?: Container | undefined
  /** How it is connected with what was asked for. */
  because: string
}

/** `1234`, `:8080`, `10.0.0.7`, `10.0.0.7:8080`, `/var/lib/x`. Throws UsageError for anything else. */
export function parseQuery(text: string): Query {
  if (/^\d+$/.test(text)) return {kind: 'process', pid: Number(text)}
  const address = text.replace(/^\[(.*)\]$/, '$1')
  if (isIP(address)) return {kind: 'address', address: plainAddress(address)}
  const [, host = '', digits] = /^(.*):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits ?? 0)
  if (port > 0 && port < 65_536) {
    if (host === '' || host === '*') return {kind: 'port', port}
    const within = host.replace(/^\[(.*:.*)\]$/, '$1')
    if (isIP(within) === (within === host ? 4 : 6)) return {kind: 'port', port, address: plainAddress(within)}
  }
  if (text.startsWith('/')) return {kind: 'path', path: text.replace(/(?<=.)\/+$/, '')}
  throw new UsageError(`"${text}" should be a PID, a :PORT, an IP address, an ADDRESS:PORT or a /PATH`)
}

/** In one spelling; an IPv4 address that is written as an IPv6 one is the IPv4 address. */
function plainAddress(address: string): string {
  if (isIP(address) !== 6) return address
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain) ?? []
  if (high === undefined || low === undefined) return plain
  const bytes = [high, low]
    .map((part) => Number.parseInt(part, 16))
    .flatMap((part) => [part >> 8, part & 255])
  return bytes.join('.')
}

/** Asks runtime and node; what one question has brought is there for the next. */
/** The process that looks: it is on the node's own network, and as root may look at all others. */
export interface Self {
  pid: number
  /** undefined where users have no numbers. */
  uid: number | undefined
}

export class Which {
  readonly #client: CriClient
  readonly #proc: Proc
  readonly #self: Self
  readonly #once = new Map<string, Promise<unknown>>()

  constructor(client: CriClient, proc: Proc, self: Self) {
    this.#client = client
    this.#proc = proc
    this.#self = self
  }

  /** Throws NotFoundError where nothing is found, UserError where what would tell may not be read. */
  async find(query: Query): Promise<Finding[]> {
    this.#proc.denied = false
    const findings = await this.#lookUp(query)
    if (findings.length > 0) return findings
    if (this.#proc.denied && this.#self.uid !== 0)
      throw new UserError(`${wordsFor(query)}: other users' processes may not be looked at`, {
        facts: {about: "other users' processes"},
      })
    throw new NotFoundError(await this.#nothingFound(query))
  }

  #lookUp(query: Query): Promise<Finding[]> {
    switch (query.kind) {
      case 'process':
        return this.#byProcess(query.pid)
      case 'port':
        return this.#byPort(query.port, query.address)
      case 'address':
        return this.#byAddress(query.address)
      case 'path':
        return this.#byPath(query.path)
      case 'user':
        return this.#byUser(query.uid)
    }
  }

  async #nothingFound(query: Query): Promise<string> {
    if (query.kind !== 'process') return `${wordsFor(query)} belongs to no container of this runtime`
    const name = await this.#proc.nameOf(query.pid)
    return name === undefined
      ? `no process ${query.pid} on this machine (a port is written :${query.pid})`
      : `process ${query.pid} (${name}) belongs to no container of this runtime`
  }

  async #byProcess(pid: number): Promise<Finding[]> {
    const name = await this.#proc.nameOf(pid)
    if (name === undefined) return []
    const owner = await this.#ownerOf(pid)
    return owner ? [{...owner, because: `process ${pid} (${name})`}] : []
  }

  /**
   * The control group names container or pod; a runtime that makes none (the embedded one) still knows its first
   * process, from which the others come.
   */
  async #ownerOf(pid: number): Promise<Omit<Finding, 'because'> | undefined> {
    const named = await this.#ofIds(idsIn((await this.#proc.cgroupOf(pid)) ?? ''))
    if (named.length > 0) return named[0]
    const ancestors = new Set(await this.#proc.ancestors(pid))
    const firsts = await this.#firstProcesses()
    const containers = await this.#containers()
    const container = containers.find(({id}) => ancestors.has(firsts.get(id) ?? 0))
    return container && this.#withPod(container)
  }

  async #byPort(port: number, asked: string | undefined): Promise<Finding[]> {
    const listeners = (
      await Promise.all(
        (
          await this.#networks()
        ).map(async (network) =>
          (await this.#proc.listeners(network, port)).map((listener) => ({...listener, network})),
        ),
      )
    ).flat()
    if (listeners.length === 0) return []
    const owners = await this.#proc.ownersOf(new Set(listeners.map(({inode}) => inode)))
    const findings = await Promise.all(
      listeners.flatMap((listener) =>
        (owners.get(listener.inode) ?? []).map(async (pid): Promise<Finding[]> => {
          const owner = await this.#ownerOf(pid)
          if (!owner || (asked !== undefined && !(await this.#answersAt(asked, listener, owner.pod))))
            return []
          const name = await this.#proc.nameOf(pid)
          const socket = `${asHost(listener.address)}:${port}/${listener.protocol}`
          return [{...owner, because: `process ${pid} (${name}) listens on ${socket}`}]
        }),
      ),
    )
    return onePerSocket(findings.flat())
  }

  /** Whether who listens there is reached at an address, its own or, where it listens on all, its network's. */
  async #answersAt(asked: string, {address, network}: ListenerIn, pod: PodSandbox): Promise<boolean> {
    const own = plainAddress(address)
    if (own === asked) return true
    if (own !== '0.0.0.0' && own !== '::') return false
    if (asked === '::1' || asked.startsWith('127.')) return true
    if (network === this.#self.pid && nodeAddresses().has(asked)) return true
    return (await this.#byAddress(asked)).some((finding) => finding.pod.id === pod.id)
  }

  /** One process for each network of the node: its own, and those of the pods. */
  async #networks(): Promise<number[]> {
    const pids = [this.#self.pid, ...(await this.#firstProcesses()).values()]
    const networks = new Map<string, number>()
    for (const pid of pids) {
      const network = await this.#proc.networkOf(pid)
      if (network !== undefined && !networks.has(network)) networks.set(network, pid)
    }
    return [...networks.values()]
  }

  async #byAddress(address: string): Promise<Finding[]> {
    const pods = await this.#pods()
    return (await this.#podStatuses()).flatMap((status) => {
      const {ip = '', additionalIps = []} = status.network ?? {}
      const pod = pods.find(({id}) => id === status.id)
      const has = [ip, ...additionalIps.map((additional) => additional.ip)]
        .map(plainAddress)
        .includes(address)
      return pod && has ? [{pod, because: `address ${address}`}] : []
    })
  }

  /** The pods that number a user of their own so on the node, and the containers with a process of that user. */
  async #byUser(uid: number): Promise<Finding[]> {
    const pods = await this.#pods()
    const mapped = (await this.#podStatuses()).flatMap((status): Finding[] => {
      const pod = pods.find(({id}) => id === status.id)
      const {mode, uids = []} = status.linux?.namespaces?.options?.usernsOptions ?? {}
      const inside = idInside(
        uids.map(({containerId, hostId, length}) => ({inside: containerId, outside: hostId, count: length})),
        uid,
      )
      return pod && mode === 'POD' && uids.length > 0 && inside !== undefined
        ? [{pod, because: `user ${uid} of the node is its user ${inside}`}]
        : []
    })
    const found = [...mapped]
    for (const pid of await this.#proc.processesOf(uid)) {
      const owner = await this.#ownerOf(pid)
      const isKnown = found.some(
        ({pod, container}) => container?.id === owner?.container?.id && pod.id === owner?.pod.id,
      )
      if (owner && !isKnown)
        found.push({
          ...owner,
          because: `process ${pid} (${await this.#proc.nameOf(pid)}) runs as user ${uid}`,
        })
    }
    return found
  }

  async #byPath(path: string): Promise<Finding[]> {
    // /var/log/containers holds links into /var/log/pods.
    const paths = [path, await realpath(path).catch(() => path)]
    const reasons = new Map((await this.#statuses()).map(({status}) => [status.id, reasonFor(paths, status)]))
    const containers = (await this.#containers()).filter(({id}) => reasons.get(id) !== undefined)
    const findings = await Promise.all(
      containers.map(async (container) => ({
        ...(await this.#withPod(container)),
        because: reasons.get(container.id) ?? '',
      })),
    )
    const roots = await this.#byRoot((root) => paths.some((each) => isWithin(each, root)))
    const rooted = roots.map((finding) => ({...finding, because: 'its root file system'}))
    const within = [...findings, ...rooted, ...(await this.#byLayer(path))]
    if (within.length > 0) return within
    const named = await this.#ofIds(paths.flatMap((each) => [...idsIn(each), ...uidsIn(each)]))
    return named.map((finding) => ({...finding, because: 'named in the path'}))
  }

  /** Whose root file system has the directory as one of its layers: overlay mounts say so. */
  async #byLayer(path: string): Promise<Finding[]> {
    const lines = (await this.#proc.mountsOf('self')).filter((line) =>
      layersOf(line).some((layer) => isWithin(path, layer)),
    )
    const mountPoints = lines.map((line) => line.split(' ')[4] ?? '')
    const named = await this.#ofIds(mountPoints.flatMap(idsIn))
    const findings = named.length > 0 ? named : await this.#byRoot((root) => mountPoints.includes(root))
    return findings.map((finding) => ({...finding, because: 'a layer of its root file system'}))
  }

  /** CRI-O mounts a root file system under an ID of its own, which the verbose status tells. */
  async #byRoot(isMeant: (root: string) => boolean): Promise<Omit<Finding, 'because'>[]> {
    const roots = new Map((await this.#statuses()).map(({status, info}) => [status.id, rootsIn(info)]))
    const containers = (await this.#containers()).filter(({id}) => roots.get(id)?.some(isMeant))
    return Promise.all(containers.map((container) => this.#withPod(container)))
  }

  /** Containers and pods of these IDs and UIDs, a container rather than its pod. */
  async #ofIds(ids: readonly string[]): Promise<Omit<Finding, 'because'>[]> {
    if (ids.length === 0) return []
    const [containers, pods] = [await this.#containers(), await this.#pods()]
    const named = containers.filter(({id}) => ids.includes(id))
    if (named.length > 0) return Promise.all(named.map((container) => this.#withPod(container)))
    return pods
      .filter(({id, metadata}) => ids.includes(id) || ids.includes(metadata?.uid ?? ''))
      .map((pod) => ({pod}))
  }

  async #withPod(container: Container): Promise<Omit<Finding, 'because'>> {
    const pods = await this.#pods()
    const pod = pods.find(({id}) => id === container.podSandboxId)
    // Its pod may have gone since the list was made; its ID is still true.
    return {container, pod: pod ?? ({id: container.podSandboxId, labels: {}, annotations: {}} as PodSandbox)}
  }

  #containers(): Promise<Container[]> {
    return this.#askOnce('containers', () => listContainers(this.#client))
  }

  #pods(): Promise<PodSandbox[]> {
    return this.#askOnce('pods', () => listPodSandboxes(this.#client))
  }

  #statuses(): Promise<{status: ContainerStatus; info: Record<string, string>}[]> {
    return this.#askOnce('statuses', async () => {
      const outcomes = await concurrently(await this.#containers(), inFlight, ({id}) =>
        this.#client.runtime.containerStatus({containerId: id, verbose: true}),
      )
      return outcomes.flatMap((outcome) =>
        outcome.status === 'fulfilled' && outcome.value.status
          ? [{status: outcome.value.status, info: outcome.value.info}]
          : [],
      )
    })
  }

  #podStatuses(): Promise<PodSandboxStatus[]> {
    return this.#askOnce('pod statuses', async () => {
      const outcomes = await concurrently(await this.#pods(), inFlight, ({id}) =>
        this.#client.runtime.podSandboxStatus({podSandboxId: id}),
      )
      return outcomes.flatMap((outcome) =>
        outcome.status === 'fulfilled' && outcome.value.status ? [outcome.value.status] : [],
      )
    })
  }

  /** The first process of each running container, by its ID. */
  #firstProcesses(): Promise<Map<string, number>> {
    return this.#askOnce('first processes', async () => {
      const running = (await this.#statuses()).filter(({status}) => status.state === 'CONTAINER_RUNNING')
      return new Map(
        running.flatMap(({status, info}) => pidsIn(info).map((pid) => [status.id, pid] as const)),
      )
    })
  }

  #askOnce<Value>(name: string, ask: () => Promise<Value>): Promise<Value> {
    const known = this.#once.get(name) ?? ask()
    this.#once.set(name, known)
    return known as Promise<Value>
  }
}

const inFlight = 8

interface ListenerIn extends Listener {
  /** A process in the network in which it listens. */
  network: number
}

function nodeAddresses(): Set<string> {
  return new Set(
    Object.values(networkInterfaces()).flatMap((addresses) =>
      (addresses ?? []).map(({address}) => plainAddress(address)),
    ),
  )
}

function asHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

function wordsFor(query: Query): string {
  switch (query.kind) {
    case 'process':
      return `process ${query.pid}`
    case 'port':
      return query.address === undefined ? `port ${query.port}` : `${asHost(query.address)}:${query.port}`
    case 'address':
      return query.address
    case 'path':
      return query.path
    case 'user':
      return `user ${query.uid}`
  }
}

function pidsIn(info: Readonly<Record<string, string>>): number[] {
  return partsOf(info).flatMap(({pid}) => (typeof pid === 'number' && pid > 0 ? [pid] : []))
}

/** Absolute ones: containerd's is relative to a directory of its own. */
function rootsIn(info: Readonly<Record<string, string>>): string[] {
  return partsOf(info).flatMap(({runtimeSpec}) => {
    const path = runtimeSpec?.root?.path
    return typeof path === 'string' && path.startsWith('/') ? [path] : []
  })
}

interface InfoPart {
  pid?: unknown
  runtimeSpec?: {root?: {path?: unknown} | null} | null
}

/** Runtimes differ in the name of the part; in all of them it is JSON. */
function partsOf(info: Readonly<Record<string, string>>): InfoPart[] {
  return Object.values(info).flatMap((text) => {
    try {
      const part = JSON.parse(text) as InfoPart | null
      return typeof part === 'object' && part !== null ? [part] : []
    } catch {
      return [] // a part that is plain text
    }
  })
}

function uidsIn(path: string): string[] {
  return [...path.matchAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g)].map(([uid]) => uid)
}

/** The longest way from the node into the container, or its log. */
function reasonFor(paths: readonly string[], {mounts, logPath}: ContainerStatus): string | undefined {
  const [mount] = mounts
    .filter(({hostPath}) => hostPath !== '' && paths.some((path) => isWithin(path, hostPath)))
    .sort((a, b) => b.hostPath.length - a.hostPath.length)
  if (mount) return `mounts ${mount.hostPath} as ${mount.containerPath}`
  // Rotated ones are called 0.log.20261125-031500.gz.
  const isLog = (path: string) => path === logPath || path.startsWith(`${logPath}.`)
  return logPath !== '' && paths.some(isLog) ? 'its log' : undefined
}

function isWithin(path: string, folder: string): boolean {
  const whole = folder.replace(/\/+$/, '')
  return path === whole || path.startsWith(`${whole}/`)
}

/** The directories that an overlay mount is made of, from a line of mountinfo. */
function layersOf(line: string): string[] {
  return [...line.matchAll(/[, ](?:upperdir|lowerdir|workdir)=([^, ]+)/g)].flatMap(([, layers = '']) =>
    layers.split(':'),
  )
}

/** Several processes of one container may hold the same socket. */
function onePerSocket(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>()
  return findings.filter(({pod, container, because}) => {
    const key = `${container?.id ?? pod.id} ${because.replace(/^process \d+ \(.*?\) /, '')}`
    return !seen.has(key) && seen.add(key)
  })
}
