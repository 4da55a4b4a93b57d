import {isAbsolute, resolve} from 'node:path'
import {UsageError, UserError} from '../errors/errors.js'
import type {
  ContainerConfig,
  Device,
  DNSConfig,
  Input,
  KeyValue,
  LinuxContainerSecurityContext,
  Mount,
  NamespaceOption,
  PodSandboxConfig,
  PodSandboxMetadata,
  PortMapping,
} from '../generated/cri.js'

// `crisp run IMAGE` in the CRI's words. All pure: what comes from the process and the node are arguments.

export interface PodFlags {
  name: string
  namespace: string
  uid: string
  label?: Readonly<Record<string, string>> | undefined
  annotation?: Readonly<Record<string, string>> | undefined
  hostname?: string | undefined
  publish?: readonly Input<PortMapping>[] | undefined
  dns?: readonly string[] | undefined
  'dns-search'?: readonly string[] | undefined
  'host-network'?: boolean
  'host-pid'?: boolean
  'host-ipc'?: boolean
  privileged?: boolean
  cgroupParent: string
  logRoot: string
  /** For a pod whose node has a resolver of its own that a pod cannot reach. */
  nodeDns?: Input<DNSConfig> | undefined
}

export function podConfigFrom(flags: PodFlags): Input<PodSandboxConfig> {
  const {name, namespace, uid} = flags
  const metadata = {name, namespace, uid, attempt: 0}
  const hostNetwork = flags['host-network'] ?? false
  if (hostNetwork && flags.publish?.length) {
    throw new UsageError(
      '-p means nothing with --host-network: every port of the container is one of the host',
    )
  }
  const dns = {servers: flags.dns ?? [], searches: flags['dns-search'] ?? []}
  const asked = dns.servers.length + dns.searches.length > 0
  const dnsConfig = asked
    ? {servers: [...dns.servers], searches: [...dns.searches]}
    : hostNetwork
      ? undefined
      : flags.nodeDns
  return {
    metadata,
    // A pod on the host's network has the host's name, as with the kubelet.
    ...(hostNetwork ? {} : {hostname: flags.hostname ?? hostnameFor(name)}),
    logDirectory: logDirectoryOf(flags.logRoot, metadata),
    ...(dnsConfig ? {dnsConfig} : {}),
    ...(flags.publish?.length ? {portMappings: [...flags.publish]} : {}),
    labels: {...flags.label, ...podLabels(metadata)},
    ...(flags.annotation ? {annotations: flags.annotation} : {}),
    linux: {
      cgroupParent: flags.cgroupParent,
      securityContext: {
        namespaceOptions: namespaceOptions(flags),
        ...(flags.privileged ? {privileged: true} : {}),
      },
    },
  }
}

/** What the kubelet puts on its own, so that every tool shows where a container belongs. */
function podLabels({name, namespace, uid}: Input<PodSandboxMetadata>): Record<string, string> {
  return {
    'io.kubernetes.pod.name': name ?? '',
    'io.kubernetes.pod.namespace': namespace ?? '',
    'io.kubernetes.pod.uid': uid ?? '',
  }
}

/** Where the kubelet would put the pod's logs, below `root`. */
export function logDirectoryOf(root: string, {namespace, name, uid}: Input<PodSandboxMetadata>): string {
  return `${root}/${namespace}_${name}_${uid}`
}

/** The kernel takes 64 characters; a DNS label 63. */
function hostnameFor(name: string): string {
  return name.slice(0, 63).replace(/[-.]+$/, '')
}

export interface ContainerFlags {
  name: string
  image: string
  command: readonly string[]
  entrypoint?: string | undefined
  env?: readonly string[] | undefined
  /** Texts of env files by their names. */
  envFiles?: readonly {name: string; text: string}[]
  volume?: readonly Input<Mount>[] | undefined
  device?: readonly Input<Device>[] | undefined
  user?: string | undefined
  workdir?: string | undefined
  'read-only'?: boolean
  'cap-add'?: readonly string[] | undefined
  'cap-drop'?: readonly string[] | undefined
  'host-pid'?: boolean
  'host-ipc'?: boolean
  privileged?: boolean
  /** In bytes. */
  memory?: number | undefined
  cpus?: {cpuPeriod: string; cpuQuota: string} | undefined
  label?: Readonly<Record<string, string>> | undefined
  annotation?: Readonly<Record<string, string>> | undefined
  tty?: boolean
  interactive?: boolean
  /** Stdin ends with the one session that is attached, as that of a foreground container does. */
  stdinOnce?: boolean
}

