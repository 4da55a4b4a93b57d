import type {
  ContainerStats,
  ContainerStatsFilter,
  CpuUsage,
  Input,
  PodSandboxStats,
  PodSandboxStatsFilter,
} from '../generated/cri.js'
import type {CriClient} from './connect.js'
import {listed} from './lists.js'

/** By ID, as crictl sorts them. Containers that do not run are missing from most runtimes' answer. */
export async function listContainerStats(
  client: CriClient,
  filter: Input<ContainerStatsFilter> = {},
): Promise<ContainerStats[]> {
  const stats = await listed(
    async () => (await client.runtime.listContainerStats({filter})).stats,
    () => client.runtime.streamContainerStats({filter}),
    (chunk) => chunk.containerStats,
  )
  return stats.sort(byId)
}

/** By ID. containerd leaves out sandboxes that are not ready. */
export async function listPodSandboxStats(
  client: CriClient,
  filter: Input<PodSandboxStatsFilter> = {},
): Promise<PodSandboxStats[]> {
  const stats = await listed(
    async () => (await client.runtime.listPodSandboxStats({filter})).stats,
    () => client.runtime.streamPodSandboxStats({filter}),
    (chunk) => chunk.podSandboxStats,
  )
  return stats.sort(byId)
}

function byId(a: {attributes: {id: string} | null}, b: {attributes: {id: string} | null}): number {
  const [first, second] = [a.attributes?.id ?? '', b.attributes?.id ?? '']
  return first < second ? -1 : first > second ? 1 : 0
}

/**
 * Cores in use, 1 for one core fully busy: from two samples where there is an earlier one, else from the runtime's
 * own rate (containerd 2.0 and CRI-O fill usage_nano_cores). undefined where neither tells: the counter's time
 * stood still, the container was restarted in between, or there is one sample only.
 */
export function coresUsed(now: CpuUsage | null | undefined, before?: CpuUsage | null): number | undefined {
  if (!now) return undefined
  const used = difference(now.usageCoreNanoSeconds?.value, before?.usageCoreNanoSeconds?.value)
  const elapsed = before ? difference(now.timestamp, before.timestamp) : undefined
  if (used !== undefined && elapsed !== undefined && used >= 0n && elapsed > 0n)
    return Number(used) / Number(elapsed)
  const rate = now.usageNanoCores?.value
  return rate === undefined || before ? undefined : Number(rate) / 1e9
}

function difference(now: string | undefined, before: string | undefined): bigint | undefined {
  return now === undefined || before === undefined ? undefined : BigInt(now) - BigInt(before)
}

/** Whether the runtime itself says how busy each of these is, so that one sample is enough. */
export function hasRates(usages: readonly (CpuUsage | null | undefined)[]): boolean {
  return usages.every((usage) => !usage || usage.usageNanoCores !== null)
}
