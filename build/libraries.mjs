// The libraries that nearly every command needs, as one script with V8's compiled code beside it: see src/cli/libraries.ts,
// which loads it. A library that only some commands need is better left to the bundle.
import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {mkdirSync, writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {build} from 'esbuild'

const names = ['@oclif/core/args', '@oclif/core/flags', '@oclif/core/parser']

/** Writes the script. Returns its name, which tells its content, and the paths of what is in it. */
export async function bundleLibraries(options) {
  const entries = names.map((name) => `${JSON.stringify(name)}: () => require(${JSON.stringify(name)})`)
  const {metafile, outputFiles} = await build({
    ...options,
    stdin: {contents: `module.exports = {${entries.join(',')}}`, resolveDir: '.'},
    format: 'cjs',
    write: false,
  })
  const [{text}] = outputFiles
  // An expression whose value is the function: what a script gives back.
  const script = `(function (require) {const module = {exports: {}};let exports = module.exports;${text}\nreturn module.exports})`
  const name = `libraries-${createHash('sha256').update(script).digest('hex').slice(0, 8)}`
  mkdirSync('dist', {recursive: true})
  writeFileSync(`dist/${name}.cjs`, script)
  return {name, inputs: Object.keys(metafile.inputs)}
}

/** For the commands' bundle: what it imports of the libraries is taken from the script. */
export const fromLibraries = {
  name: 'libraries',
  setup(bundler) {
    const loader = fileURLToPath(new URL('../src/cli/libraries.ts', import.meta.url))
    const filter = new RegExp(`^(${names.join('|')})$`)
    bundler.onResolve({filter}, ({path}) => ({path, namespace: 'libraries'}))
    bundler.onLoad({filter: /.*/, namespace: 'libraries'}, ({path}) => ({
      contents: `module.exports = require(${JSON.stringify(loader)}).library(${JSON.stringify(path)})`,
      resolveDir: '.',
    }))
  },
}

/** In a process of its own, which does what a command does: V8 keeps the code of functions that were called. */
export function compileLibraries() {
  execFileSync(process.execPath, [fileURLToPath(new URL('compile-libraries.mjs', import.meta.url))], {
    stdio: 'inherit',
    // None of the settings of whoever builds.
    env: {PATH: process.env.PATH, HOME: process.env.HOME, CRI_CONFIG_FILE: '/dev/null'},
  })
}
