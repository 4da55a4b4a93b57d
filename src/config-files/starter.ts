import {messageFields} from '../client/descriptor.js'
import {wrapText} from '../text/wrap.js'
import {findField} from './names.js'

// A file to start from: the fields that most need, with the proto's own explanations, those that some need behind a
// comment sign. It is valid as it is, and with any of the signs taken away.

/** A field that is there to be seen: `#` stands before it. */
class Optional {
  readonly value: Value

  constructor(value: Value) {
    this.value = value
  }
}

export type Value =
  | string
  | number
  | boolean
  | readonly Value[]
  | {readonly [field: string]: Value | Optional}
export type Fields = {readonly [field: string]: Value | Optional}

/** Behind a comment sign. */
export const optional = (value: Value) => new Optional(value)

export interface StarterPlace {
  logDirectory: string
  cgroupParent: string
}

export function podStarter({logDirectory, cgroupParent}: StarterPlace): Fields {
  return {
    metadata: {
      name: 'example',
      uid: optional('2dd1b8b0-6d1c-4f0a-9d6e-4f1f0b8d2c11'),
      namespace: 'default',
      attempt: optional(0),
    },
    hostname: 'example',
    log_directory: logDirectory,
    dns_config: optional({
      servers: ['10.96.0.10'],
      searches: ['default.svc.cluster.local'],
      options: ['ndots:5'],
    }),
    port_mappings: optional([{protocol: 'TCP', container_port: 80, host_port: 8080}]),
    labels: {app: 'example'},
    annotations: optional({note: 'made by hand'}),
    linux: {
      cgroup_parent: cgroupParent,
      security_context: {
        namespace_options: {network: 'POD', pid: 'CONTAINER', ipc: 'POD'},
        run_as_user: optional(1000),
        privileged: optional(false),
        seccomp: {profile_type: 'RuntimeDefault'},
      },
      sysctls: optional({'net.ipv4.ip_unprivileged_port_start': '0'}),
    },
  }
}

export function containerStarter({image}: {image: string}): Fields {
  return {
    metadata: {name: 'app', attempt: optional(0)},
    image: {image},
    command: ['/bin/sh', '-c'],
    args: ['while :; do date; sleep 5; done'],
    working_dir: optional('/'),
    envs: [{key: 'GREETING', value: 'hello'}],
    mounts: optional([{container_path: '/data', host_path: '/srv/data', readonly: true}]),
    devices: optional([{container_path: '/dev/fuse', host_path: '/dev/fuse', permissions: 'rwm'}]),
    labels: {app: 'example'},
    annotations: optional({note: 'made by hand'}),
    log_path: 'app.log',
    stdin: optional(true),
    stdin_once: optional(true),
    tty: optional(true),
    linux: {
      resources: {
        cpu_period: optional(100_000),
        cpu_quota: optional(50_000),
        cpu_shares: optional(512),
        memory_limit_in_bytes: 67_108_864,
        oom_score_adj: optional(0),
      },
      security_context: {
        capabilities: optional({add_capabilities: ['NET_ADMIN'], drop_capabilities: ['ALL']}),
        privileged: optional(false),
        namespace_options: {network: 'POD', pid: 'CONTAINER', ipc: 'POD'},
        run_as_user: optional(1000),
        readonly_rootfs: optional(true),
        no_new_privs: true,
        seccomp: {profile_type: 'RuntimeDefault'},
      },
    },
  }
}

/** The fields as commented YAML; `docs` are the proto's comments by full name. */
export function starterText(message: string, fields: Fields, docs: Readonly<Record<string, string>>): string {
  return fieldLines(message, fields, docs, '', false).join('\n').replace(/^\n/, '')
}

function fieldLines(
  message: string,
  fields: Fields,
  docs: Readonly<Record<string, string>>,
  indent: string,
  nested: boolean,
): string[] {
  return Object.entries(fields).flatMap(([field, given], index) => {
    const name = findField(message, field) ?? field
    const value = given instanceof Optional ? given.value : given
    const doc = docs[`${message}.${name}`]
    const comment = doc ? wrapText(doc, 78 - indent.length) : []
    const gap = nested && index === 0 ? [] : ['']
    const inner = messageFields(message)?.[name]
    const own = isFields(value) && inner?.keyType === undefined ? inner?.type : undefined
    const lines =
      own !== undefined && !(given instanceof Optional)
        ? [`${indent}${field}:`, ...fieldLines(own, value as Fields, docs, `${indent}  `, true)]
        : [`${indent}${given instanceof Optional ? '#' : ''}${field}: ${flow(value)}`]
    return [...gap, ...comment.map((line) => `${indent}# ${line}`.trimEnd()), ...lines]
  })
}

function isFields(value: Value): boolean {
  return typeof value === 'object' && !Array.isArray(value)
}

function flow(value: Value | Optional): string {
  if (value instanceof Optional) return flow(value.value)
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}: ${flow(item)}`)
      .join(', ')}}`
  }
  return typeof value === 'string' && !/^[A-Za-z/][\w./:-]*$/.test(value)
    ? JSON.stringify(value)
    : String(value)
}
