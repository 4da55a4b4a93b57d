// The types of the libraries, for programs that import them: what their two doors reach, without a package beside.
import {execFileSync} from 'node:child_process'
import {readdirSync, readFileSync, rmSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

const folder = 'dist/types'
const doors = ['client.d.ts', 'logs.d.ts']

export function writeDeclarations() {
  const tsc = fileURLToPath(
    import.meta.resolve('typescript/package.json').replace(/package\.json$/, 'bin/tsc'),
  )
  const emit = [
    '--noEmit',
    'false',
    '--declaration',
    '--emitDeclarationOnly',
    '--rootDir',
    'src',
    '--outDir',
    folder,
  ]
  execFileSync(process.execPath, [tsc, '--project', 'build/library.json', ...emit], {stdio: 'inherit'})
  const reached = new Set()
  for (const door of doors) reach(door, reached)
  for (const file of readdirSync(folder, {recursive: true}))
    if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(join(folder, file))
}

function reach(file, reached) {
  if (reached.has(file)) return
  reached.add(file)
  const text = readFileSync(join(folder, file), 'utf8').replace(/\/\*.*?\*\//gs, '')
  for (const [, name] of text.matchAll(/\b(?:from |import ?\(?)['"]([^'"]+)['"]/g)) {
    if (name.startsWith('.')) reach(join(dirname(file), name.replace(/\.js$/, '.d.ts')), reached)
    else if (!name.startsWith('node:')) throw new Error(`${folder}/${file} needs the types of ${name}`)
  }
}
