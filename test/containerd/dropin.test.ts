import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {argumentLines, sameLines} from '../dropin/argument-lines.js'
import {groups, play} from '../dropin/changing-lines.js'
import {expectEffect, shownBy} from '../dropin/effects.js'
import {sections} from '../dropin/reading-lines.js'
import {expendable, type Node, nodeOn} from '../support/cluster-node.js'
import {describeOnOwnContainerd} from '../support/containerd/availability.js'
import {
  seedContainerd,
  startContainerdNode,
  startContainerdWithImages,
} from '../support/containerd/cluster-node.js'
import {type Containerd, removeAllPods} from '../support/containerd/containerd.js'
import {eventually} from '../support/eventually.js'

// The lines of test/dropin, whose tables say where a real runtime differs from the embedded one.

describeOnOwnContainerd("crictl's lines on a real containerd", () => {
  let node: Node
  beforeAll(async () => {
    node = await startContainerdNode()
    await eventually(async () => expect((await node.run('crictl logs etcd')).stdout).toMatch(/last/))
  })
  afterAll(() => node?.[Symbol.asyncDispose]())

  for (const [section, lines] of Object.entries(sections))
    describe(section, () => {
      test.each(lines)('%s', (line, effect) => expectEffect(node, line, {...effect, ...effect.onContainerd}))
    })

  for (const [section, lines] of Object.entries(argumentLines))
    describe(section, () => {
      test.each(lines)('%s', (line, effect) => expectEffect(node, line, {...effect, ...effect.onContainerd}))
    })

  for (const [section, lines] of Object.entries(sameLines))
    describe(section, () => {
      test.each(lines)('%s is %s', async (line, other) => {
        expect(await shownBy(node, line)).toEqual(await shownBy(node, other))
      })
    })
})

describeOnOwnContainerd("crictl's lines that change a real containerd", () => {
  let containerd: Containerd
  beforeAll(async () => {
    containerd = await startContainerdWithImages()
  })
  afterAll(() => containerd?.[Symbol.asyncDispose]())

  const here = Object.entries(groups).filter(([, {onlyHere}]) => onlyHere === undefined)
  test.each(here)('%s', async (_, {seed, steps}) => {
    await seedContainerd(containerd, expendable(...seed))
    await using node = await nodeOn({
      endpoint: containerd.endpoint,
      [Symbol.asyncDispose]: () => removeAllPods(containerd.client),
    })
    const runnable = steps.filter(({onlyHere}) => onlyHere === undefined)
    await play(
      node,
      runnable.map((step) => ({...step, ...step.onContainerd})),
    )
  })
})
