import {execFile} from 'node:child_process'
import {fileURLToPath} from 'node:url'
import {promisify} from 'node:util'
import {expect, test} from 'vitest'

// The scripts of npm run load:demo, load:clients and load:events, cut short. They fail by themselves, too.

async function script(name: string, ...argv: string[]): Promise<string> {
  const path = fileURLToPath(new URL(`../../bench/${name}.mjs`, import.meta.url))
  return (await promisify(execFile)(process.execPath, [path, ...argv])).stdout
}

test('many pods and created containers take little memory', async () => {
  const said = await script('demo-load', '--pods=100')
  expect(said).toContain('created 100 pods, 500 containers')
  expect(said).toContain('listed 500 containers')
  const memoryMb = Number(/memory of the server: (\d+) MB/.exec(said)?.[1])
  // A tenth of what 1,000 pods may take would not even be Node itself: this says that it does not grow out of hand.
  expect(memoryMb).toBeLessThan(250)
})

test('ten clients at once: no error, and nothing left over', async () => {
  const said = await script('demo-clients', '--rounds=2')
  expect(said).toMatch(/^20 pods by 10 clients, 0 errors$/m)
  expect(said).toContain('left over: 0 pods, 0 containers, 0 processes')
})

test('events tells every life of many containers, whole and in order', async () => {
  expect(await script('events', '--containers=40')).toMatch(/^40 of 40 lives seen whole and in order,/)
})
