// Chunks that are always loaded together, as one file: each file that Node opens, parses and links costs a short
// command more than the few lines in it.
import {readFileSync, rmSync, writeFileSync} from 'node:fs'
import {basename} from 'node:path'
import {build} from 'esbuild'

/**
 * Joins the chunks that the program loads for every line or for every command. Those of one file are reached from the
 * same of all the places that load something without a command, so no line loads a chunk that it did not load before.
 * What a chunk imports is reached from wherever the chunk is: so the files do not import one another in a circle.
 */
export async function joinChunks({outputs}, options) {
  const follow = (start, kinds, found = new Set()) => {
    for (const {path, kind} of outputs[start].imports) {
      if (!kinds.includes(kind) || !outputs[path] || found.has(path)) continue
      found.add(path)
      follow(path, kinds, found)
    }
    return found
  }
  const loadedWith = (path) => follow(path, ['import-statement']).add(path)
  const main = 'dist/main.js'
  const withoutCommand = [main, ...follow(main, ['import-statement', 'dynamic-import'])]
    .filter((path) => path === main || outputs[path].entryPoint !== undefined)
    .map(loadedWith)
  const commands = Object.keys(outputs)
    .filter((path) => path.startsWith('dist/commands/'))
    .map(loadedWith)
  const groups = new Map()
  for (const path of Object.keys(outputs)) {
    if (!path.startsWith('dist/chunks/') || outputs[path].entryPoint !== undefined) continue
    const always = withoutCommand[0].has(path)
    if (!always && !commands.every((loaded) => loaded.has(path))) continue
    const places = withoutCommand.map((loaded) => (loaded.has(path) ? '1' : '0')).join('')
    groups.set(places, [...(groups.get(places) ?? []), path])
  }
  const joined = new Map()
  for (const [places, chunks] of groups) {
    const name = `joined-${[...groups.keys()].indexOf(places)}`
    await join(name, chunks, outputs, options)
    for (const path of chunks) joined.set(basename(path), `${name}.js`)
  }
  const left = Object.keys(outputs).filter((path) => path.endsWith('.js') && !joined.has(basename(path)))
  for (const file of [...left, ...new Set([...joined.values()].map((name) => `dist/chunks/${name}`))]) {
    const text = readFileSync(file, 'utf8')
    const linked = text.replace(/(chunks\/|\.\/)([\w-]+\.js)(?=["'])/g, (whole, folder, name) =>
      joined.has(name) ? `${folder}${joined.get(name)}` : whole,
    )
    if (linked !== text) writeFileSync(file, linked)
  }
  for (const name of joined.keys()) rmSync(`dist/chunks/${name}`)
}

async function join(name, chunks, outputs, options) {
  const names = chunks.flatMap((path) => outputs[path].exports)
  const twice = names.filter((each, index) => names.indexOf(each) !== index)
  if (twice.length > 0) throw new Error(`${name}: several chunks export ${twice.join(', ')}`)
  const within = new Set(chunks.map((path) => basename(path)))
  await build({
    ...options,
    stdin: {
      contents: chunks.map((path) => `export * from './${basename(path)}'\n`).join(''),
      resolveDir: 'dist/chunks',
    },
    outfile: `dist/chunks/${name}.js`,
    format: 'esm',
    alias: {},
    plugins: [
      {
        name: 'others stay',
        setup: (bundler) =>
          bundler.onResolve({filter: /^\.\.?\//}, ({path}) =>
            within.has(basename(path)) ? undefined : {path, external: true},
          ),
      },
    ],
  })
}
