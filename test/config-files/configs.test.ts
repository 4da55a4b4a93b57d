import {describe, expect, test} from 'vitest'
import {parseContainerConfig, parsePodConfig} from '../../src/config-files/configs.js'
import type {ValidationMode} from '../../src/config-files/file.js'
import {UserError} from '../../src/errors/errors.js'

const source = (text: string) => ({name: 'c.yaml', text})
const minimal = 'metadata: {name: web}\nimage: {image: busybox}\n'
const container = (text: string) => parseContainerConfig(source(minimal + text))

function problem(parse: () => unknown): string {
  try {
    parse()
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
  return 'no problem'
}

describe('what is accepted', () => {
  test('snake_case as crictl takes it, camelCase, and the proto in its own irregular style', () => {
    const expected = {
      metadata: {name: 'web'},
      image: {image: 'busybox'},
      workingDir: '/srv',
      linux: {resources: {memoryLimitInBytes: '64'}, securityContext: {noNewPrivs: true}},
      CDIDevices: [{name: 'vendor.com/gpu=0'}],
      mounts: [{containerPath: '/a', uidMappings: [{hostId: 1, containerId: 2, length: 3}]}],
    }
    expect(
      container(`working_dir: /srv
linux: {resources: {memory_limit_in_bytes: 64}, security_context: {no_new_privs: true}}
CDI_devices: [{name: vendor.com/gpu=0}]
mounts: [{container_path: /a, uidMappings: [{host_id: 1, container_id: 2, length: 3}]}]`),
    ).toEqual(expected)
    expect(
      container(`workingDir: /srv
linux: {resources: {memoryLimitInBytes: 64}, securityContext: {noNewPrivs: true}}
CDIDevices: [{name: vendor.com/gpu=0}]
mounts: [{containerPath: /a, uid_mappings: [{hostId: 1, containerId: 2, length: 3}]}]`),
    ).toEqual(expected)
  })

  test('JSON, with tabs and escapes', () => {
    const text = '{\n\t"metadata": {"name": "web", "attempt": 1},\n\t"image": {"image": "\\u0062usybox"}\n}\n'
    expect(parseContainerConfig(source(text))).toEqual({
      metadata: {name: 'web', attempt: 1},
      image: {image: 'busybox'},
    })
  })

  test.each([
    [
      'a plain value for a wrapper',
      'linux: {security_context: {run_as_user: 1000}}',
      {
        linux: {securityContext: {runAsUser: {value: '1000'}}},
      },
    ],
    [
      'the wrapper itself',
      'linux: {security_context: {run_as_user: {value: "0"}}}',
      {
        linux: {securityContext: {runAsUser: {value: '0'}}},
      },
    ],
    ['a device by its name', 'CDI_devices: [vendor.com/gpu=0]', {CDIDevices: [{name: 'vendor.com/gpu=0'}]}],
    [
      '64 bits as a number',
      'linux: {resources: {memory_limit_in_bytes: 9223372036854775807}}',
      {
        linux: {resources: {memoryLimitInBytes: '9223372036854775807'}},
      },
    ],
    [
      '64 bits as text',
      'linux: {resources: {memory_limit_in_bytes: "-9223372036854775808"}}',
      {
        linux: {resources: {memoryLimitInBytes: '-9223372036854775808'}},
      },
    ],
    [
      'other bases',
      'linux: {resources: {cpu_period: 0x10, cpu_quota: 0o10}}',
      {
        linux: {resources: {cpuPeriod: '16', cpuQuota: '8'}},
      },
    ],
    [
      'an enum by name',
      'linux: {security_context: {namespace_options: {network: NODE}}}',
      {
        linux: {securityContext: {namespaceOptions: {network: 'NODE'}}},
      },
    ],
    [
      'an enum by number',
      'linux: {security_context: {namespace_options: {pid: 1}}}',
      {
        linux: {securityContext: {namespaceOptions: {pid: 'CONTAINER'}}},
      },
    ],
    [
      'an enum by a short name in any style',
      'mounts: [{propagation: host-to-container}]',
      {
        mounts: [{propagation: 'PROPAGATION_HOST_TO_CONTAINER'}],
      },
    ],
    [
      'an enum of another enum inside a message',
      'linux: {security_context: {seccomp: {profile_type: runtimedefault}}}',
      {
        linux: {securityContext: {seccomp: {profileType: 'RuntimeDefault'}}},
      },
    ],
    ['a signal as people write it', 'stop_signal: term', {stopSignal: 'SIGNAL_SIGTERM'}],
    [
      'numbers and words where text is wanted, as they are written',
      'args: [1.50, yes, 010]\nlabels: {a: true}',
      {
        args: ['1.50', 'yes', '010'],
        labels: {a: 'true'},
      },
    ],
    [
      'the environment as the proto has it',
      'envs: [{key: PORT, value: 80}]',
      {
        envs: [{key: 'PORT', value: Buffer.from('80')}],
      },
    ],
    [
      'the environment as a mapping',
      'envs: {PORT: 80, EMPTY: , LANG: "C"}',
      {
        envs: [
          {key: 'PORT', value: Buffer.from('80')},
          {key: 'EMPTY', value: Buffer.alloc(0)},
          {key: 'LANG', value: Buffer.from('C')},
        ],
      },
    ],
    [
      'bytes that are no text',
      'envs: [{key: K, value: !!binary gICA}]',
      {
        envs: [{key: 'K', value: Buffer.from([0x80, 0x80, 0x80])}],
      },
    ],
    ['yes and no as crictl', 'tty: yes\nstdin: off', {tty: true, stdin: false}],
    ['nothing for not set', 'working_dir: ~\nlinux: null\nargs:', {}],
    ['the word null in quotes', 'working_dir: "null"', {workingDir: 'null'}],
    ['a label called <<', 'labels: {"<<": x}', {labels: {'<<': 'x'}}],
    [
      'aliases and merges',
      'labels: &l {a: b}\nannotations: {<<: *l, c: d}',
      {
        labels: {a: 'b'},
        annotations: {c: 'd', a: 'b'},
      },
    ],
  ])('%s', (_, text, expected) => {
    expect(container(text)).toEqual({metadata: {name: 'web'}, image: {image: 'busybox'}, ...expected})
  })

  test('an image by its name alone', () => {
    expect(parseContainerConfig(source('metadata: {name: a}\nimage: busybox')).image).toEqual({
      image: 'busybox',
    })
  })

  test('a pod without uid gets one, and keeps its own', () => {
    const uuid = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/
    expect(parsePodConfig(source('metadata: {name: a, namespace: b}')).metadata?.uid).toMatch(uuid)
    expect(parsePodConfig(source('metadata: {name: a, namespace: b, uid: 5}')).metadata?.uid).toBe('5')
  })
})

test.each([
  ['bogus: 1', 'c.yaml:3: bogus: no such field'],
  ['workingdirr: 1', 'c.yaml:3: workingdirr: no such field, did you mean working_dir?'],
  [
    'linux:\n  security_context:\n    run_as_usr: 1',
    'c.yaml:5: linux.security_context.run_as_usr: no such field, did you mean run_as_user?',
  ],
  [
    'readonly_rootfs: true',
    'c.yaml:3: readonly_rootfs: no such field, did you mean linux.security_context.readonly_rootfs?',
  ],
  [
    'linux: {resources: {memory_limit_in_bytes: 64Mi}}',
    'c.yaml:3: linux.resources.memory_limit_in_bytes: "64Mi" should be a whole number: write 67108864',
  ],
  [
    'linux: {resources: {cpu_shares: 9223372036854775808}}',
    'c.yaml:3: linux.resources.cpu_shares: "9223372036854775808" should be between -9223372036854775808 and 9223372036854775807',
  ],
  [
    'linux: {resources: {cpu_shares: 010}}',
    'c.yaml:3: linux.resources.cpu_shares: "010" should be a whole number: a leading 0 is read as octal by some; write it without, or as 0o10',
  ],
  [
    'linux: {security_context: {run_as_user: root}}',
    'c.yaml:3: linux.security_context.run_as_user: "root" should be a whole number',
  ],
  ['linux: [a]', 'c.yaml:3: linux: should hold fields, such as resources and security_context, not a list'],
  ['envs: [FOO=bar]', 'c.yaml:3: envs[0]: should hold fields, such as key and value, not "FOO=bar"'],
  ['envs: [{name: FOO, value: bar}]', 'c.yaml:3: envs[0].name: no such field, did you mean key?'],
  [
    'mounts: [{mountPath: /a, hostPath: /b}]',
    'c.yaml:3: mounts[0].mountPath: no such field, did you mean container_path?',
  ],
  ['env: [{key: FOO, value: bar}]', 'c.yaml:3: env: no such field, did you mean envs?'],
  ['volumeMounts: []', 'c.yaml:3: volumeMounts: no such field, did you mean mounts?'],
  ['securityContext: {}', 'c.yaml:3: securityContext: no such field, did you mean linux.security_context?'],
  ['args: sh', 'c.yaml:3: args: should be a list, such as [a, b]'],
  ['args: [sh, [a]]', 'c.yaml:3: args[1]: should be text, not a list'],
  [
    'mounts:\n- host_path: /a\n- host_pth: /b',
    'c.yaml:5: mounts[1].host_pth: no such field, did you mean host_path?',
  ],
  [
    'mounts: [{propagation: shared}]',
    'c.yaml:3: mounts[0].propagation: "shared" should be one of PRIVATE (0), HOST_TO_CONTAINER (1), BIDIRECTIONAL (2)',
  ],
  [
    'linux: {security_context: {namespace_options: {network: HOST}}}',
    'c.yaml:3: linux.security_context.namespace_options.network: "HOST" should be one of POD (0), CONTAINER (1), NODE (2), TARGET (3)',
  ],
  ['tty: "true"', 'c.yaml:3: tty: "true" should be true or false without quotes'],
  ['tty: 1', 'c.yaml:3: tty: "1" should be true or false'],
  ['labels: {a.b/c: [1]}', 'c.yaml:3: labels["a.b/c"]: should be text, not a list'],
  ['labels: {a: 1, a: 2}', 'c.yaml:3: labels.a: duplicate key, first in line 3'],
  ['log_path: a\nlogPath: b', 'c.yaml:4: logPath: duplicate key, first in line 3'],
  ['args: [a, ~]', 'c.yaml:3: args[1]: is empty: a list item needs a value'],
  ['linux: &a {resources: *a}', 'c.yaml:3: *a stands inside what it means: it would never end'],
  ['linux: *none', 'c.yaml:3: *none means nothing: there is no &none before it'],
  ['? [a, b]\n: c', 'c.yaml:3: a key should be a single word'],
  ['working_dir: !foo bar', 'c.yaml:3: working_dir: has a tag "!foo" that is not supported'],
  ['"a\\nb": c', 'c.yaml:3: ["a\\nb"]: no such field'],
  ['---\na: b', 'c.yaml:4: holds 2 documents: one is wanted'],
  ['a: [', 'c.yaml:3: not YAML or JSON: unexpected end of the stream within a flow collection'],
] as const)('%j', (text, expected) => expect(problem(() => container(text))).toBe(expected))

test.each([
  ['', 'c.yaml: is empty'],
  ['# only a comment\n', 'c.yaml: is empty'],
  ['~', 'c.yaml:1: should hold fields, such as metadata and image, not nothing'],
  ['just words', 'c.yaml:1: should hold fields, such as metadata and image, not "just words"'],
  ['- a', 'c.yaml:1: should hold fields, such as metadata and image, not a list'],
  [
    'apiVersion: v1\nkind: Pod\n',
    'c.yaml:1: is a manifest for Kubernetes; the CRI has its own form, which crisp init pod and crisp init container write',
  ],
  ['metadata: {}', 'c.yaml: metadata.name is missing, and no runtime does without it'],
  ['metadata: {name: a}', 'c.yaml: image.image is missing, and no runtime does without it'],
  ['metadata: {name: a}\nimage: {}', 'c.yaml: image.image is missing, and no runtime does without it'],
  ['[[[[', 'c.yaml:1: not YAML or JSON: unexpected end of the stream within a flow collection'],
] as const)('the whole of a file being %j', (text, expected) =>
  expect(problem(() => parseContainerConfig(source(text)))).toBe(expected),
)

test('a pod needs a namespace', () =>
  expect(problem(() => parsePodConfig(source('metadata: {name: a}')))).toBe(
    'c.yaml: metadata.namespace is missing, and no runtime does without it',
  ))

describe('fields that the CRI does not have', () => {
  /** What is made of a pod's file in each mode, with the notes. */
  function read(text: string, mode?: ValidationMode) {
    const notes: string[] = []
    const validation = {mode, note: (note: string) => notes.push(note)}
    try {
      const {metadata, ...config} = parsePodConfig(
        source(`metadata: {name: web, namespace: a, uid: u}\n${text}`),
        validation,
      )
      return {metadata, config, notes}
    } catch (error) {
      if (error instanceof UserError) return {error: error.message, notes}
      throw error
    }
  }
  const metadata = {name: 'web', namespace: 'a', uid: 'u'}

  test.each([
    ['linux: {namespaces: {options: {}}}', {linux: {}}, 'linux.namespaces: no such field'],
    [
      'resources: {cpu: {limits: 3}, memory: {requests: 2000}}',
      {},
      'resources: no such field, did you mean linux.resources?',
    ],
    ['dns_options: {servers: [10.0.0.1]}', {}, 'dns_options: no such field'],
    ['dnsOptions: {servers: [10.0.0.1]}', {}, 'dnsOptions: no such field'],
    [
      'linux: {security_context: {namespace_options: {host_network: false}}}',
      {linux: {securityContext: {namespaceOptions: {}}}},
      'linux.security_context.namespace_options.host_network: no such field',
    ],
  ])('what old files and other examples carry is left out and said: %s', (text, config, fault) => {
    const noted = {metadata, config, notes: [`c.yaml:2: ${fault} (left out)`]}
    expect(read(text)).toEqual(noted)
    expect(read(text, 'warn')).toEqual(noted)
    expect(read(text, 'off')).toEqual({metadata, config, notes: []})
    expect(read(text, 'strict')).toEqual({error: `c.yaml:2: ${fault}`, notes: []})
  })

  test('a container that was privileged in an old way is not', () => {
    const notes: string[] = []
    const validation = {note: (note: string) => notes.push(note)}
    expect(parseContainerConfig(source(`${minimal}privileged: true\nlinux: {}`), validation)).toEqual({
      metadata: {name: 'web'},
      image: {image: 'busybox'},
      linux: {},
    })
    expect(notes).toEqual([
      'c.yaml:3: privileged: no such field, did you mean linux.security_context.privileged? (left out)',
    ])
  })

  test.each([
    [
      'hostnam: a',
      {},
      'c.yaml:2: hostnam: no such field, did you mean hostname?',
      'c.yaml:2: hostnam: no such field, did you mean hostname? (left out)',
    ],
    [
      '__proto__: {a: b}',
      {},
      'c.yaml:2: __proto__: no such field',
      'c.yaml:2: __proto__: no such field (left out)',
    ],
    [
      'hostname: a\nhostname: b',
      {hostname: 'b'},
      'c.yaml:3: hostname: duplicate key, first in line 2',
      'c.yaml:3: hostname: duplicate key, first in line 2 (the last one counts)',
    ],
    [
      'hostname: a\nhostname: ~',
      {},
      'c.yaml:3: hostname: duplicate key, first in line 2',
      'c.yaml:3: hostname: duplicate key, first in line 2 (the last one counts)',
    ],
    [
      'labels: {a: b, a: c}',
      {labels: {a: 'c'}},
      'c.yaml:2: labels.a: duplicate key, first in line 2',
      'c.yaml:2: labels.a: duplicate key, first in line 2 (the last one counts)',
    ],
    [
      'hostname: a\n---\nhostname: b',
      {hostname: 'a'},
      'c.yaml:4: holds 2 documents: one is wanted',
      'c.yaml:4: holds 2 documents: one is wanted (the first one counts)',
    ],
  ])('%j', (text, config, error, note) => {
    expect(read(text)).toEqual({error, notes: []})
    expect(read(text, 'strict')).toEqual({error, notes: []})
    expect(read(text, 'warn')).toEqual({metadata, config, notes: [note]})
    expect(read(text, 'off')).toEqual({metadata, config, notes: []})
  })

  test.each(['hostname: [a]', 'port_mappings: [{container_port: eighty}]', 'linux: {'])(
    'a wrong value is never a note: %s',
    (text) =>
      expect(read(text, 'off')).toMatchObject({error: expect.stringMatching(/^c.yaml:2: /), notes: []}),
  )
})

describe('whole numbers', () => {
  const limit = (text: string) =>
    container(`linux: {resources: {memory_limit_in_bytes: ${text}}}`).linux?.resources?.memoryLimitInBytes

  test.each([
    ['67108864.0', '67108864'],
    ['67108864.', '67108864'],
    ['1e7', '10000000'],
    ['1E+7', '10000000'],
    ['1.5e3', '1500'],
    ['1500e-2', '15'],
    ['-2.0', '-2'],
    ['0.0', '0'],
    ['0e999999999', '0'],
    ['9007199254740993.0', '9007199254740993'],
    ['9.223372036854775807e18', '9223372036854775807'],
    ['1_000', '1000'],
    ['67_108_864.0', '67108864'],
    ['"67108864.0"', '67108864'],
  ])('%s is %s', (text, value) => {
    expect(limit(text)).toBe(value)
    expect(
      parseContainerConfig(
        source(
          `{"metadata": {"name": "web"}, "image": {"image": "b"}, "linux": {"resources": {"memory_limit_in_bytes": ${text}}}}`,
        ),
      ).linux?.resources?.memoryLimitInBytes,
    ).toBe(value)
  })

  test.each([
    ['1.5', 'should be a whole number'],
    ['15e-1', 'should be a whole number'],
    ['1e-999999999', 'should be a whole number'],
    ['.5', 'should be a whole number'],
    ['"1_000"', 'should be a whole number'],
    ['1__000', 'should be a whole number'],
    ['1_', 'should be a whole number'],
    ['01.0', 'should be a whole number'],
    ['.inf', 'should be a whole number'],
    ['9223372036854775808.0', 'should be between'],
    ['1e19', 'should be between'],
    ['1e999999999', 'should be between'],
    ['-1e999999999999999999999', 'should be between'],
  ])('%s is none', (text, words) => expect(problem(() => limit(text))).toContain(words))

  test('32 bits are a number, text stays as it is', () => {
    expect(container('labels: {a: 1_000, b: 1e7}').labels).toEqual({a: '1_000', b: '1e7'})
    expect(
      parsePodConfig(source('metadata: {name: a, namespace: b, uid: c}\nport_mappings: [{host_port: 8e3}]')),
    ).toMatchObject({portMappings: [{hostPort: 8000}]})
  })
})
