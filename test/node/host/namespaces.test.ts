import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {readFile, readlink} from 'node:fs/promises'
import {describe, expect, test} from 'vitest'
import {closeNamespaces, openNamespaces} from '../../../src/node/host/namespaces.js'
import {readProcess} from '../../../src/node/host/processes.js'

describe.runIf(process.platform === 'linux')('namespaces of a process that was found', () => {
  test('are opened, and told to be our own', async () => {
    const found = await readProcess(process.pid)
    if (!found) throw new Error('no /proc')
    const opened = await openNamespaces(found, ['net', 'uts'])
    try {
      expect(opened.map(({kind, own}) => ({kind, own}))).toEqual([
        {kind: 'net', own: true},
        {kind: 'uts', own: true},
      ])
      expect(await readlink(`/proc/self/fd/${opened[0]?.file.fd}`)).toBe(await readlink('/proc/self/ns/net'))
    } finally {
      await closeNamespaces(opened)
    }
  })

  test('are refused where the number is another process’s by now', async () => {
    const found = await readProcess(process.pid)
    if (!found) throw new Error('no /proc')
    const words = /^process \d+ has ended, and its number may be another's by now: try again$/
    await expect(openNamespaces({...found, startedTicks: found.startedTicks - 1}, ['net'])).rejects.toThrow(
      words,
    )
    await expect(openNamespaces({...found, cgroup: '0::/elsewhere\n'}, ['net'])).rejects.toThrow(words)
  })

  test('are refused of a process that has ended', async () => {
    const child = spawn('sleep', ['1000'])
    await once(child, 'spawn')
    const found = await readProcess(child.pid ?? 0)
    child.kill('SIGKILL')
    await once(child, 'exit')
    if (!found) throw new Error('no /proc')
    expect(await readFile('/proc/self/stat', 'utf8')).not.toBe('')
    await expect(openNamespaces(found, ['net'])).rejects.toThrow('has ended')
  })
})
