import {describe, expect, test} from 'vitest'
import {isPlainNode, nodeSetText, parseNodeSet, parseNodesFile} from '../../src/nodes/node-set.js'

const groups: Record<string, string[]> = {workers: ['w1', 'w2', 'w3'], new: ['w3', 'w4']}
const read = (text: string) => parseNodeSet(text, (name) => groups[name] ?? [])

describe('sets of nodes', () => {
  test.each([
    ['n1', ['n1']],
    ['n1,n2,n1', ['n1', 'n2']],
    ['n[1-3]', ['n1', 'n2', 'n3']],
    ['n[001-003]', ['n001', 'n002', 'n003']],
    ['n[9-11]', ['n9', 'n10', 'n11']],
    ['n[1-9/4]', ['n1', 'n5', 'n9']],
    ['n[1,4-5].example.com', ['n1.example.com', 'n4.example.com', 'n5.example.com']],
    ['r[1-2]n[1-2]', ['r1n1', 'r1n2', 'r2n1', 'r2n2']],
    ['@workers', ['w1', 'w2', 'w3']],
    ['n[1-3],@workers,!n2', ['n1', 'n3', 'w1', 'w2', 'w3']],
    ['n[1-3]!n[2-3]', ['n1']],
    ['@workers&@new', ['w3']],
    ['@workers&@new,n1', ['w3', 'n1']],
    ['n1, n2 ,', ['n1', 'n2']],
    ['admin@[::1],ssh://root@h:22', ['admin@[::1]', 'ssh://root@h:22']],
    ['', []],
  ])('%s', (text, nodes) => {
    expect(read(text)).toEqual(nodes)
  })

  test.each([
    ['n[a-b]', /\[a-b\] should be numbers/],
    ['n[3-1]', /\[3-1\] should be numbers/],
    ['n[1-3/0]', /should be numbers/],
    ['n[1-2', /a bracket is not closed/],
    ['n[]', /should be numbers/],
    ['n1!', /ends with "!"/],
    ['n1!&n2', /nothing stands between/],
    ['n[1-999999999]', /more than 100000/],
    ['n[1-1000][1-1000]', /more than 100000/],
  ])('%s is none', (text, message) => {
    expect(() => read(text)).toThrow(message)
  })

  test.each([
    ['n1', true],
    ['admin@10.0.0.7', true],
    ['admin@[::1]', true],
    ['n[1-1]', false],
    ['@workers', false],
    ['n1,n2', false],
    ['n1!n2', false],
  ])('%s names one node: %s', (word, plain) => {
    expect(isPlainNode(word)).toBe(plain)
  })

  test.each([
    [['worker-1', 'worker-2', 'worker-3', 'worker-5'], 'worker-[1-3,5]'],
    [['w10', 'w9', 'w8'], 'w[8-10]'],
    [['n09', 'n10', 'n8'], 'n8,n[09-10]'],
    [['cp', 'n1'], 'cp,n1'],
    [['n1.k8s.example.com', 'n2.k8s.example.com'], 'n[1-2].k8s.example.com'],
    [['10.0.0.7', '10.0.0.8', 'admin@10.0.0.8'], '10.0.0.[7-8],admin@10.0.0.8'],
    [['admin@[::1]'], 'admin@[::1]'],
    [['ssh://root@h1:22', 'ssh://root@h2:22'], 'ssh://root@h1:22,ssh://root@h2:22'],
    [['a1b', 'a2b', 'a1c'], 'a[1-2]b,a1c'],
  ])('%s', (nodes, text) => {
    expect(nodeSetText(nodes)).toBe(text)
    expect(read(text).toSorted()).toEqual(nodes.toSorted())
  })

  test('a file has a node a line, as kubectl prints them too', () => {
    const text = 'n1\n# all of them\n\nnode/n2\n  n3 # the new one\nn[4-5]\r\n'
    expect(parseNodesFile(text)).toEqual(['n1', 'n2', 'n3', 'n[4-5]'])
  })
})
