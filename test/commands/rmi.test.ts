import {describe, expect, test} from 'vitest'
import {rpcCode} from '../../src/errors/errors.js'
import type * as cri from '../../src/generated/cri.js'
import {container, id, startFakeRuntime, status} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {outcomeOf} from '../support/run-cli.js'
import {startOnTerminal} from '../support/terminal-text.js'

const sha = (beginning: string) => `sha256:${id(beginning)}`

/** A node with images, whose runtime takes an image with all its tags (containerd) or only the tag (cri-o). */
function node(runtimeName: 'containerd' | 'cri-o') {
  const images: cri.Input<cri.Image>[] = [
    {
      id: sha('a1'),
      repoTags: ['docker.io/library/busybox:1', 'docker.io/library/busybox:2'],
      size: '1080000',
    },
    {
      id: sha('a2'),
      repoTags: ['quay.io/team/app:1'],
      repoDigests: ['quay.io/team/app@sha256:77'],
      size: '2000',
    },
    {id: sha('a3'), repoDigests: ['quay.io/team/old@sha256:88'], size: '3000'},
    {id: sha('a4'), repoTags: ['registry.k8s.io/pause:3.9'], size: '700'},
    {id: sha('a5'), repoTags: ['quay.io/team/pinned:1'], size: '700', pinned: true},
  ]
  const names = ({id: imageId, repoTags = [], repoDigests = []}: cri.Input<cri.Image>) => [
    imageId,
    ...repoTags,
    ...repoDigests,
  ]
  const find = (name = '') =>
    images.find(
      (image) => names(image).includes(name) || (name.length > 4 && image.id?.startsWith(`sha256:${name}`)),
    ) ?? images.find((image) => names(image).includes(`docker.io/library/${name}`))
  const answers = {
    Version: {version: '0.1.0', runtimeName, runtimeVersion: '1', runtimeApiVersion: 'v1'},
    Status: {status: {}, info: {config: '{"sandboxImage":"registry.k8s.io/pause:3.9"}'}},
    ListImages: () => ({images}),
    ListContainers: {containers: [container({id: id('c1'), image: {image: 'quay.io/team/app:1'}})]},
    ImageStatus: ({image}: cri.ImageStatusRequest) => ({image: find(image?.image)}),
    RemoveImage: ({image}: cri.RemoveImageRequest) => {
      const found = find(image?.image)
      if (!found) return {}
      const left = found.repoTags?.filter((tag) => !tag.endsWith(image?.image ?? '')) ?? []
      if (runtimeName === 'cri-o' && image?.image !== found.id && left.length > 0) found.repoTags = left
      else images.splice(images.indexOf(found), 1)
      return {}
    },
  }
  return {answers, left: () => images.map(({id: imageId = ''}) => imageId.slice(7, 9))}
}

describe('other tags of a removed image', () => {
  test('containerd removes the other tags too, with a warning and crictl’s lines', async () => {
    const {answers, left} = node('containerd')
    await using runtime = await startFakeRuntime(answers)
    expect(await runInProcess(['rmi', 'busybox:1'], runtime)).toEqual({
      stdout: 'Deleted: docker.io/library/busybox:1\nDeleted: docker.io/library/busybox:2\n',
      stderr:
        'crisp: removing "busybox:1": containerd removes the image with all its tags, also docker.io/library/busybox:2 (--all-tags says that this is meant, --tag-only takes one name alone)\n',
      exitCode: 0,
    })
    expect(left()).toEqual(['a2', 'a3', 'a4', 'a5'])
  })

  test('--all-tags removes the other tags with CRI-O too', async () => {
    const {answers, left} = node('cri-o')
    await using runtime = await startFakeRuntime(answers)
    expect(await runInProcess(['rmi', 'busybox:1', '--all-tags'], runtime)).toEqual({
      stdout: 'Deleted: docker.io/library/busybox:1\nDeleted: docker.io/library/busybox:2\n',
      stderr: '',
      exitCode: 0,
    })
    expect(left()).toEqual(['a2', 'a3', 'a4', 'a5'])
  })

  test.each([
    [['busybox:1', '--all-tags']],
    [['busybox:1', 'docker.io/library/busybox:2']],
    [[sha('a1')]],
    [[id('a1').slice(0, 13)]],
  ])('no warning for %j', async (words) => {
    const {answers} = node('containerd')
    await using runtime = await startFakeRuntime(answers)
    expect(await runInProcess(['rmi', ...words], runtime)).toEqual({
      stdout: 'Deleted: docker.io/library/busybox:1\nDeleted: docker.io/library/busybox:2\n',
      stderr: '',
      exitCode: 0,
    })
    expect(runtime.calls.filter(({method}) => method === 'RemoveImage')).toHaveLength(1)
  })

  test('CRI-O removes only the tag, without a warning, and no other is reported as deleted', async () => {
    const {answers} = node('cri-o')
    await using runtime = await startFakeRuntime(answers)
    expect(await runInProcess(['rmi', 'busybox:1'], runtime)).toEqual({
      stdout: 'Deleted: docker.io/library/busybox:1\n',
      stderr: '',
      exitCode: 0,
    })
  })

  test('on a terminal crisp asks before it removes other tags', async () => {
    const {answers, left} = node('containerd')
    await using runtime = await startFakeRuntime(answers)
    const child = startOnTerminal(['rmi', 'busybox:1'], {columns: 400, endpoint: runtime.endpoint})
    expect(await outcomeOf(child)).toMatchObject({
      stdout: expect.stringContaining(
        'also docker.io/library/busybox:2: add --all-tags if they may go, --tag-only if they shall stay',
      ),
      exitCode: 1,
    })
    expect(left()).toContain('a1')
  })
})

