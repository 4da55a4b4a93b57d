import {describe, expect, test} from 'vitest'
import {checkContainerFlags} from '../../src/cli/flags/run.js'
import {
  checkName,
  containerConfigFrom,
  nameFromImage,
  parseDevice,
  parseMount,
  parsePort,
  parseUser,
  podConfigFrom,
} from '../../src/run/from-flags.js'
import {nodeDns, parseResolvConf} from '../../src/run/host.js'
import {parseBytes, parseCpus} from '../../src/text/quantity.js'

test.each([
  ['busybox', 'busybox'],
  ['docker.io/library/busybox:1.36', 'busybox'],
  ['127.0.0.1:5000/Team/My_App:v1@sha256:abc', 'my-app'],
  ['localhost:5000/x', 'x'],
  [`sha256:${'a'.repeat(64)}`, 'sha256'],
  ['___', 'container'],
])('a name for %s', (image, name) => expect(nameFromImage(image)).toBe(name))

test.each([
  ['67108864', 67108864],
  ['64m', 67108864],
  ['64Mi', 67108864],
  ['64MB', 67108864],
  ['1.5G', 1610612736],
  ['2k', 2048],
])('%s of memory', (text, bytes) => expect(parseBytes(text)).toBe(bytes))

test.each([
  ['0.5', '50000'],
  ['2', '200000'],
  ['.01', '1000'],
])('%s CPUs', (text, cpuQuota) => expect(parseCpus(text)).toEqual({cpuPeriod: '100000', cpuQuota}))

test.each([
  ['/a:/b', {hostPath: '/a', containerPath: '/b'}],
  ['/a:/b:ro', {hostPath: '/a', containerPath: '/b', readonly: true}],
  [
    'a/../c:/b:rw,rshared,Z',
    {
      hostPath: '/here/c',
      containerPath: '/b',
      propagation: 'PROPAGATION_BIDIRECTIONAL',
      selinuxRelabel: true,
    },
  ],
])('-v %s', (text, mount) => expect(parseMount(text, '/here')).toEqual(mount))

test.each([
  ['80:8080', {protocol: 'TCP', hostPort: 80, containerPort: 8080}],
  ['127.0.0.1:53:5353/udp', {protocol: 'UDP', hostIp: '127.0.0.1', hostPort: 53, containerPort: 5353}],
  ['[::1]:1:2/SCTP', {protocol: 'SCTP', hostIp: '::1', hostPort: 1, containerPort: 2}],
])('-p %s', (text, port) => expect(parsePort(text)).toEqual(port))

test.each([
  ['1000', {runAsUser: {value: '1000'}}],
  ['0:5', {runAsUser: {value: '0'}, runAsGroup: {value: '5'}}],
  ['nginx', {runAsUsername: 'nginx'}],
])('-u %s', (text, user) => expect(parseUser(text)).toEqual(user))

const given = (form: 'image' | 'files' | 'plan', flags: object) => () => checkContainerFlags({...flags}, form)

const podFlags = {name: 'a', namespace: 'b', uid: 'u', cgroupParent: '/x', logRoot: '/logs'}
const place = {env: {}, pod: {metadata: {name: 'p'}}}
const make = (more: object) => () => containerConfigFrom({name: 'a', image: 'b', command: [], ...more}, place)

