// Scripts of the program's modules: what V8 has made of a script's code can be kept, see src/package.ts. Each is a function
// that takes what loads the others, at once or later, and gives what it exports.
import {createHash} from 'node:crypto'
import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {Script} from 'node:vm'

// As the bundler writes them. Of what is taken from Node nothing is imported any more, see builtins.mjs.
const imports = /(?<![\w$.])import\s?(?:\{([^}]+)\}\s?from\s?)?"(\.\.?\/[\w./-]+\.js)";?/g
const laterImports = /(?<![\w$.])import\("(\.\.?\/[\w./-]+\.js)"\)/g
const exportsAtEnd = /export(?:\{([^}]*)\}| default ([\w$]+\(\)));?\s*$/

/** A sum of them all. */
export function makeScripts(folder) {
  const sum = createHash('sha256')
  const paths = readdirSync(folder, {recursive: true}).filter((path) => path.endsWith('.js'))
  for (const path of paths.sort()) {
    const file = join(folder, path)
    const script = scriptOf(readFileSync(file, 'utf8'), path)
    // Fails where something of a module is left.
    new Script(script, {filename: file})
    sum.update(`${path}\0${script.length}\0`).update(script)
    writeFileSync(file, script)
  }
  return sum.digest('hex').slice(0, 16)
}

function scriptOf(module, path) {
  if (module.includes('$load')) throw new Error(`${path}: $load has another meaning there`)
  const target = (link) => JSON.stringify(join(dirname(path), link))
  const loaded = new Set()
  const code = module
    .replace(imports, (_, names, link) => {
      const load = `$load(${target(link)});`
      if (names) return `const{${pairs(names)}}=${load}`
      const isFirst = !loaded.has(link)
      loaded.add(link)
      return isFirst ? load : ''
    })
    .replace(laterImports, (_, link) => `$loadLater(${target(link)})`)
    .replace(
      exportsAtEnd,
      (_, names, value) => `return{${value ? `default:${value}` : exported(names, path)}};`,
    )
  return `(function($load,$loadLater){"use strict";${code.trimEnd()}\n})`
}

/** `a as b` of an import is `a: b`. */
function pairs(names) {
  return names.replaceAll(/\s+as\s+/g, ':')
}

/** Of an export it is `b: a`, and that for good: whoever has loaded it would not see it change. */
function exported(names, path) {
  if (/\binit_/.test(names)) throw new Error(`${path}: exports what is made only later`)
  return names
    .split(',')
    .filter(Boolean)
    .map((each) =>
      each
        .trim()
        .split(/\s+as\s+/)
        .reverse()
        .join(':'),
    )
    .join(',')
}