export interface Place {
  env: NodeJS.ProcessEnv
  /** Of the pod that the container goes into. */
  pod: Input<PodSandboxConfig>
}

export function containerConfigFrom(flags: ContainerFlags, {env, pod}: Place): Input<ContainerConfig> {
  const {image, name} = flags
  const envs = environment(flags, env)
  const {volume: mounts = [], device: devices = []} = flags
  const resources = {
    ...(flags.memory === undefined ? {} : {memoryLimitInBytes: `${flags.memory}`}),
    ...flags.cpus,
  }
  return {
    metadata: {name, attempt: 0},
    image: {image},
    ...(flags.entrypoint === undefined ? {} : {command: [flags.entrypoint]}),
    ...(flags.command.length > 0 ? {args: [...flags.command]} : {}),
    ...(flags.workdir === undefined ? {} : {workingDir: flags.workdir}),
    ...(envs.length > 0 ? {envs} : {}),
    ...(mounts.length > 0 ? {mounts: [...mounts]} : {}),
    ...(devices.length > 0 ? {devices: [...devices]} : {}),
    labels: {
      ...flags.label,
      ...podLabels({...pod.metadata}),
      'io.kubernetes.container.name': name,
    },
    ...(flags.annotation ? {annotations: flags.annotation} : {}),
    // No folder before it: containerd makes one, CRI-O does not.
    logPath: `${name}.log`,
    ...(flags.interactive ? {stdin: true} : {}),
    ...(flags.interactive && flags.stdinOnce ? {stdinOnce: true} : {}),
    ...(flags.tty ? {tty: true} : {}),
    linux: {
      ...(Object.keys(resources).length > 0 ? {resources} : {}),
      securityContext: securityContext(flags, pod),
    },
  }
}

function securityContext(
  flags: ContainerFlags,
  pod: Input<PodSandboxConfig>,
): Input<LinuxContainerSecurityContext> {
  const {'cap-add': add, 'cap-drop': drop, privileged} = flags
  return {
    ...(add?.length || drop?.length
      ? {capabilities: {addCapabilities: capabilities(add), dropCapabilities: capabilities(drop)}}
      : {}),
    ...(privileged ? {privileged: true} : {seccomp: {profileType: 'RuntimeDefault' as const}}),
    // Its network is the pod's, whatever that is.
    namespaceOptions: {
      ...namespaceOptions(flags),
      network: pod.linux?.securityContext?.namespaceOptions?.network ?? 'POD',
    },
    ...(flags.user === undefined ? {} : parseUser(flags.user)),
    ...(flags['read-only'] ? {readonlyRootfs: true} : {}),
  }
}

/** As the kubelet's: network and IPC are the pod's, processes the container's own. */
function namespaceOptions(flags: {
  'host-network'?: boolean
  'host-pid'?: boolean
  'host-ipc'?: boolean
}): Input<NamespaceOption> {
  return {
    network: flags['host-network'] ? 'NODE' : 'POD',
    pid: flags['host-pid'] ? 'NODE' : 'CONTAINER',
    ipc: flags['host-ipc'] ? 'NODE' : 'POD',
  }
}

/** Runtimes take them without `CAP_`. */
function capabilities(names: readonly string[] = []): string[] {
  return names.map((name) => name.toUpperCase().replace(/^CAP_/, ''))
}

/** `1000`, `1000:1000`, `nginx`. CRI has no group by name. */
export function parseUser(text: string): Input<LinuxContainerSecurityContext> {
  const [, user = '', , group] = /^([^:]*)(:(.*))?$/s.exec(text) ?? []
  if (user === '') throw new UsageError(`-u "${text}" has no user: write 1000, 1000:1000 or a name`)
  if (group !== undefined && !/^\d+$/.test(group)) {
    throw new UsageError(`-u "${text}": the CRI takes a group by its number only`)
  }
  return {
    ...(/^\d+$/.test(user) ? {runAsUser: {value: user}} : {runAsUsername: user}),
    ...(group === undefined ? {} : {runAsGroup: {value: group}}),
  }
}

const propagations: Readonly<Record<string, Input<Mount>>> = {
  ro: {readonly: true},
  rw: {},
  z: {selinuxRelabel: true},
  Z: {selinuxRelabel: true},
  private: {propagation: 'PROPAGATION_PRIVATE'},
  rprivate: {propagation: 'PROPAGATION_PRIVATE'},
  rslave: {propagation: 'PROPAGATION_HOST_TO_CONTAINER'},
  rshared: {propagation: 'PROPAGATION_BIDIRECTIONAL'},
}

