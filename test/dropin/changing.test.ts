import {describe, test} from 'vitest'
import {groups, play} from './changing-lines.js'
import {expendable, startNode} from './node.js'

describe('one line after another', () => {
  test.each(Object.entries(groups))('%s', async (_, {seed, steps}) => {
    await using node = await startNode(expendable(...seed))
    await play(node, steps)
  })
})
