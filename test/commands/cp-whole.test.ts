import {execFileSync} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../src/demo/index.js'
import {copyContainers, copySeed} from '../support/copy-node.js'
import {randomBytes} from '../support/file-trees.js'
import {runInProcess} from '../support/in-process.js'
import {startCli} from '../support/run-cli.js'

// A file has its old content or its new one, whatever happens to the copy meanwhile.

const kills = Number(process.env.CRISP_COPY_KILLS ?? 3)
const fullDisks = Number(process.env.CRISP_COPY_FULL_DISKS ?? 2)
const diskBytes = 1024 * 1024
const bytes = randomBytes(8 * 1024 * 1024, 5)

let runtime: DemoRuntime
let base: string

beforeAll(async () => {
  runtime = await startDemoRuntime({seed: copySeed})
})
afterAll(() => runtime[Symbol.asyncDispose]())
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'crisp-whole-'))
  writeFileSync(join(base, 'new'), bytes)
})
afterEach(() => rmSync(base, {recursive: true}))

function argv(direction: string, container: string, source: string, target: string): string[] {
  return direction === 'out'
    ? ['cp', `${container}:${source}`, target]
    : ['cp', source, `${container}:${target}`]
}

const ways = copyContainers.flatMap((container) => [
  ['out', container],
  ['in', container],
])

test.each(ways)('killed in the middle: %s, %s', async (direction, container) => {
  const place = join(base, 'place')
  mkdirSync(place)
  const target = join(place, 'target')
  for (let kill = 0; kill < kills; kill++) {
    writeFileSync(target, 'old')
    const cli = startCli(argv(direction as string, container as string, join(base, 'new'), target), runtime)
    cli.stdin.end()
    // As soon as something happens there, or a little later.
    let changes = 0
    const watcher = watch(place, () => {
      if (changes++ >= kill) cli.kill('SIGKILL')
    })
    await once(cli, 'close')
    watcher.close()
    const content = readFileSync(target)
    expect(content.equals(bytes) || content.toString() === 'old').toBe(true)
  }
})

describe.runIf(process.getuid?.() === 0)('on a disk that is full', () => {
  let disk: string
  beforeEach(() => {
    disk = join(base, 'disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'none', disk])
  })
  afterEach(() => execFileSync('umount', [disk]))

  test.each(ways)('%s, %s', async (direction, container) => {
    const target = join(disk, 'target')
    writeFileSync(target, 'old')
    for (let round = 0; round < fullDisks; round++) {
      // From all of the disk down to nothing is free.
      writeFileSync(join(disk, 'other'), Buffer.alloc(Math.floor((round / fullDisks) * diskBytes)))
      const {stderr, exitCode} = await runInProcess(
        argv(direction as string, container as string, join(base, 'new'), target),
        runtime,
      )
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(/^crisp: .*(no space left on|Wrote only).*\n$/i)
      expect(stderr).not.toContain('.crisp-')
      expect(readFileSync(target, 'utf8')).toBe('old')
      expect(readdirSync(disk).sort()).toEqual(['other', 'target'])
    }
  })
})
