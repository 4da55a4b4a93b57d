// Compiles wasm/log-lines.ts and writes it into src/generated as text, since a bundle has no place for other files.
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import asc from 'assemblyscript/asc'

const root = new URL('..', import.meta.url)

export async function compileWasm() {
  const files = new Map()
  const {error, stderr} = await asc.main(
    [
      'wasm/log-lines.ts',
      '--baseDir',
      fileURLToPath(root),
      '--outFile',
      'log-lines.wasm',
      '--optimizeLevel',
      '3',
      '--runtime',
      'stub',
      '--enable',
      'simd,bulk-memory',
      '--noAssert',
      '--importMemory',
    ],
    {
      readFile: (name, directory) => {
        try {
          return readFileSync(new URL(`${name}`, new URL(`file://${directory}/`)), 'utf8')
        } catch {
          return null
        }
      },
      writeFile: (name, contents) => files.set(name, contents),
      listFiles: () => [],
    },
  )
  if (error) throw new Error(`wasm/log-lines.ts: ${stderr.toString()}`, {cause: error})
  const bytes = Buffer.from(files.get('log-lines.wasm'))
  mkdirSync(new URL('src/generated/', root), {recursive: true})
  writeFileSync(
    new URL('src/generated/log-lines.ts', root),
    `// Compiled from wasm/log-lines.ts by build/wasm.mjs. Do not edit.\nexport const logLinesWasm =\n  '${bytes.toString('base64')}'\n`,
  )
  return bytes.length
}
