import {describe, expect, test} from 'vitest'
import {UsageError} from '../../src/errors/errors.js'
import type {Image} from '../../src/generated/cri.js'
import {imageFilter, parseImageFilter} from '../../src/node/image-filter.js'

function image(id: string, repoTags: string[], repoDigests: string[] = []): Image {
  return {id, repoTags, repoDigests, size: '1', uid: null, username: '', spec: null, pinned: false}
}

const images = [
  image('sha256:33', ['b/two:1', 'b/two:latest']),
  image('sha256:11', ['a/one:1'], ['a/one@sha256:d1']),
  image('sha256:99', [], ['z/dangling@sha256:d9']),
  image('sha256:55', ['c/three:v1.2.3']),
]

describe("images in crictl's order, narrowed by each filter in turn", () => {
  const filters: [string[], string[]][] = [
    [[], ['11', '33', '55', '99']],
    [['dangling=true'], ['99']],
    [['dangling=false'], ['11', '33', '55']],
    [['reference=two'], ['33']],
    [['reference=^[ac]/'], ['11', '55']],
    [['reference=v1\\.\\d'], ['55']],
    [['reference=dangling'], ['99']],
    [['reference=(?i)TWO'], ['33']],
    [['since=b/two:1'], ['11']],
    [['before=b/two'], ['55', '99']],
    [['since=sha256:55'], ['11', '33']],
    [['before=11'], ['33', '55', '99']],
    [
      ['dangling=false', 'before=11'],
      ['33', '55'],
    ],
  ]
  test.each(filters)('%j', async (given, ids) => {
    const filter = imageFilter(await Promise.all(given.map(parseImageFilter)))
    expect(filter(images).map(({id}) => id.slice(7))).toEqual(ids)
  })
})

test.each(['color=red', 'dangling', 'dangling=perhaps', 'reference=('])(
  '%s is refused without a look at the images',
  async (filter) => {
    await expect(parseImageFilter(filter)).rejects.toThrow(UsageError)
  },
)

test('a reference that is not in the list is refused', async () => {
  const filter = await parseImageFilter('since=nosuch:1')
  expect(() => filter(images)).toThrow(UsageError)
})
