import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest'
import {startContainerdNode} from '../dropin/containerd-node.js'
import {expectEffect} from '../dropin/effects.js'
import type {Node} from '../dropin/node.js'
import {sections} from '../dropin/reading-lines.js'
import {describeOnContainerd} from './availability.js'

// The lines of test/dropin/reading-lines.ts, which says where a real runtime differs from the embedded one.

describeOnContainerd("crictl's lines on a real containerd", () => {
  let node: Node
  beforeAll(async () => {
    node = await startContainerdNode()
    const patient = {timeout: 40_000}
    await vi.waitFor(async () => expect((await node.run('crictl logs etcd')).stdout).toMatch(/last/), patient)
  })
  afterAll(() => node?.[Symbol.asyncDispose]())

  for (const [section, lines] of Object.entries(sections))
    describe(section, () => {
      test.each(lines)('%s', (line, effect) => expectEffect(node, line, {...effect, ...effect.onContainerd}))
    })
})
