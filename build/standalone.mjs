// The standalone files: the program, its libraries and a JavaScript runtime in one executable for each kind of node.
//   npm run build:standalone [-- linux-x64 …]    SIGN='minisign -Sm' signs SHA256SUMS
//                                                RUNTIME=path/to/bun takes that Bun, for the target that it runs on
import {execFileSync} from 'node:child_process'
import {copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {basename, dirname, join, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'
import {build} from 'esbuild'
import {shared} from './options.mjs'
import {bundleRecord, ownTarget, runtimeFor, targetNames, withoutVariables} from './runtimes.mjs'
import {writeSums} from './sums.mjs'

const ownRuntime = process.env.RUNTIME && resolve(process.env.RUNTIME)
process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const asked = process.argv.slice(2)
const unknown = asked.filter((target) => !targetNames.includes(target))
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: there are ${targetNames.join(', ')}`)
const targets = asked.length > 0 ? asked : targetNames
if (ownRuntime && targets.length > 1) throw new Error('RUNTIME is for one target: name it')

const release = 'release'
// Its path gets into the files: the same one on every machine, for the same bytes. Fails where it is there already.
const directory = '/tmp/crisp-standalone'
mkdirSync(directory, {mode: 0o700})
try {
  await bundle()
  const compiler = ownRuntime || (await runtimeFor(ownTarget()))
  mkdirSync(release, {recursive: true})
  for (const target of targets) compile(compiler, target, ownRuntime || (await runtimeFor(target)))
} finally {
  rmSync(directory, {recursive: true})
}
writeSums(release)

/** In as many parts as there are moments to load them: what the runtime loads it reads as a whole, compiled or not. */
async function bundle() {
  const commands = readdirSync('src/commands').map((file) => basename(file, '.ts'))
  const entries = commands.map((id) => `${JSON.stringify(id)}: () => import('./src/commands/${id}.ts')`)
  const manifest = JSON.stringify(readFileSync('dist/manifest.json', 'utf8'))
  const {metafile} = await build({
    ...shared,
    stdin: {
      contents: `
        import {run} from './src/main.ts'
        const option = Object.keys(process.env).find((name) => name.startsWith('BUN_JSC_'))
        if (option) {
          process.stderr.write('crisp: ' + option + ' would change the runtime inside of crisp: unset it\\n')
          process.exit(2)
        }
        const commands = {${entries.join(',')}}
        run(process.argv.slice(2), {manifest: () => ${manifest}, load: (id) => commands[id]()})`,
      resolveDir: '.',
    },
    outdir: directory,
    entryNames: 'crisp',
    splitting: true,
    format: 'esm',
    define: {...shared.define, 'import.meta.url': '"file:///"'},
  })
  // For the licences and the bill of materials that go with the packages.
  mkdirSync(dirname(bundleRecord), {recursive: true})
  writeFileSync(bundleRecord, JSON.stringify(metafile))
}

function compile(compiler, target, runtime) {
  const options = [
    '--compile',
    '--bytecode',
    '--splitting',
    '--format=esm',
    '--minify',
    // What lies in the directory where a command is given has no say in it.
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    '--no-compile-autoload-tsconfig',
    '--no-compile-autoload-package-json',
    `--compile-executable-path=${withoutVariables(runtime)}`,
    `--outfile=crisp-${target}`,
  ]
  execFileSync(compiler, ['build', ...options, 'crisp.js'], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {PATH: process.env.PATH, HOME: directory},
  })
  const file = join(release, `crisp-${target}`)
  // Beside and then over it: one that runs can't be written.
  copyFileSync(join(directory, `crisp-${target}`), `${file}.new`)
  renameSync(`${file}.new`, file)
  console.log(`${release}/crisp-${target}`)
}
