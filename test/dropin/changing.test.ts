import {describe, test} from 'vitest'
import {expendable, startNode} from '../support/cluster-node.js'
import {groups, play} from './changing-lines.js'

describe('one line after another', () => {
  test.each(Object.entries(groups))('%s', async (_, {seed, steps}) => {
    await using node = await startNode(expendable(...seed))
    await play(node, steps)
  })
})
