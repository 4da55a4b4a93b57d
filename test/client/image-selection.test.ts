import {describe, expect, test} from 'vitest'
import {filterImages} from '../../src/client/image-selection.js'
import {UsageError} from '../../src/errors.js'
import type {Image} from '../../src/generated/cri.js'

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
    [['since=b/two:1'], ['11']],
    [['before=b/two'], ['55', '99']],
    [['since=sha256:55'], ['11', '33']],
    [['before=11'], ['33', '55', '99']],
    [
      ['dangling=false', 'before=11'],
      ['33', '55'],
    ],
  ]
  test.each(filters)('%j', (given, ids) => {
    expect(filterImages(images, given).map(({id}) => id.slice(7))).toEqual(ids)
  })
})

test.each(['color=red', 'dangling', 'dangling=perhaps', 'reference=(', 'since=nosuch:1'])(
  '%s is refused',
  (filter) => {
    expect(() => filterImages(images, [filter])).toThrow(UsageError)
  },
)
