import {expect, test} from 'vitest'
import {answers, type BrokenServer, floods, httpFrame, listsWithoutEnd} from '../support/broken-servers.js'
import {startFakeNode} from '../support/fake-node.js'
import {measurePeak} from '../support/measure-peak.js'
import {runCli} from '../support/run-cli.js'

// Peers that send without end: what they send is bounded in memory, and said in one line.

const frames: [string, Buffer][] = [
  ['PING', httpFrame(6, 0, 0, Buffer.alloc(8))],
  ['SETTINGS', httpFrame(4, 0, 0, Buffer.from('000300000064', 'hex'))],
  ['WINDOW_UPDATE', httpFrame(8, 0, 0, Buffer.from('00000001', 'hex'))],
  ['empty DATA', httpFrame(0, 0, 1, Buffer.alloc(0))],
  [
    'CONTINUATION',
    Buffer.concat([httpFrame(1, 0, 1, Buffer.alloc(9)), httpFrame(9, 0, 1, Buffer.alloc(1000))]),
  ],
  ['unknown', httpFrame(99, 0, 0, Buffer.alloc(1000))],
]

test.each(frames)('a runtime that floods with %s frames is one line, in little memory', async (_, frame) => {
  await using server = await floods(frame)
  const {stdout, stderr, exitCode, peakMiB} = await measurePeak(['-t', '2s', 'ps'], server.endpoint)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^crisp: .*\n$/)
  expect([1, 4, 124]).toContain(exitCode)
  expect(peakMiB).toBeLessThan(150)
})

test('a runtime that asks, falls silent and never reads an answer keeps no process alive', async () => {
  await using server = await floods(httpFrame(6, 0, 0, Buffer.alloc(8)), 40)
  expect(await runCli(['-t', '1s', 'ps'], server)).toEqual({
    stdout: '',
    stderr: expect.stringMatching(/^crisp: .*\n$/),
    exitCode: expect.toBeOneOf([4, 124]),
  })
})

/** Containers of a list's answer: field 1, a message each. */
function containers(count: number, idBytes: number): Buffer {
  const id = Buffer.concat([Buffer.of(0x0a), varint(idBytes), Buffer.alloc(idBytes, 'a')])
  const one = idBytes === 0 ? Buffer.of(0x0a, 0) : Buffer.concat([Buffer.of(0x0a), varint(id.length), id])
  return Buffer.alloc(count * one.length, one)
}

function varint(value: number): Buffer {
  return value < 128 ? Buffer.of(value) : Buffer.concat([Buffer.of((value & 127) | 128), varint(value >>> 7)])
}

test.each([
  ['ps', 'entries without content', containers(10_000, 0), 'list goes on after 500000 entries'],
  ['ps', 'entries of a megabyte', containers(4, 1024 ** 2), 'goes on after 256 MiB'],
  ['pods', 'entries of a kilobyte', containers(1000, 1024), 'goes on after 256 MiB'],
  ['images', 'entries without content', containers(10_000, 0), 'list goes on after 500000 entries'],
])('%s of a list without end, %s', async (verb, _, message, words) => {
  await using server: BrokenServer = await listsWithoutEnd(message)
  const {stdout, stderr, exitCode, peakMiB} = await measurePeak([verb], server.endpoint)
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1})
  expect(stderr).toMatch(/^crisp: .*\n$/)
  expect(stderr).toContain(words)
  expect(peakMiB).toBeLessThan(1500)
})

test('a message of millions of entries without content is refused before it is decoded', async () => {
  await using server = await answers(containers(20_000_000, 0))
  const {stdout, stderr, exitCode, peakMiB} = await measurePeak(['ps'], server.endpoint)
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1})
  expect(stderr).toMatch(/^crisp: .*more than 1000000 entries in one message.*\n$/)
  expect(peakMiB).toBeLessThan(400)
})

test('a log line without end goes through in little memory', async () => {
  await using node = await startFakeNode()
  const part = (tag: string) => `2026-01-02T03:04:05.5Z stdout ${tag} ${'x'.repeat(1024 ** 2)}\n`
  node.logs.write('default_web-0_uid-web-0/web/0.log', part('P').repeat(200) + part('F'))
  for (const argv of [
    ['logs', 'web'],
    ['logs', 'web', '--grep', 'y'],
    ['logs', 'web', '--prefix'],
  ]) {
    const {stderr, exitCode, peakMiB} = await measurePeak(
      [...argv, '--limit-bytes', '1000000000'],
      node.endpoint,
    )
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    // outcomeOf holds the output in this process, not in that one.
    expect(peakMiB).toBeLessThan(300)
  }
})