describe('selection of images', () => {
  test.each([
    [['--prune'], ['a2', 'a4', 'a5']],
    [['-q'], ['a2', 'a4', 'a5']],
    [['-a'], []],
    [
      ['--filter', 'dangling=true'],
      ['a1', 'a2', 'a4', 'a5'],
    ],
    [
      ['--prune', '--filter', 'reference=busybox'],
      ['a2', 'a3', 'a4', 'a5'],
    ],
    [
      ['--prune', 'quay.io/team/app:1'],
      ['a4', 'a5'],
    ],
    [
      ['team/old@sha256:88', 'quay.io/team/pinned:1'],
      ['a1', 'a2', 'a4'],
    ],
  ])('rmi %j leaves %j', async (argv, kept) => {
    const {answers, left} = node('containerd')
    await using runtime = await startFakeRuntime(answers)
    expect(await runInProcess(['rmi', ...argv], runtime)).toMatchObject({stderr: '', exitCode: 0})
    expect(left()).toEqual(kept)
  })

  test('--prune leaves an image that a container has mounted as a volume', async () => {
    const {answers, left} = node('containerd')
    await using runtime = await startFakeRuntime({
      ...answers,
      ContainerStatus: {
        status: {
          id: id('c1'),
          mounts: [{containerPath: '/models', image: {image: 'quay.io/team/old@sha256:88'}}],
        },
      },
    })
    expect(await runInProcess(['rmi', '--prune'], runtime)).toMatchObject({stderr: '', exitCode: 0})
    expect(left()).toEqual(['a2', 'a3', 'a4', 'a5'])
  })

  test('an image without tags is removed by its digests', async () => {
    await using runtime = await startFakeRuntime(node('containerd').answers)
    expect(await runInProcess(['rmi', sha('a3')], runtime)).toMatchObject({
      stdout: 'Deleted: quay.io/team/old@sha256:88\n',
    })
  })

  test('an image without a name is removed by its ID', async () => {
    const nameless = sha('a6')
    const images: cri.Input<cri.Image>[] = [{id: nameless, size: '1'}]
    await using runtime = await startFakeRuntime({
      ...node('containerd').answers,
      ImageStatus: () => ({image: images[0]}),
      RemoveImage: () => {
        images.pop()
        return {}
      },
    })
    expect(await runInProcess(['rmi', nameless], runtime)).toEqual({
      stdout: `Deleted: ${nameless}\n`,
      stderr: '',
      exitCode: 0,
    })
  })

  test('--dry-run lists names and sizes', async () => {
    const {answers, left} = node('containerd')
    await using runtime = await startFakeRuntime(answers)
    expect(await runInProcess(['rmi', '-a', '--dry-run'], runtime)).toEqual({
      stdout: `would remove image a100000000000  docker.io/library/busybox:1 docker.io/library/busybox:2  1.08MB
would remove image a200000000000  quay.io/team/app:1  2kB
would remove image a300000000000  quay.io/team/old@sha256:88  3kB
would remove image a500000000000  quay.io/team/pinned:1  700B  pinned
would remove image a400000000000  registry.k8s.io/pause:3.9  700B
`,
      stderr: '',
      exitCode: 0,
    })
    expect(left()).toHaveLength(5)
  })
})

test('each failure is a line and the others go on; a missing image ends with 3, or counts as done', async () => {
  const {answers} = node('cri-o')
  await using runtime = await startFakeRuntime({
    ...answers,
    RemoveImage: (request: cri.RemoveImageRequest) => {
      if (request.image?.image === 'quay.io/team/app:1')
        throw status(rpcCode.unknown, 'image is in use by container c1')
      return answers.RemoveImage(request)
    },
  })
  expect(await runInProcess(['rmi', 'quay.io/team/app:1', 'nope', sha('a3')], runtime)).toEqual({
    stdout: 'Deleted: quay.io/team/old@sha256:88\n',
    stderr:
      'crisp: no image "nope": crisp images lists all\n' +
      'crisp: removing image "quay.io/team/app:1": RemoveImage: image is in use by container c1\n',
    exitCode: 3,
  })
  expect(await runInProcess(['rmi', 'nope', '--ignore-missing'], runtime)).toEqual({
    stdout: '',
    stderr: '',
    exitCode: 0,
  })
  expect(await runInProcess(['rmi'], runtime)).toEqual({
    stdout: '',
    stderr: 'crisp: which image? name it, or choose with --prune, --filter or --all\n',
    exitCode: 2,
  })
})

test('nothing to remove ends with 0', async () => {
  await using runtime = await startFakeRuntime({
    ...node('containerd').answers,
    ListImages: {images: []},
    ListContainers: {containers: []},
  })
  for (const flag of ['-a', '--prune'])
    expect(await runInProcess(['rmi', flag], runtime)).toEqual({
      stdout: '',
      stderr: flag === '--prune' ? '' : 'crisp: No images to remove\n',
      exitCode: 0,
    })
})

test.each(['0', '-1'])('--parallel %s is a mistake', async (parallel) => {
  expect(await runInProcess(['rmi', 'a:1', `--parallel=${parallel}`])).toEqual({
    stdout: '',
    stderr: `crisp: --parallel "${parallel}" should be 1 or more\n`,
    exitCode: 2,
  })
})
