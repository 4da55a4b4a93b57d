// Chunks that are always loaded together, as one file: each file that Node opens, parses and links costs a short
// command more than the few lines in it.
import {readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join, relative} from 'node:path'
import {build} from 'esbuild'

const mainFile = 'dist/main.js'
/** Loaded by lines of which most need no command: of what these share with commands only what they need is joined. */
const early = ['src/cli/failures/describe.ts', 'src/cli/completion/complete.ts']
/** So many commands are worth what the others load in vain with them. */
const popular = 10
/** Though most commands have it: `-q` goes without. */
const apart = 'src/formats/table.ts'
const largestPopularBytes = 36_864
/** What costs less to load in vain than to open. */
const smallBytes = 2_048

/**
 * Joins the chunks that the program loads for every line, or for every command and by way of those for most, into as few
 * files as there are moments to load them: so a line that needs no command loads none of their libraries. What a chunk
 * imports is joined with it, or loaded before: so the files do not import one another in a circle.
 */
export async function joinChunks({outputs}, options) {
  const importsOf = (path, wanted) =>
    outputs[path].imports.filter(({path, kind}) => kind === wanted && outputs[path]).map(({path}) => path)
  const loadedWith = (path, found = new Set()) => {
    found.add(path)
    for (const each of importsOf(path, 'import-statement')) if (!found.has(each)) loadedWith(each, found)
    return found
  }
  const main = loadedWith(mainFile)
  const isPart = (path) => path.startsWith('dist/chunks/') && outputs[path].entryPoint === undefined
  const withoutCommand = [...main]
    .flatMap((path) => importsOf(path, 'dynamic-import'))
    .filter((path) => early.includes(outputs[path].entryPoint))
    .map((path) => loadedWith(path))
  const commands = Object.keys(outputs)
    .filter((path) => path.startsWith('dist/commands/'))
    .map((path) => loadedWith(path))
  const isWorthIt = (path) => {
    const {bytes, inputs} = outputs[path]
    if (apart in inputs) return false
    const count = commands.filter((loaded) => loaded.has(path)).length
    return (
      count === commands.length || bytes <= smallBytes || (count >= popular && bytes <= largestPopularBytes)
    )
  }
  const groups = new Map([['main', [mainFile]]])
  for (const path of Object.keys(outputs).filter(isPart)) {
    const always = main.has(path)
    if (
      !always &&
      ![...loadedWith(path)].every((each) => isPart(each) && (main.has(each) || isWorthIt(each)))
    )
      continue
    const places = always ? 'main' : withoutCommand.map((loaded) => (loaded.has(path) ? '1' : '0')).join('')
    groups.set(places, [...(groups.get(places) ?? []), path])
  }
  const joined = new Map()
  for (const [places, chunks] of groups) {
    const file = places === 'main' ? mainFile : `dist/chunks/joined-${[...groups.keys()].indexOf(places)}.js`
    for (const path of chunks) joined.set(path, file)
    await joinInto(file, chunks, outputs, options)
  }
  for (const path of joined.keys()) if (path !== mainFile) rmSync(path)
  const left = Object.keys(outputs).filter((path) => path.endsWith('.js') && !joined.has(path))
  for (const file of [...left, ...new Set(joined.values())]) {
    const text = readFileSync(file, 'utf8')
    const linked = text.replace(/(?<=["'])(?:\.\.?\/)+[\w/-]+\.js(?=["'])/g, (link) => {
      const target = joined.get(join(dirname(file), link))
      return target === undefined ? link : linkTo(target, file)
    })
    if (linked !== text) writeFileSync(file, linked)
  }
}

async function joinInto(file, chunks, outputs, options) {
  const names = chunks.flatMap((path) => outputs[path].exports)
  const twice = names.filter((each, index) => names.indexOf(each) !== index)
  if (twice.length > 0) throw new Error(`${file}: several chunks export ${twice.join(', ')}`)
  await build({
    ...options,
    stdin: {contents: chunks.map((path) => `export * from './${path}'\n`).join(''), resolveDir: '.'},
    outfile: file,
    allowOverwrite: true,
    format: 'esm',
    alias: {},
    plugins: [
      {
        name: 'others stay',
        setup: (bundler) =>
          bundler.onResolve({filter: /^\.\.?\//}, ({path, resolveDir}) => {
            const target = relative('.', join(resolveDir, path))
            return chunks.includes(target) ? undefined : {path: linkTo(target, file), external: true}
          }),
      },
    ],
  })
}

function linkTo(target, file) {
  const path = relative(dirname(file), target)
  return path.startsWith('.') ? path : `./${path}`
}
