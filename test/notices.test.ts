import {fileURLToPath} from 'node:url'
import {build} from 'esbuild'
import {expect, test} from 'vitest'

// build/notices.mjs lists the packages that a bundle holds.

interface Notices {
  notices: (inputs: string[]) => string
}

const {notices} = (await import(new URL('../build/notices.mjs', import.meta.url).href)) as Notices

test('a package that is a bundle itself is listed with its parts', async () => {
  const {metafile} = await build({
    stdin: {contents: "export {create} from 'tar'", resolveDir: '.'},
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    bundle: true,
    platform: 'node',
    metafile: true,
    write: false,
  })
  expect(Object.keys(metafile.inputs)).toContain('node_modules/tar/dist/esm/index.min.js')
  const heads = notices(Object.keys(metafile.inputs)).match(/^\S+ \d+\.\d+\.\d+ \(.*\)$/gm)
  expect(heads?.map((head) => head.split(' ')[0]).sort()).toEqual([
    '@isaacs/fs-minipass',
    'chownr',
    'minipass',
    'minizlib',
    'tar',
    'yallist',
  ])
})
