import * as Flags from '@oclif/core/flags'
import {UsageError} from '../../errors/errors.js'
import {parseDevice, parseMount, parsePort} from '../../run/from-flags.js'
import {parseBytes, parseCpus} from '../../text/quantity.js'
import {detachKeysFlag} from './stream.js'
import {pairsFlag, valueFlag} from './types.js'

const pod = 'THE POD'
const container = 'THE CONTAINER'
const session = 'IN THE FOREGROUND'

const portFlag = valueFlag(parsePort, {helpValue: 'PORTS'})
const mountFlag = valueFlag((text) => parseMount(text, process.cwd()), {helpValue: 'MOUNT'})
const deviceFlag = valueFlag(parseDevice, {helpValue: 'DEVICE'})
const bytesFlag = valueFlag(parseBytes, {helpValue: 'SIZE', takesEmpty: true})
const cpusFlag = valueFlag(parseCpus, {helpValue: 'N', takesEmpty: true})

/** Given once for each. */
const list = (helpGroup: string, description: string, helpValue: string, char?: 'e') =>
  Flags.string({multiple: true, helpGroup, helpValue, description, ...(char && {char})})

/** What `crisp run IMAGE` makes, apart from image and command. */
export const containerFlags = {
  name: Flags.string({
    helpValue: 'NAME',
    description: 'name of pod and container; by default derived from the image',
  }),
  namespace: Flags.string({
    helpGroup: pod,
    helpValue: 'NAME',
    description: 'namespace of the pod',
  }),
  pod: Flags.string({
    helpGroup: pod,
    complete: 'ready-pod',
    helpValue: 'POD',
    description: 'use this pod, by ID or name, instead of a new one',
  }),
  publish: portFlag({
    char: 'p',
    multiple: true,
    helpGroup: pod,
    description: '[IP:]HOST:CONTAINER[/udp], forward a port of the node to the pod',
  }),
  'host-network': Flags.boolean({helpGroup: pod, description: "use the node's network"}),
  'host-pid': Flags.boolean({helpGroup: pod, description: "see the node's processes"}),
  'host-ipc': Flags.boolean({helpGroup: pod, description: "use the node's IPC"}),
  hostname: Flags.string({
    helpGroup: pod,
    helpValue: 'NAME',
    description: 'hostname of the pod; by default its name',
  }),
  dns: list(pod, "name server instead of the node's", 'IP'),
  'dns-search': list(pod, 'DNS search domain', 'DOMAIN'),
  'cgroup-parent': Flags.string({
    helpGroup: pod,
    helpValue: 'CGROUP',
    description: "parent cgroup of the pod, in the runtime's spelling; by default one of its own",
  }),
  'log-directory': Flags.string({
    helpGroup: pod,
    helpValue: 'DIR',
    description: 'directory for logs; /var/log/pods for root, else ~/.local/state/crisp/pods',
    complete: 'file',
  }),
  env: list(container, 'environment variable; NAME alone takes your value', 'NAME=VALUE', 'e'),
  'env-file': list(container, 'file with lines of NAME=VALUE', 'FILE'),
  volume: mountFlag({
    char: 'v',
    multiple: true,
    helpGroup: container,
    description: 'HOST:CONTAINER[:ro], mount a directory or file of the node',
    complete: 'file',
  }),
  device: deviceFlag({
    multiple: true,
    helpGroup: container,
    description: 'HOST[:CONTAINER[:rwm]], add a device of the node',
    complete: 'file',
  }),
  user: Flags.string({
    char: 'u',
    helpGroup: container,
    helpValue: 'USER[:GID]',
    description: 'user of the process; with files instead of an image the same as --username',
  }),
  workdir: Flags.string({
    char: 'w',
    helpGroup: container,
    helpValue: 'DIR',
    description: 'working directory',
  }),
  entrypoint: Flags.string({
    helpGroup: container,
    helpValue: 'PROGRAM',
    description: "run this instead of the image's entrypoint; COMMAND becomes its arguments",
  }),
  privileged: Flags.boolean({
    helpGroup: container,
    description: "full access to the node's devices and capabilities",
  }),
  'read-only': Flags.boolean({
    helpGroup: container,
    description: 'read-only root file system',
  }),
  'cap-add': list(container, 'Linux capability, such as NET_ADMIN', 'CAP'),
  'cap-drop': list(container, 'Linux capability, or ALL', 'CAP'),
  memory: bytesFlag({helpGroup: container, description: 'memory limit, such as 64m or 1.5g'}),
  cpus: cpusFlag({helpGroup: container, description: 'CPU limit, such as 0.5'}),
  label: pairsFlag({helpGroup: container, description: 'label of pod and container'}),
  annotation: pairsFlag({helpGroup: container, description: 'annotation of pod and container'}),
  interactive: Flags.boolean({char: 'i', helpGroup: session, description: 'pass stdin to the container'}),
  tty: Flags.boolean({char: 't', helpGroup: session, description: 'connect your terminal to the container'}),
  rm: Flags.boolean({
    helpGroup: session,
    description: 'wait until the container ends, then remove everything this run created',
  }),
  detach: Flags.boolean({
    char: 'd',
    helpGroup: session,
    description: 'return at once, even with -i or -t',
  }),
  'detach-keys': detachKeysFlag,
}

/** Those that a pod which is there already cannot take any more. */
const podFlags = [
  'namespace',
  'publish',
  'host-network',
  'hostname',
  'dns',
  'dns-search',
  'cgroup-parent',
  'log-directory',
  'runtime',
] as const

type Given = Readonly<Record<string, unknown>>

/** Throws UsageError for flags that would say nothing, since something else says it. */
export function checkContainerFlags(flags: Given, form: 'image' | 'files' | 'plan'): void {
  if (form !== 'image') {
    const stranger = Object.keys(containerFlags).find(
      (name) => name !== 'detach-keys' && !(name === 'user' && form === 'files') && isGiven(flags[name]),
    )
    if (stranger)
      throw new UsageError(
        `--${stranger} is for an image: here the ${form === 'plan' ? 'plan says' : 'files say'} it`,
      )
    if (form === 'plan' && isGiven(flags.runtime))
      throw new UsageError(
        "--runtime is for an image or files: here the plan says it, as the pod's runtime_handler",
      )
    return
  }
  const known = isGiven(flags.pod) ? podFlags.find((name) => isGiven(flags[name])) : undefined
  if (known) throw new UsageError(`--${known} cannot change the pod that --pod names: leave one of them out`)
  if (flags.detach && flags.rm) throw new UsageError('--rm needs the foreground: leave out -d or --rm')
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== false
}

/** Whether `run` stays until the container ends. */
export function isForeground(flags: {
  interactive: boolean
  tty: boolean
  rm: boolean
  detach: boolean
}): boolean {
  return (flags.interactive || flags.tty || flags.rm) && !flags.detach
}
