import {mkdir} from 'node:fs/promises'
import {join} from 'node:path'
import type {Container, Pod, Runtime} from '../state/runtime.js'
import {markOf, markVariable} from './children.js'
import {podPortsVariable} from './programs.js'

/** Where a container's process runs, and where what it writes counts as its own. */
export function directoryOf(runtime: Runtime, container: Container): string {
  return join(runtime.directory, 'containers', container.id.slice(0, 12))
}

/** Where the pod's processes put the sockets that stand for its ports. */
export function portsDirectoryOf(runtime: Runtime, pod: Pod): string {
  return join(runtime.directory, 'pods', pod.id.slice(0, 12))
}

/** Nothing of the server's own environment but the way to the host's programs. */
export async function environmentOf(runtime: Runtime, container: Container): Promise<Record<string, string>> {
  const {pod, config} = container
  const ports = portsDirectoryOf(runtime, pod)
  await mkdir(ports, {recursive: true})
  return {
    PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: directoryOf(runtime, container),
    HOSTNAME: pod.config.hostname || pod.metadata.name,
    ...(config.tty ? {TERM: 'xterm'} : {}),
    ...Object.fromEntries(config.envs.map(({key, value}) => [key, Buffer.from(value).toString()])),
    [podPortsVariable]: ports,
    [markVariable]: markOf(runtime.directory, container.id),
  }
}
