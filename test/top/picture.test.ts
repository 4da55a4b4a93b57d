import {execFileSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {expect, test} from 'vitest'

test('the picture in the documentation is what top draws', () => {
  const script = fileURLToPath(new URL('../../build/top-picture.mjs', import.meta.url))
  const drawn = execFileSync(process.execPath, [script], {encoding: 'utf8'})
  expect(drawn, 'node build/top-picture.mjs > docs/top.svg').toBe(
    readFileSync(new URL('../../docs/top.svg', import.meta.url), 'utf8'),
  )
})
