// The build: types and descriptor from the proto, one bundle with a chunk for each command so that a command loads
// only what it uses, and a manifest of the commands so that help and the command line load none of them.
import {readdirSync, rmSync, writeFileSync} from 'node:fs'
import {basename} from 'node:path'
import {fileURLToPath} from 'node:url'
import {build} from 'esbuild'
import {requireBuiltin, takeBuiltins, takeBuiltinsInto} from './builtins.mjs'
import {writeDeclarations} from './declarations.mjs'
import {generate} from './generate.mjs'
import {joinChunks} from './join.mjs'
import {notices} from './notices.mjs'
import {shared, version} from './options.mjs'
import {makeScripts} from './scripts.mjs'
import {compileWasm} from './wasm.mjs'

const root = new URL('..', import.meta.url)
process.chdir(fileURLToPath(root))

/** As `Completes` in src/cli/completion/position.ts has them. */
const lookups = [
  'container',
  'running-container',
  'created-container',
  'container-path',
  'container-or-pod',
  'pod',
  'ready-pod',
  'image',
  'namespace',
  'file',
  'socket',
  'known-node',
  'node',
  'request-field',
  'verb',
]

generate()
await compileWasm()
rmSync('dist', {recursive: true, force: true})
await bundle()
await writeManifest()
writeDeclarations()

async function bundle() {
  const modules = {
    ...shared,
    outdir: 'dist',
    outbase: 'src',
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    format: 'esm',
    // CommonJS dependencies inside an ESM bundle still call require for Node's own modules.
    banner: {
      js: "import {createRequire as __createRequire} from 'node:module';const require=__createRequire(import.meta.url);",
    },
  }
  const ids = readdirSync('src/commands').map((file) => basename(file, '.ts'))
  const program = await build({
    ...modules,
    banner: {js: requireBuiltin},
    entryPoints: [
      'src/main.ts',
      'src/cli/flags/common.ts',
      'src/cli/help.ts',
      ...ids.map((id) => `src/commands/${id}.ts`),
    ],
  })
  await joinChunks(program.metafile, shared)
  takeBuiltins('dist')
  const sum = makeScripts('dist')
  await build({
    ...shared,
    outfile: 'dist/package.js',
    format: 'esm',
    entryPoints: ['src/package.ts'],
    define: {crispFiles: JSON.stringify({sum, commands: ids})},
  })
  takeBuiltinsInto('dist/package.js')
  // For oclif's own tools, which look for commands in modules.
  const pairs = ids.map((id) => `${JSON.stringify(id)}:load("commands/${id}.js").default`)
  writeFileSync(
    'dist/oclif.js',
    `import{load}from"./package.js";export const commands={${pairs.join(',')}};\n`,
  )
  // Whole by itself, for programs that are bundled with it.
  const library = await build({...modules, entryPoints: ['src/client.ts', 'src/logs.ts']})
  const inputs = [program, library].flatMap(({metafile}) => Object.keys(metafile.inputs))
  writeFileSync('dist/third-party-licenses.txt', notices(inputs))
}

async function writeManifest() {
  const {load} = await import(new URL('dist/package.js', root))
  const {globalFlags} = load('cli/flags/common.js')
  const commands = []
  for (const file of readdirSync('dist/commands').sort()) {
    const {default: command} = load(`commands/${file}`)
    commands.push({
      id: basename(file, '.js'),
      aliases: command.aliases,
      summary: command.summary,
      description: command.description,
      usage: command.usage,
      examples: command.examples ?? [],
      argumentsEndFlags: command.argumentsEndFlags,
      under: command.under,
      arguments: Object.entries(command.args).map(([name, {description, required, multiple, complete}]) => ({
        name,
        description,
        required,
        multiple,
        complete: completionOf(complete, name),
      })),
      flags: await flagsOf(command.flags ?? {}),
    })
  }
  writeFileSync(
    'dist/manifest.json',
    JSON.stringify({version, commands, globals: await flagsOf(globalFlags)}),
  )
}

async function flagsOf(flags) {
  const shown = Object.entries(flags).map(async ([name, flag]) => ({
    name,
    type: flag.type,
    char: flag.char,
    aliases: flag.aliases,
    multiple: flag.multiple,
    allowNo: flag.allowNo || undefined,
    takesEmpty: flag.takesEmpty || undefined,
    bare: flag.bare,
    description: flag.description,
    helpGroup: flag.helpGroup,
    helpValue: flag.helpValue,
    // A finished value is not what one would type.
    default: flag.defaultHelp ? await flag.defaultHelp() : flag.default,
    hidden: flag.hidden,
    complete: flag.type === 'boolean' ? undefined : completionOf(flag.complete, flag.helpValue, name),
  }))
  return Promise.all(shown)
}

/**
 * What Tab offers: the words or the kind of thing that an argument or flag declares as `complete`; without that the
 * flag's helpValue, or the name, says it where it is a kind itself.
 */
function completionOf(declared, ...names) {
  if (Array.isArray(declared)) return declared
  if (declared !== undefined && !lookups.includes(declared))
    throw new Error(`complete: '${declared}' is none of ${lookups.join(', ')}`)
  return declared ?? names.map((name) => name?.toLowerCase()).find((name) => lookups.includes(name))
}
