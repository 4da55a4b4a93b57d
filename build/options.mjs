// What all bundles of the program have in common, however they are delivered.
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {lazyWidth} from './lazy-width.mjs'
import {leanOclif} from './lean-oclif.mjs'

export const {version} = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

const others = {
  // As its dependents require it: as a module of its own it would be there twice, and made by the first who needs it.
  '@opentelemetry/api': fileURLToPath(
    new URL('../node_modules/@opentelemetry/api/build/src/index.js', import.meta.url),
  ),
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
  alias: others,
  plugins: [leanOclif, lazyWidth],
  define: {
    crispVersion: JSON.stringify(version),
    // ws would look for faster code that is not here, and take what it gets.
    'process.env.WS_NO_BUFFER_UTIL': '"1"',
    'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
  },
}
