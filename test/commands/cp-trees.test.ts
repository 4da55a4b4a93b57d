import {mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../src/demo/index.js'
import {copyContainers, copySeed} from '../support/copy-node.js'
import {diskBytesOf, fileTrees, manifestOf} from '../support/file-trees.js'
import {runInProcess} from '../support/in-process.js'

let runtime: DemoRuntime
let base: string

beforeAll(async () => {
  runtime = await startDemoRuntime({seed: copySeed})
})
afterAll(() => runtime[Symbol.asyncDispose]())
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'crisp-trees-'))
})
afterEach(() => rmSync(base, {recursive: true}))

const cp = (...argv: string[]) => runInProcess(['cp', ...argv], runtime)
const done = {stdout: '', stderr: '', exitCode: 0}

describe.each(copyContainers)('there and back, %s', (container) => {
  test.each(Object.entries(fileTrees))('%s', async (name, make) => {
    const tree = join(base, 'tree')
    mkdirSync(tree)
    make(tree)
    const whole = manifestOf(tree)
    expect(await cp('-a', tree, `${container}:${base}/inside`)).toEqual(done)
    expect(manifestOf(join(base, 'inside'))).toEqual(whole)
    expect(await cp('-a', `${container}:${base}/inside/.`, join(base, 'back'))).toEqual(done)
    expect(manifestOf(join(base, 'back'))).toEqual(whole)
    if (name !== 'files with holes') return
    for (const place of ['inside', 'back'])
      expect(diskBytesOf(join(base, place))).toBeLessThan(4 * 1024 * 1024)
  })
})
