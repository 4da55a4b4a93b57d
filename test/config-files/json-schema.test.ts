import {Ajv2020} from 'ajv/dist/2020.js'
import {describe, expect, test} from 'vitest'
import {jsonSchema} from '../../src/config-files/json-schema.js'
import {plainMessage} from '../../src/config-files/write.js'
import {docsJson} from '../../src/generated/docs.js'
import {runInProcess} from '../support/in-process.js'

const docs = JSON.parse(docsJson) as Record<string, string>
const pod = jsonSchema('PodSandboxConfig', docs)
const container = jsonSchema('ContainerConfig', docs)
const accepts = {
  pod: new Ajv2020({strict: true, strictTypes: false}).compile(pod),
  container: new Ajv2020({strict: true, strictTypes: false}).compile(container),
}

type Definitions = Record<string, {properties: Record<string, Record<string, unknown>>; description?: string}>
const definitions = {...(pod.$defs as Definitions), ...(container.$defs as Definitions)}

test("crictl's envelope: draft, reference, one closed definition for each message", () => {
  expect(pod).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://k8s.io/cri-api/pkg/apis/runtime/v1/pod-sandbox-config',
    $ref: '#/$defs/PodSandboxConfig',
  })
  expect(container).toMatchObject({$ref: '#/$defs/ContainerConfig'})
  expect(Object.keys(container.$defs as object)).toEqual([
    'CDIDevice',
    'Capability',
    'ContainerConfig',
    'ContainerMetadata',
    'Device',
    'HugepageLimit',
    'IDMapping',
    'ImageSpec',
    'Int64Value',
    'KeyValue',
    'LinuxContainerConfig',
    'LinuxContainerResources',
    'LinuxContainerSecurityContext',
    'Mount',
    'NamespaceOption',
    'SELinuxOption',
    'SecurityProfile',
    'UserNamespace',
    'WindowsContainerConfig',
    'WindowsContainerResources',
    'WindowsContainerSecurityContext',
    'WindowsCpuGroupAffinity',
  ])
  for (const definition of Object.values(definitions))
    expect(definition).toMatchObject({type: 'object', additionalProperties: false})
})

test('every message and every field is explained', () => {
  const silent = Object.entries(definitions).flatMap(([name, {description, properties}]) => [
    ...(description ? [] : [name]),
    ...Object.entries(properties).flatMap(([field, schema]) =>
      schema.description ? [] : [`${name}.${field}`],
    ),
  ])
  expect(silent).toEqual([])
  expect(definitions.Mount?.properties.host_path?.description).toBe(
    docs['Mount.hostPath']?.replaceAll('\n', ' '),
  )
})

test("the proto's names, where they are irregular too, and what it calls outdated", () => {
  expect(Object.keys(definitions.Mount?.properties ?? {})).toEqual([
    'container_path',
    'host_path',
    'readonly',
    'selinux_relabel',
    'propagation',
    'uidMappings',
    'gidMappings',
    'recursive_read_only',
    'image',
    'image_sub_path',
  ])
  expect(definitions.ContainerConfig?.properties).toHaveProperty('CDI_devices')
  expect(definitions.LinuxContainerSecurityContext?.properties.apparmor_profile).toMatchObject({
    type: 'string',
    deprecated: true,
  })
})

const wholePod = {
  metadata: {name: 'web', namespace: 'default', uid: 'u', attempt: 1},
  hostname: 'web',
  dns_config: {servers: ['10.0.0.10']},
  port_mappings: [{protocol: 0, container_port: 80, host_port: 8080}],
  labels: {app: 'web'},
  linux: {
    cgroup_parent: '/x',
    security_context: {namespace_options: {network: 2, pid: 'CONTAINER'}, run_as_user: {value: 1000}},
  },
}
const wholeContainer = {
  metadata: {name: 'web'},
  image: {image: 'busybox'},
  command: ['sleep', '9'],
  envs: [{key: 'A', value: 'b'}],
  mounts: [
    {
      container_path: '/a',
      host_path: '/b',
      propagation: 1,
      uidMappings: [{host_id: 0, container_id: 0, length: 1}],
    },
  ],
  linux: {
    resources: {memory_limit_in_bytes: 1e9},
    security_context: {capabilities: {add_capabilities: ['NET_ADMIN']}},
  },
  stop_signal: 'SIGNAL_SIGTERM',
}

describe('files', () => {
  test.each<['pod' | 'container', string, object]>([
    ['pod', 'a whole one of crictl', wholePod],
    ['pod', 'an empty one', {}],
    ['pod', 'a plain number for a wrapper', {linux: {security_context: {run_as_user: 1000}}}],
    ['container', 'a whole one of crictl', wholeContainer],
    ['container', 'short forms', {image: 'busybox', CDI_devices: ['a/b=c'], envs: {HOME: '/root'}}],
    [
      'container',
      'what we write ourselves',
      plainMessage('ContainerConfig', {
        metadata: {name: 'a', attempt: 0},
        image: {image: 'b'},
        envs: [{key: 'K', value: Buffer.from('v')}],
        mounts: [{containerPath: '/a', propagation: 'PROPAGATION_PRIVATE'}],
        linux: {securityContext: {runAsUser: {value: '7'}, supplementalGroups: ['1', '2']}},
        stopSignal: 'SIGNAL_SIGKILL',
      }),
    ],
  ])('%s, taken: %s', (kind, _, file) => {
    expect(accepts[kind](file) || accepts[kind].errors).toBe(true)
  })

  test.each<['pod' | 'container', string, object]>([
    ['pod', 'a field that is none', {hostnam: 'x'}],
    ['pod', 'a container in it', {image: 'x'}],
    ['pod', 'text for a number', {metadata: {attempt: '1'}}],
    ['pod', 'an enum value that is none', {linux: {security_context: {namespace_options: {network: 9}}}}],
    ['container', 'one word for a list', {command: 'sleep'}],
    ['container', 'a negative unsigned number', {metadata: {attempt: -1}}],
    ['container', 'a number as label', {labels: {a: 1}}],
  ])('%s, refused: %s', (kind, _, file) => {
    expect(accepts[kind](file)).toBe(false)
  })
})

describe('the command', () => {
  test.each<[string[], string[]]>([
    [['runp', 'jsonschema'], ['pod']],
    [['runp', 'js'], ['pod']],
    [['pull', 'jsonschema'], ['pod']],
    [['create', 'jsonschema', '--pod'], ['pod']],
    [['run', 'js', '-c'], ['container']],
    [
      ['run', 'jsonschema', '-cp'],
      ['pod', 'container'],
    ],
    [['jsonschema', '--container'], ['container']],
  ])('%j', async (argv, kinds) => {
    const {stdout, stderr, exitCode} = await runInProcess(argv)
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    const documents = stdout.split(/(?<=^}\n)/m).map((text) => JSON.parse(text) as object)
    expect(documents).toEqual(kinds.map((kind) => (kind === 'pod' ? pod : container)))
  })

  test.each<[string[], string]>([
    [['create', 'jsonschema'], 'say which file: --pod, --container or both'],
    [['runp', 'jsonschema', '-c'], 'runp takes no container file: leave out --container'],
    [['jsonschema', 'rm'], '"rm" reads no such files: runp, create, run, pull do'],
  ])('%j: exit 2', async (argv, message) => {
    expect(await runInProcess(argv)).toEqual({stdout: '', stderr: `crisp: ${message}\n`, exitCode: 2})
  })
})
