// Bun's executables, the runtime inside of the standalone files: packages of the npm registry, by version and checksum.
import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {extract} from 'tar'

const {version, targets} = JSON.parse(readFileSync(new URL('runtimes.json', import.meta.url), 'utf8'))
const cache = fileURLToPath(new URL('../node_modules/.cache/crisp', import.meta.url))

export const runtimeVersion = version
export const targetNames = Object.keys(targets)

/** What esbuild wrote down of the last bundle for these runtimes. */
export const bundleRecord = join(cache, 'bundle.json')

/** The executable of a target as its package has it. Downloads the package where it is not there yet. */
export async function runtimeFor(target) {
  const {package: name, integrity} = targets[target]
  const directory = join(cache, `bun-${version}-${target}`)
  const executable = join(directory, 'bin/bun')
  if (existsSync(executable)) return executable
  mkdirSync(cache, {recursive: true})
  const fresh = `${directory}.${process.pid}`
  mkdirSync(fresh)
  try {
    const packed = execFileSync(
      'npm',
      ['pack', `${name}@${version}`, '--json', '--pack-destination', fresh],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const archive = join(fresh, JSON.parse(packed)[0].filename)
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
    if (found !== integrity)
      throw new Error(`${name}@${version} is not what it was: ${found} instead of ${integrity}`)
    await extract({file: archive, cwd: fresh, strip: 1})
    rmSync(archive)
    rmSync(directory, {recursive: true, force: true})
    renameSync(fresh, directory)
  } finally {
    rmSync(fresh, {recursive: true, force: true})
  }
  return executable
}

/** The target that this machine runs. */
export function ownTarget() {
  return `linux-${process.arch}`
}

/**
 * A copy of the executable that looks for none of its own variables: BUN_BE_BUN would make a Bun of the file, BUN_OPTIONS
 * and others would change what the program does. Their names become, at the same length, ones that nobody sets. Those of
 * JavaScriptCore's options, BUN_JSC_…, stand nowhere as a whole: the program refuses them as it starts.
 */
export function withoutVariables(executable) {
  const path = `${executable}-without-variables`
  // A byte is a character. '$' is as good as a letter in the JavaScript inside.
  const content = readFileSync(executable, 'latin1')
  const renamed = content.replace(/BUN_(?=[A-Z])/g, 'BUN$')
  for (const name of ['BUN$BE_BUN', 'BUN$OPTIONS'])
    if (!renamed.includes(name)) throw new Error(`${executable} does not know ${name.replace('$', '_')}`)
  writeFileSync(path, renamed, 'latin1')
  chmodSync(path, 0o755)
  return path
}
