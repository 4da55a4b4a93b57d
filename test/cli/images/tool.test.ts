import {describe, expect, test} from 'vitest'
import {
  type ImageTask,
  type ImageTool,
  imageToolOf,
  loadedNames,
  toolWords,
} from '../../../src/cli/images/tool.js'
import {connect} from '../../../src/client/connect.js'
import {completeImageName, isPlainImageName} from '../../../src/node/registry/image-name.js'
import {startFakeRuntime} from '../../support/fake-runtime.js'

const version = (runtimeName: string) => ({
  Version: {version: '0.1.0', runtimeName, runtimeVersion: '1', runtimeApiVersion: 'v1'},
  ImageFsInfo: {imageFilesystems: [{fsId: {mountpoint: '/data/store/overlay-images'}}]},
})

describe('which tool', () => {
  const there =
    (...names: string[]) =>
    (name: string) =>
      names.includes(name) ? {path: `/usr/bin/${name}`} : ({why: 'missing'} as const)
  const toolOf = async (runtimeName: string, ...names: string[]) => {
    await using runtime = await startFakeRuntime(version(runtimeName))
    using client = connect({endpoint: runtime.endpoint})
    return await imageToolOf(client, '/run/c.sock', there(...names))
  }
  const globals = ['--address', '/run/c.sock', '--namespace', 'k8s.io']

  test('is the runtime’s own, with its socket or its store', async () => {
    expect(await toolOf('containerd', 'ctr', 'nerdctl')).toEqual({name: 'ctr', path: '/usr/bin/ctr', globals})
    expect(await toolOf('containerd', 'nerdctl')).toEqual({
      name: 'nerdctl',
      path: '/usr/bin/nerdctl',
      globals,
    })
    expect(await toolOf('cri-o', 'podman')).toEqual({
      name: 'podman',
      path: '/usr/bin/podman',
      globals: ['--root', '/data/store', '--storage-driver', 'overlay'],
    })
  })

  test.each([
    ['containerd', "ctr is not in root's own directories, nor is nerdctl: ctr comes with containerd"],
    [
      'cri-o',
      "podman is not in root's own directories: it is what does this with CRI-O's images, install it",
    ],
    ['docker', 'docker has no tool that is known here: docker itself does this'],
  ])('%s without one says what to install', async (runtimeName, text) => {
    await expect(toolOf(runtimeName)).rejects.toThrow(text)
  })
})

const tasks: ImageTask[] = [
  {kind: 'load'},
  {kind: 'save', names: ['a:1', 'b:1']},
  {kind: 'tag', source: 'a:1', names: ['b:1', 'c:1']},
  {kind: 'untag', name: 'a:1'},
  {kind: 'push', source: 'a:1', target: 'b:1', plainHttp: true, insecure: false},
]

test.each([
  [
    'ctr',
    [
      'images import --local -',
      'images export --local - a:1 b:1',
      'images tag --local --force a:1 b:1 c:1',
      'images rm a:1',
      'images push --local --plain-http b:1 a:1',
    ],
  ],
  [
    'podman',
    [
      'load',
      'save --format docker-archive --multi-image-archive a:1 b:1',
      'tag a:1 b:1 c:1',
      'untag a:1 a:1',
      'push --tls-verify=false a:1 docker://b:1',
    ],
  ],
] as const)('what %s is told', (name, lines) => {
  const tool: ImageTool = {name, path: `/usr/bin/${name}`, globals: []}
  expect(tasks.map((task) => toolWords(tool, task, true).join(' '))).toEqual(lines)
})

test('what tools say that they have loaded', () => {
  const sum = 'a'.repeat(64)
  expect(loadedNames(`unpacking a:1 (sha256:${sum})...done\nunpacking a:1 (sha256:${sum})...done\n`)).toEqual(
    ['a:1'],
  )
  expect(loadedNames('Loaded image: a:1\nLoaded image: b:2\n')).toEqual(['a:1', 'b:2'])
  expect(loadedNames('Loaded image(s): a:1,b:2\n')).toEqual(['a:1', 'b:2'])
  expect(loadedNames('anything else\n')).toEqual([])
})

test.each([
  ['busybox', 'docker.io/library/busybox:latest'],
  ['team/app:2', 'docker.io/team/app:2'],
  ['localhost/app', 'localhost/app:latest'],
  ['localhost:5000/app', 'localhost:5000/app:latest'],
  ['quay.io/team/app:1.0_x', 'quay.io/team/app:1.0_x'],
  ['[::1]:5000/app:1', '[::1]:5000/app:1'],
])('%s is %s', (word, name) => {
  expect(completeImageName(word)).toBe(name)
  expect(isPlainImageName(name)).toBe(true)
})

test.each(['', '-x', '--help', 'a b', 'a\n', 'a;b', 'a//b', 'Team/app', 'a:', 'a@sha256:00', '../a', '/a'])(
  '%j is no name to give',
  (word) => {
    expect(() => completeImageName(word)).toThrow(/is not a name for an image/)
  },
)

test.each(['-x', '--help', 'a b', 'a\nb', 'a;b', '$(id)', ''])('%j is told to no tool', (name) => {
  expect(isPlainImageName(name)).toBe(false)
})