test.each([
  [() => parseBytes('64x'), '"64x" is not a size: write bytes, or 64m, 512Mi, 1.5g'],
  [() => parseCpus('0'), '"0" is not a number of CPUs: write 2 or 0.5; the least is 0.01'],
  [
    () => parseMount('/a', '/'),
    '"/a": write HOST:CONTAINER or HOST:CONTAINER:ro, such as /srv/data:/data:ro',
  ],
  [
    () => parseMount('/a:b', '/'),
    '"/a:b": write HOST:CONTAINER or HOST:CONTAINER:ro, such as /srv/data:/data:ro',
  ],
  [
    () => parseMount('/a:/b:r0', '/'),
    '"/a:/b:r0": "r0" should be one of ro, rw, z, Z, private, rprivate, rslave, rshared',
  ],
  [
    () => parsePort('80'),
    '"80": write HOST:CONTAINER, with an address before it or /udp behind it, such as 127.0.0.1:8080:80',
  ],
  [
    () => parsePort('0:70000'),
    '"0:70000": write HOST:CONTAINER, with an address before it or /udp behind it, such as 127.0.0.1:8080:80',
  ],
  [() => parseUser(':1'), '-u ":1" has no user: write 1000, 1000:1000 or a name'],
  [() => parseUser('a:wheel'), '-u "a:wheel": the CRI takes a group by its number only'],
  [
    () => checkName('--name', 'Web_1'),
    '--name "Web_1" should be at most 63 of a-z, 0-9, - and ., beginning and ending with a letter or digit',
  ],
  [
    () => podConfigFrom({...podFlags, 'host-network': true, publish: [{hostPort: 1, containerPort: 1}]}),
    '-p means nothing with --host-network: every port of the container is one of the host',
  ],
  [make({env: ['=x']}), '-e: "=x" should be NAME=VALUE or NAME'],
  [make({envFiles: [{name: 'f', text: 'A=1\n\nx y=1'}]}), 'f:3: "x y=1" should be NAME=VALUE or NAME'],
  [() => parseDevice('fuse'), '"fuse": write HOST, HOST:CONTAINER or HOST:CONTAINER:rw, such as /dev/fuse'],
  [given('files', {env: ['A=b']}), '--env is for an image: here the files say it'],
  [given('plan', {tty: true}), '--tty is for an image: here the plan says it'],
  [given('plan', {user: 'me'}), '--user is for an image: here the plan says it'],
  [
    given('plan', {runtime: 'kata'}),
    "--runtime is for an image or files: here the plan says it, as the pod's runtime_handler",
  ],
  [given('image', {detach: true, rm: true}), '--rm needs the foreground: leave out -d or --rm'],
  [
    given('image', {pod: 'web', publish: ['80:80']}),
    '--publish cannot change the pod that --pod names: leave one of them out',
  ],
])('refused: %#', (parse, problem) => expect(parse).toThrow(problem))

test('a privileged container has no seccomp profile, and its pod is privileged too', () => {
  const pod = podConfigFrom({...podFlags, privileged: true, 'host-network': true})
  expect(pod.linux?.securityContext).toEqual({
    namespaceOptions: {network: 'NODE', pid: 'CONTAINER', ipc: 'POD'},
    privileged: true,
  })
  expect(pod.hostname).toBeUndefined()
  const container = containerConfigFrom(
    {name: 'a', image: 'b', command: [], privileged: true},
    {...place, pod},
  )
  expect(container.linux?.securityContext).toEqual({
    privileged: true,
    namespaceOptions: {network: 'NODE', pid: 'CONTAINER', ipc: 'POD'},
  })
})

test.each([
  [
    {interactive: true, tty: true, stdinOnce: true},
    {stdin: true, stdinOnce: true, tty: true},
  ],
  [{interactive: true, stdinOnce: false}, {stdin: true}],
  [{}, {}],
])('stdin and terminal of %j', (flags, expected) => {
  const {stdin, stdinOnce, tty} = make(flags)()
  expect({...(stdin ? {stdin} : {}), ...(stdinOnce ? {stdinOnce} : {}), ...(tty ? {tty} : {})}).toEqual(
    expected,
  )
})

describe('what a pod takes from its node', () => {
  const files = (contents: Record<string, string>) => async (path: string) => {
    const text = contents[path]
    if (text === undefined) throw new Error('ENOENT')
    return text
  }
  const own = '/etc/resolv.conf'
  const upstream = '/run/systemd/resolve/resolv.conf'

  test.each([
    ['name servers that a pod reaches are left to the runtime', {[own]: 'nameserver 10.0.0.1\n'}, undefined],
    [
      "behind systemd's own resolver the ones it asks",
      {
        [own]: 'nameserver 127.0.0.53\n',
        [upstream]: 'nameserver 10.0.0.1\nnameserver ::2\nsearch a b\noptions edns0 trust-ad\n',
      },
      {servers: ['10.0.0.1', '::2'], searches: ['a', 'b'], options: ['edns0', 'trust-ad']},
    ],
    ['none where there is no file', {}, undefined],
    ['none where only the loopback is known', {[own]: 'nameserver ::1'}, undefined],
  ])('%s', async (_, contents, expected) => expect(await nodeDns(files(contents))).toEqual(expected))

  test('comments and unknown words in resolv.conf', () =>
    expect(parseResolvConf('# a\n;b\nsortlist 1\nnameserver 1.1.1.1 # x\nsearch a\nsearch b c\n')).toEqual({
      servers: ['1.1.1.1'],
      searches: ['b', 'c'],
      options: [],
    }))
})

test.each([
  ['files', {user: 'me', runtime: 'kata', 'detach-keys': 'ctrl-p', rm: false}],
  ['plan', {'detach-keys': 'ctrl-p', tty: false}],
  ['image', {pod: 'web', env: ['A=b'], rm: true}],
] as const)('flags that mean something with %s', (form, flags) => expect(given(form, flags)).not.toThrow())
