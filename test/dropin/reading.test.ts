import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {clusterNode, expendable, type Node, startNode} from '../support/cluster-node.js'
import {eventually} from '../support/eventually.js'
import {expectEffect} from './effects.js'
import {sections} from './reading-lines.js'

// The lines of reading-lines.ts on the embedded runtime, and those that end in ways of their own.

let node: Node
beforeAll(async () => {
  node = await startNode(clusterNode)
  // What a container prints is in its log some moments after it has started.
  await eventually(async () => expect((await node.run('crictl logs etcd')).stdout).toMatch(/last/))
  await eventually(async () => expect((await node.run('crictl logs kube-apiserver')).stderr).toMatch(/wrong/))
})
afterAll(() => node[Symbol.asyncDispose]())

for (const [section, lines] of Object.entries(sections))
  describe(section, () => {
    test.each(lines)('%s', (line, effect) => expectEffect(node, line, effect))
  })

test('crictl port-forward $nginx-65899c769f-wv2gp :80', async () => {
  const {stdout, exitCode} = await node.run('crictl port-forward $nginx-65899c769f-wv2gp :80', {
    enough: (text) => text.endsWith('\n'),
  })
  expect(stdout).toMatch(/^Forwarding from 127\.0\.0\.1:\d+ -> 80\n/)
  // Ctrl-C ends it well once both families listen, which may be a moment later.
  expect([0, 130]).toContain(exitCode)
})

test.each([
  ['crictl events', /\n\}\n/, /^\{\n {2}"containerId": /],
  ['crictl event -o yaml', /\n\n/, /^containerEventType: /],
  ["crictl events -o go-template --template '{{.containerEventType}}'", /\n/, /^CONTAINER_\w+_EVENT\n/],
])('%s', async (line, until, text) => {
  // Its first reader is told what happened before.
  await using fresh = await startNode(expendable('a'))
  const {stdout, stderr, exitCode} = await fresh.run(line, {enough: (out) => until.test(out)})
  expect(stdout).toMatch(text)
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 130})
})

test('there are at least 150 of them', () => {
  expect(Object.values(sections).flat().length).toBeGreaterThanOrEqual(150)
})
