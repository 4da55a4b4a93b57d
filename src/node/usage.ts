import type {CallOptions} from '../client/call-options.js'
import type {CriClient} from '../client/connect.js'
import {listPodSandboxStatsRows} from '../client/list-rows.js'
import {listOrStream, listPodSandboxes, whole} from '../client/lists.js'
import {RpcError, rpcCode} from '../errors/errors.js'
import type {
  ContainerStats,
  ContainerStatsFilter,
  ContainerStatus,
  CpuUsage,
  Input,
  NetworkInterfaceUsage,
  NetworkUsage,
  PodSandbox,
  PodSandboxStats,
  PodSandboxStatsFilter,
} from '../generated/cri.js'
import {concurrently} from './concurrently.js'

/** By ID, as crictl sorts them. Containers that do not run are missing from most runtimes' answer. */
export async function listContainerStats(
  client: CriClient,
  filter: Input<ContainerStatsFilter> = {},
  options?: CallOptions,
): Promise<ContainerStats[]> {
  const stats = await listOrStream(
    async () => (await client.runtime.listContainerStats({filter}, options)).stats,
    () => client.runtime.streamContainerStats({filter}, whole(options)),
    (chunk) => chunk.containerStats,
  )
  return sortById(stats)
}

/** Told of each pod whose figures the runtime does not give. */
export type OnPodFailure = (pod: PodSandbox, error: unknown) => void

/**
 * By ID. containerd leaves out sandboxes that are not ready, and gives up the whole list for one that it cannot
 * measure (1.6: any without a cgroup parent): then each is asked for alone, and `onFailure` told of those that fail.
 * Throws what the list did where no pod can be measured, or nobody wants to be told.
 */
export async function listPodSandboxStats(
  client: CriClient,
  filter: Input<PodSandboxStatsFilter> = {},
  onFailure?: OnPodFailure,
): Promise<PodSandboxStats[]> {
  try {
    return sortById(await listPodSandboxStatsRows(client, filter))
  } catch (error) {
    const ofOnePod = error instanceof RpcError && error.code === rpcCode.unknown
    if (!ofOnePod || !onFailure) throw error
    return await eachPodStats(client, filter, onFailure, error)
  }
}

async function eachPodStats(
  client: CriClient,
  filter: Input<PodSandboxStatsFilter>,
  onFailure: OnPodFailure,
  listError: RpcError,
): Promise<PodSandboxStats[]> {
  const pods = await listPodSandboxes(client, {...filter, state: {state: 'SANDBOX_READY'}})
  const outcomes = await concurrently(pods, 8, ({id}) => client.runtime.podSandboxStats({podSandboxId: id}))
  const stats = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' && outcome.value.stats ? [outcome.value.stats] : [],
  )
  if (stats.length === 0) throw listError
  for (const [index, pod] of pods.entries()) {
    const outcome = outcomes[index]
    if (outcome?.status === 'rejected') onFailure(pod, outcome.reason)
  }
  return sortById(stats)
}

/** As crictl sorts them. */
export function sortById<Stats extends {attributes: {id: string} | null}>(stats: readonly Stats[]): Stats[] {
  return stats
    .map((item) => ({item, id: item.attributes?.id ?? ''}))
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    .map(({item}) => item)
}

/**
 * Cores in use, 1 for one core fully busy: from two samples where there is an earlier one, else from the runtime's
 * own rate (containerd 2.0 and CRI-O fill usage_nano_cores), which also serves while the runtime's figures stand
 * still. undefined where neither tells.
 */
export function coresUsed(now: MeasuredCpu, before?: MeasuredCpu): number | undefined {
  if (!now) return undefined
  const used = difference(now.usageCoreNanoSeconds?.value, before?.usageCoreNanoSeconds?.value)
  const elapsed = before ? difference(now.timestamp, before.timestamp) : undefined
  if (used !== undefined && elapsed !== undefined && used >= 0n && elapsed > 0n)
    return Number(used) / Number(elapsed)
  const rate = now.usageNanoCores?.value
  return rate === undefined ? undefined : Number(rate) / 1e9
}

/** Linux and Windows measure CPU time in the same terms. */
type MeasuredCpu = Pick<CpuUsage, 'timestamp' | 'usageCoreNanoSeconds' | 'usageNanoCores'> | null | undefined

/** What a counter grew by each second; undefined where it went back, or time stood still. */
export function ratePerSecond(
  now: {value: string; timestampNs: string},
  before: {value: string; timestampNs: string},
): number | undefined {
  const grown = BigInt(now.value) - BigInt(before.value)
  const elapsed = BigInt(now.timestampNs) - BigInt(before.timestampNs)
  return grown >= 0n && elapsed > 0n ? (Number(grown) / Number(elapsed)) * 1e9 : undefined
}

function difference(now: string | undefined, before: string | undefined): bigint | undefined {
  return now === undefined || before === undefined ? undefined : BigInt(now) - BigInt(before)
}

/**
 * Whether the runtime itself says how busy each of these is, so that one sample is enough. A rate of 0 beside a
 * counter that has counted may be the first answer of a runtime that reckons from one question to the next.
 */
export function hasRates(usages: readonly MeasuredCpu[]): boolean {
  return usages.every(
    (usage) =>
      !usage ||
      (usage.usageNanoCores !== null &&
        (usage.usageNanoCores.value !== '0' || (usage.usageCoreNanoSeconds?.value ?? '0') === '0')),
  )
}

/**
 * The pod's way out: eth0, else the first that is not the loopback. CRI-O calls `lo` the default interface, and
 * containerd repeats the default among the others.
 */
export function podInterface(network: NetworkUsage | null | undefined): NetworkInterfaceUsage | undefined {
  const all = [network?.defaultInterface, ...(network?.interfaces ?? [])].filter((item) => item != null)
  return all.find(({name}) => name === 'eth0') ?? all.find(({name}) => name !== 'lo') ?? undefined
}

/** How much a container may use; what is not limited is left out. */
export function limitsOf(status: ContainerStatus | undefined): {cores?: number; memoryBytes?: number} {
  const {cpuQuota = '0', cpuPeriod = '0', memoryLimitInBytes = '0'} = status?.resources?.linux ?? {}
  return {
    ...(Number(cpuQuota) > 0 && Number(cpuPeriod) > 0 ? {cores: Number(cpuQuota) / Number(cpuPeriod)} : {}),
    ...(Number(memoryLimitInBytes) > 0 ? {memoryBytes: Number(memoryLimitInBytes)} : {}),
  }
}
