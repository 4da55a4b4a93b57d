import type {CallOptions} from '../client/call-options.js'
import type {CriClient} from '../client/connect.js'
import {messageFrom} from '../config-files/message.js'
import {parseTree} from '../config-files/tree.js'
import {UserError} from '../errors/errors.js'
import type {ContainerConfig, Input, PodSandboxConfig, PodSandboxStatus} from '../generated/cri.js'
import {type PodPlaces, podPlacesIn} from '../node/runtimes.js'
import {logDirectoryOf} from './from-flags.js'

/**
 * The configuration that a pod was made with, which CreateContainer wants again. containerd keeps it in the verbose
 * status; for other runtimes it is put together from what the status says.
 */
export async function podConfigOf(
  client: CriClient,
  podSandboxId: string,
  options?: CallOptions,
): Promise<Input<PodSandboxConfig>> {
  const {status, info} = await client.runtime.podSandboxStatus({podSandboxId, verbose: true}, options)
  if (!status) throw new UserError(`pod ${podSandboxId}: the runtime gives no status`)
  return keptConfig('PodSandboxConfig', info.info) ?? configFrom(status, podPlacesIn(info))
}

interface Configs {
  PodSandboxConfig: Input<PodSandboxConfig>
  ContainerConfig: Input<ContainerConfig>
}

/**
 * What a pod or container was made with, from the verbose status: containerd 1.6 to 2.3 hold it as `config`, in the
 * proto's own names. undefined where it is not told, or not whole.
 */
export function keptConfig<Name extends keyof Configs>(
  message: Name,
  infoJson = '{}',
): Configs[Name] | undefined {
  try {
    const [tree] = parseTree(infoJson)
    const config = tree?.kind === 'mapping' && tree.entries.find(({key}) => key === 'config')?.value
    return config ? (messageFrom(message, config) as Configs[Name]) : undefined
  } catch {
    // Another runtime's own idea of `config`, or a field newer than our proto.
    return undefined
  }
}

function configFrom(
  {metadata, labels, annotations, linux}: PodSandboxStatus,
  {logDirectory, cgroupParent}: PodPlaces,
): Input<PodSandboxConfig> {
  const options = linux?.namespaces?.options
  return {
    metadata: {...metadata},
    // Where it is not told, the kubelet's place: with most runtimes this alone decides where the log goes.
    logDirectory: logDirectory ?? logDirectoryOf('/var/log/pods', {...metadata}),
    labels,
    annotations,
    linux: {
      ...(cgroupParent === undefined ? {} : {cgroupParent}),
      securityContext: options ? {namespaceOptions: options} : {},
    },
  }
}
