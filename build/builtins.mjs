// Node's own modules, for the program's files. An import of one makes a module of it, which asks each of its exports: of
// node:fs or node:util that loads a good part of Node, for every command, and of node:http its whole fetch and WebSocket.
// So the files take what they use, and what few commands come to only when it is called.
import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

/** As the bundler writes it. */
const importOfBuiltin =
  /(?<![\w$.])import\s?(?:([\w$]+)\s?,?\s?)?(?:\{([^}]+)\}\s?)?from\s?["'](?:node:)?([\w/]+)["'];?/g

/** As libraries have it. */
const importOfWhole = /(?<![\w$.])import\s?\*\s?as\s([\w$]+)\sfrom\s?["'](?:node:)?([\w/]+)["'];?/g

const laterImport = /(?<![\w$.])import\("(?:node:)?([a-z][\w/]*)"\)/g

/** Modules whose functions are often not called, and take long to load. */
const lazy = [
  'child_process',
  'crypto',
  'fs/promises',
  'http',
  'https',
  'net',
  'stream',
  'stream/promises',
  'timers/promises',
  'tty',
  'zlib',
]

/** Begins each file: the libraries among its lines require modules of Node. */
export const requireBuiltin = 'const require=process.getBuiltinModule;'

export function takeBuiltins(directory) {
  for (const name of readdirSync(directory, {recursive: true}).filter((name) => name.endsWith('.js')))
    takeBuiltinsInto(join(directory, name))
}

export function takeBuiltinsInto(file) {
  const text = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    text
      .replace(laterImport, (_, id) => `Promise.resolve(process.getBuiltinModule("${id}"))`)
      .replace(importOfWhole, (_, whole, id) => takingWhole(whole, id))
      .replace(
        importOfBuiltin,
        (_, whole, names, id) =>
          (whole ? takingWhole(whole, id) : '') + (names ? taking(names.split(','), id) : ''),
      ),
  )
}

/** Of the name of the global one nothing is made: all else in the file would find it before it is there. */
function takingWhole(as, id) {
  if (id === 'process' && as === 'process') return ''
  return `const ${as}=process.getBuiltinModule("${id}");`
}

function taking(names, id) {
  const builtin = `process.getBuiltinModule("${id}")`
  const pairs = names.map((each) => each.trim().split(/\s+as\s+/))
  const isLater = ([name]) => lazy.includes(id) && isPlainFunction(process.getBuiltinModule(id)[name])
  const now = pairs
    .filter((pair) => !isLater(pair))
    .map(([name, as = name]) => (as === name ? name : `${name}:${as}`))
  const later = pairs
    .filter(isLater)
    .map(([name, as = name]) => `const ${as}=(...given)=>${builtin}.${name}(...given);`)
  return (now.length > 0 ? `const{${now.join(',')}}=${builtin};` : '') + later.join('')
}

/** Nothing that is made with new, or has another form for promisify. */
function isPlainFunction(value) {
  return (
    typeof value === 'function' &&
    /^[a-z]/.test(value.name) &&
    Object.getOwnPropertySymbols(value).length === 0
  )
}
