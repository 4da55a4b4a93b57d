// The build: types and descriptor from the proto, then one bundle with a chunk for each command, so that a command
// loads only what it uses.
import {readdirSync, rmSync} from 'node:fs'
import {build} from 'esbuild'
import {generate} from './generate.mjs'

generate()
rmSync('dist', {recursive: true, force: true})

const commands = readdirSync('src/commands').map((file) => `src/commands/${file}`)

await build({
  entryPoints: ['src/main.ts', 'src/client.ts', ...commands],
  outdir: 'dist',
  outbase: 'src',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: false,
  legalComments: 'none',
  // CommonJS dependencies inside an ESM bundle still call require for Node's own modules.
  banner: {js: "import {createRequire as __createRequire} from 'node:module';const require=__createRequire(import.meta.url);"},
})
