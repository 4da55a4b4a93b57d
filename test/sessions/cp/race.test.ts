import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {buffer} from 'node:stream/consumers'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {extract} from '../../../src/sessions/cp/extract.js'
import {pack} from '../../../src/sessions/cp/pack.js'
import {rawName} from '../../../src/sessions/cp/raw-name.js'
import {SafeDirectory} from '../../../src/sessions/cp/safe-directory.js'
import {followInRoot, lookHere, lookInRoot, type Source} from '../../../src/sessions/cp/source.js'
import {exchangeForEver} from '../../support/exchange.js'
import {isMet} from '../../support/needs.js'

// A program exchanges a directory, or a file, with a symlink to one outside, the whole time. Only Linux has the call
// for it, and the paths that make it harmless.

const copies = Number(process.env.CRISP_COPY_RACES ?? 25)
const secret = 'from outside'

let base: string
let tree: string
let outside: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'crisp-race-'))
  tree = join(base, 'root', 'tree')
  outside = join(base, 'outside')
  mkdirSync(join(tree, 'd', 'e'), {recursive: true})
  mkdirSync(join(outside, 'e'), {recursive: true})
  for (const name of ['a', 'f', 'e/a', 'e/f']) {
    writeFileSync(join(tree, 'd', name), 'from inside')
    writeFileSync(join(outside, name), secret)
  }
  writeFileSync(join(tree, 'f'), 'from inside')
  symlinkSync(outside, join(tree, 'd-link'))
  symlinkSync(join(outside, 'f'), join(tree, 'f-link'))
})
afterEach(() => rmSync(base, {recursive: true}))

const exchanged = ['d', 'f']

async function archived(source: Source, root?: SafeDirectory): Promise<{bytes: Buffer; problems: string[]}> {
  const problems: string[] = []
  try {
    const archive = pack({
      shown: 'tree',
      source,
      name: rawName('tree'),
      follow: root && ((symlink) => followInRoot(root, symlink)),
      owners: true,
      foreign: true,
      takesHoles: async () => true,
      onProblem: (text) => problems.push(text),
      onNote: (text) => problems.push(text),
    })
    return {bytes: await buffer(archive), problems}
  } finally {
    await source.found.close()
  }
}

function expectPlain(problems: readonly string[]): void {
  for (const problem of problems) expect(problem).not.toMatch(/\/proc\/|\n/)
}

describe.runIf(isMet('procfs') && isMet('python'))(
  'whoever exchanges paths gets nothing from outside',
  () => {
    test.each(exchanged)('read from a path: %s', async (name) => {
      await using _ = await exchangeForEver(join(tree, name), join(tree, `${name}-link`))
      for (let copy = 0; copy < copies; copy++) {
        const {bytes, problems} = await archived(await lookHere(tree, false))
        expect(bytes.includes(secret)).toBe(false)
        expectPlain(problems)
      }
    })

    test.each(exchanged)('read from a container, also what its symlinks point to: %s', async (name) => {
      const root = await SafeDirectory.open(join(base, 'root'))
      await using _ = await exchangeForEver(join(tree, name), join(tree, `${name}-link`))
      for (let copy = 0; copy < copies; copy++) {
        const follow = copy % 2 === 0
        // Every other time a path that leads through what is exchanged, which may well not be there.
        const path = copy % 3 === 0 ? '/tree/d/e' : '/tree'
        const source = await lookInRoot(root, path, follow).catch(() => undefined)
        if (!source) continue
        const {bytes, problems} = await archived(source, follow ? root : undefined)
        expect(bytes.includes(secret)).toBe(false)
        expectPlain(problems)
      }
      await root.close()
    })

    test.each(exchanged)('written into: %s', async (name) => {
      const here = join(base, 'here')
      mkdirSync(join(here, 'd', 'e'), {recursive: true})
      for (const path of ['d/a', 'd/f', 'd/e/a', 'd/e/f', 'f']) writeFileSync(join(here, path), 'new')
      const {bytes} = await archived(await lookHere(here, false))
      await using _ = await exchangeForEver(join(tree, name), join(tree, `${name}-link`))
      for (let copy = 0; copy < copies; copy++) {
        const directory = await SafeDirectory.open(join(base, 'root'))
        const problems: string[] = []
        await extract(Readable.from([bytes]), {
          directory,
          name: rawName('tree'),
          owners: false,
          onProblem: (text) => problems.push(text),
        })
        await directory.close()
        expectPlain(problems)
      }
      for (const path of ['a', 'f', 'e/a', 'e/f'])
        expect(readFileSync(join(outside, path), 'utf8')).toBe(secret)
      expect(readdirSync(outside).sort()).toEqual(['a', 'e', 'f'])
    })
  },
)
