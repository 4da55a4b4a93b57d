import {load} from 'js-yaml'
import type {HostProcess} from '../node/host/processes.js'
import type {Host} from './host.js'
import {NotChecked} from './not-checked.js'

/** What the node tells of its kubelet. */
export interface KubeletFacts {
  process: HostProcess | undefined
  /** Flags that it was started with, without their dashes; empty where it does not run. */
  flags: ReadonlyMap<string, string>
  /** Its configuration, and where that is. */
  configPath: string
  config: Readonly<Record<string, unknown>> | undefined
  /** The socket that it uses, as far as flags or configuration name one. */
  endpoint: string | undefined
}

const usualConfigPath = '/var/lib/kubelet/config.yaml'

/** Undefined on a node that has none: neither a process nor a configuration. */
export async function readKubelet(host: Host): Promise<KubeletFacts | undefined> {
  const process = await runningKubelet(host)
  const flags = flagsOf([...((await flagsOfKubeadm(host)) ?? []), ...(process?.command.slice(1) ?? [])])
  const configPath = flags.get('config') ?? usualConfigPath
  const text = await host.text(configPath)
  if (!process && text === undefined) return undefined
  const config = text === undefined ? undefined : settingsIn(text)
  const endpoint = flags.get('container-runtime-endpoint') ?? config?.containerRuntimeEndpoint
  return {
    process,
    flags,
    configPath,
    config,
    endpoint: typeof endpoint === 'string' && endpoint !== '' ? endpoint : undefined,
  }
}

/** Throws NotChecked on a node without a kubelet. */
export async function kubeletOf(host: Host): Promise<KubeletFacts> {
  const facts = await readKubelet(host)
  if (!facts) throw new NotChecked('there is no kubelet on this node')
  return facts
}

async function runningKubelet(host: Host): Promise<HostProcess | undefined> {
  try {
    return (await host.processes()).find(({name}) => name === 'kubelet')
  } catch (error) {
    if (error instanceof NotChecked) return undefined
    throw error
  }
}

/** In force only once the kubelet was started with them; until then they say what is meant. */
async function flagsOfKubeadm(host: Host): Promise<string[] | undefined> {
  const text = await host.text('/var/lib/kubelet/kubeadm-flags.env')
  return /^KUBELET_KUBEADM_ARGS="?([^"\n]*)/m.exec(text ?? '')?.[1]?.split(/\s+/)
}

function flagsOf(words: readonly string[]): Map<string, string> {
  const flags = new Map<string, string>()
  for (const [index, word] of words.entries()) {
    const [, name, value] = /^--?([^=]+)(?:=(.*))?$/s.exec(word) ?? []
    if (name === undefined) continue
    const next = words[index + 1]
    flags.set(name, value ?? (next === undefined || next.startsWith('-') ? 'true' : next))
  }
  return flags
}

function settingsIn(text: string): Record<string, unknown> | undefined {
  try {
    const settings = load(text)
    return typeof settings === 'object' && settings !== null
      ? (settings as Record<string, unknown>)
      : undefined
  } catch {
    // What is wrong with it the kubelet says better.
    return undefined
  }
}