/** `HOST:CONTAINER[:ro,rslave,…]`; a host path may be relative to where we stand. */
export function parseMount(text: string, directory: string): Input<Mount> {
  const [hostPath = '', containerPath = '', options = '', ...more] = text.split(':')
  if (hostPath === '' || !isAbsolute(containerPath) || more.length > 0) {
    throw new UsageError(`"${text}": write HOST:CONTAINER or HOST:CONTAINER:ro, such as /srv/data:/data:ro`)
  }
  const parts = options === '' ? [] : options.split(',')
  const fields = parts.map((option) => {
    const found = propagations[option]
    if (!found) {
      throw new UsageError(`"${text}": "${option}" should be one of ${Object.keys(propagations).join(', ')}`)
    }
    return found
  })
  return Object.assign({containerPath, hostPath: resolve(directory, hostPath)}, ...fields)
}

/** `HOST[:CONTAINER[:rwm]]`. */
export function parseDevice(text: string): Input<Device> {
  const [hostPath = '', containerPath = hostPath, permissions = 'rwm', ...more] = text.split(':')
  if (
    !isAbsolute(hostPath) ||
    !isAbsolute(containerPath) ||
    more.length > 0 ||
    !/^[rwm]+$/.test(permissions)
  ) {
    throw new UsageError(`"${text}": write HOST, HOST:CONTAINER or HOST:CONTAINER:rw, such as /dev/fuse`)
  }
  return {containerPath, hostPath, permissions}
}

/** `[IP:]HOST:CONTAINER[/tcp|udp|sctp]`. */
export function parsePort(text: string): Input<PortMapping> {
  const [, , hostIp, host = '', container = '', , protocol = 'tcp'] =
    /^((\[[\da-f:.]+\]|[\d.]+):)?(\d+):(\d+)(\/(tcp|udp|sctp))?$/i.exec(text) ?? []
  const ports = [Number(host), Number(container)]
  if (host === '' || ports.some((port) => port < 1 || port > 65_535)) {
    throw new UsageError(
      `"${text}": write HOST:CONTAINER, with an address before it or /udp behind it, such as 127.0.0.1:8080:80`,
    )
  }
  return {
    protocol: protocol.toUpperCase() as 'TCP',
    containerPort: Number(container),
    hostPort: Number(host),
    ...(hostIp ? {hostIp: hostIp.replace(/^\[|\]$/g, '')} : {}),
  }
}

/** Files first, then `-e`; the last word on a name counts. `NAME` alone is ours, if we have it. */
function environment(
  {env: words = [], envFiles = []}: ContainerFlags,
  ours: NodeJS.ProcessEnv,
): Input<KeyValue>[] {
  const values = new Map<string, string>()
  const take = (word: string, where: string) => {
    const at = word.indexOf('=')
    const key = at === -1 ? word : word.slice(0, at)
    if (key === '' || /[\s\0]/.test(key))
      throw new UserError(`${where}: "${word}" should be NAME=VALUE or NAME`)
    const value = at === -1 ? ours[key] : word.slice(at + 1)
    if (value !== undefined) values.set(key, value)
  }
  for (const {name, text} of envFiles) {
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      if (line.trim() !== '' && !line.trimStart().startsWith('#')) take(line, `${name}:${index + 1}`)
    }
  }
  for (const word of words) take(word, '-e')
  return [...values].map(([key, value]) => ({key, value: Buffer.from(value)}))
}

/** A name for what nobody named: the image's own, without registry, tag and digest. */
export function nameFromImage(image: string): string {
  const path = image.replace(/@.*$/, '')
  const last = path.slice(path.lastIndexOf('/') + 1).replace(/:.*$/, '')
  const name = last
    .toLowerCase()
    .replace(/[^a-z\d]+/g, '-')
    .replace(/^-|-$/g, '')
  return name.slice(0, 50) || 'container'
}

/** Throws UsageError for what Kubernetes would not take, since names become file and host names. */
export function checkName(flag: string, name: string): string {
  if (name.length <= 63 && /^[a-z\d]([-a-z\d.]*[a-z\d])?$/.test(name)) return name
  throw new UsageError(
    `${flag} "${name}" should be at most 63 of a-z, 0-9, - and ., beginning and ending with a letter or digit`,
  )
}
