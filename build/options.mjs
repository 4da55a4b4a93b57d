// What all bundles of the program have in common, however they are delivered.
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

export const {version} = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

// oclif's plugin search, help pages and spinners: loaded by its Command class, never used by ours.
const unusedByUs = [
  'minimatch',
  'tinyglobby',
  'ejs',
  'lilconfig',
  'typescript',
  'widest-line',
  'clean-stack',
  'semver',
]
const leftOut = {
  ...Object.fromEntries(
    unusedByUs.map((name) => [name, fileURLToPath(new URL('absent.cjs', import.meta.url))]),
  ),
  wordwrap: fileURLToPath(new URL('no-wrapping.cjs', import.meta.url)),
  'protobufjs/ext/descriptor': fileURLToPath(new URL('no-reflection.cjs', import.meta.url)),
}

/** Options of esbuild. */
export const shared = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  alias: leftOut,
  define: {crispVersion: JSON.stringify(version)},
}
