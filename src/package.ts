import {mkdirSync, readdirSync, readFileSync, rmSync, statSync} from 'node:fs'
import {dirname} from 'node:path'
import {Script} from 'node:vm'
import {readOwnFile, replaceFile} from './node/own-file.js'
import {ownFolderOfCode} from './node/own-folder.js'

// The program as it is in the npm package: many files, each loaded when it is needed. They are scripts, not modules
// (build/scripts.mjs), since of those V8's code can be kept from run to run, with the functions that a command calls: to
// make that code takes a third of the time of a short command.

/** The build's: a sum of all files, and the commands by name. */
declare const crispFiles: {sum: string; commands: readonly string[]}

type Exports = Record<string, unknown>
type Load = (path: string) => Exports
type LoadLater = (path: string) => Promise<Exports>
type Part = (load: Load, loadLater: LoadLater) => Exports
type Run = (argv: readonly string[], program: typeof files) => Promise<void>

const folder = import.meta.dirname
const baseUrl = new URL('.', import.meta.url).href
const parts = new Map<string, {script: Script; exports: Exports; changedAtMs: number}>()
let kept: KeptCode | undefined

/** What a file exports, by its path in dist/. */
export function load(path: string): Exports {
  const known = parts.get(path)
  if (known) return known.exports
  const code = kept?.codes[path]
  // Before it is read: what is exchanged meanwhile is known by another time.
  const changedAtMs = code?.changedAtMs ?? (kept ? changeTimeMs(path) : 0)
  const script = new Script(readFileSync(`${folder}/${path}`, 'utf8'), {
    filename: baseUrl + path,
    cachedData: code?.bytes,
  })
  const part: Part = script.runInThisContext()
  const exports = part(load, async (other) => load(other))
  parts.set(path, {script, exports, changedAtMs})
  return exports
}

function changeTimeMs(path: string): number {
  return statSync(`${folder}/${path}`).ctimeMs
}

/** As it was installed. */
export const files = {
  manifest: () => readFileSync(`${folder}/manifest.json`, 'utf8'),
  load: async (id: string) => load(`commands/${id}.js`),
}

/** The program: one command line, and nothing else in this process. */
export async function run(argv: readonly string[]): Promise<void> {
  kept = keptCode(argv)
  await (load('main.js').run as Run)(argv, files)
}

/** None where the user has no folder that is closed to others: code from there is run. And none on a node over ssh. */
function keptCode(argv: readonly string[]): KeptCode | undefined {
  const uid = process.getuid?.()
  if (uid === undefined || uid !== process.geteuid?.() || process.env.NODE_DISABLE_COMPILE_CACHE)
    return undefined
  if (argv[0] === '__node') return undefined
  try {
    const own = ownFolderOfCode(process.env, uid)
    return own === undefined ? undefined : new KeptCode(`${own}/code`, uid, argv)
  } catch {
    return undefined
  }
}

/** Of all builds and releases of Node those that are kept. */
const mostBuilds = 4
/** A command has 1 MB. */
const mostBytes = 16 * 1024 * 1024
/** What another run writes is there for less. */
const unfinishedMs = 60_000

/** V8's code of what a command loads. The first run of each command that ends well keeps it for the others. */
class KeptCode {
  readonly codes: Readonly<Record<string, Code>> = {}
  readonly #folder: string
  // The same build that was installed twice is two, of which each has its times.
  readonly #build = `${process.version}-${process.arch}-${crispFiles.sum}-${changeTimeMs('package.js')}`
  readonly #command: string | undefined
  readonly #path: string

  constructor(folder: string, uid: number, argv: readonly string[]) {
    this.#folder = folder
    const isTab = argv[0] === '__complete'
    this.#command = isTab ? undefined : argv.find((word) => crispFiles.commands.includes(word))
    this.#path = `${folder}/${this.#build}/${isTab ? '__complete' : (this.#command ?? 'help')}`
    try {
      this.codes = unpack(readOwnFile(this.#path, uid, mostBytes).bytes, this.#build)
    } catch {
      // It is the first run, or what is there is damaged.
    }
    if (isOrdinary()) process.once('exit', (exitCode) => this.#keep(exitCode))
  }

  /** Fails without a word: the next run is another first one. */
  #keep(exitCode: number): void {
    const loaded = [...parts].map(([path, part]) => ({path, ...part}))
    const wasUsed = loaded.some(({path, script}) => this.codes[path] && !script.cachedDataRejected)
    const commands = loaded.filter(({path}) => path.startsWith('commands/')).map(({path}) => path)
    const expected = this.#command === undefined ? [] : [`commands/${this.#command}.js`]
    if (exitCode !== 0 || wasUsed || commands.join() !== expected.join()) return
    try {
      const folder = dirname(this.#path)
      if (mkdirSync(folder, {recursive: true, mode: 0o700})) this.#removeOldBuilds()
      removeUnfinished(folder)
      replaceFile(this.#path, pack(loaded, this.#build), `${this.#path}.${process.pid}`)
    } catch {
      // No space, for instance.
    }
  }

  #removeOldBuilds(): void {
    const builds = readdirSync(this.#folder)
      .map((name) => ({
        path: `${this.#folder}/${name}`,
        mtimeMs: statSync(`${this.#folder}/${name}`).mtimeMs,
      }))
      .sort((a, b) => b.mtimeMs - a.mtimeMs)
    for (const {path} of builds.slice(mostBuilds)) rmSync(path, {recursive: true, force: true})
  }
}

/** By runs that were killed meanwhile. */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = `${folder}/${name}`
    if (/\.\d+$/.test(name) && Date.now() - statSync(path).mtimeMs > unfinishedMs) rmSync(path, {force: true})
  }
}

/** Neither watched nor changed by options of Node, for which V8 makes other code. */
function isOrdinary(): boolean {
  const {NODE_OPTIONS, NODE_V8_COVERAGE} = process.env
  return process.execArgv.length === 0 && !NODE_OPTIONS && !NODE_V8_COVERAGE
}

interface Code {
  bytes: Buffer
  /** Of the file. */
  changedAtMs: number
}

interface Loaded {
  path: string
  script: Script
  changedAtMs: number
}

/** Where the code of each file begins and ends, and when that was changed. */
type Places = Record<string, [start: number, end: number, changedAtMs: number]>

/**
 * The length of the index, the index, and each code where V8 wants it: at a multiple of 8. All of it twice, since V8 does
 * not look for damage: to compare two copies takes 0.3 ms longer than to read one, a sum of node:crypto 4 to 7 ms. V8 knows
 * a script by its length alone: so the index says of which build it is, and when each file was changed last.
 */
function pack(loaded: readonly Loaded[], build: string): Buffer {
  const codes = loaded.map(({path, script, changedAtMs}) => ({
    path,
    changedAtMs,
    code: script.createCachedData(),
  }))
  const places: Places = {}
  let end = 0
  for (const {path, changedAtMs, code} of codes) {
    places[path] = [end, end + code.length, changedAtMs]
    end = aligned(end + code.length)
  }
  const index = Buffer.from(JSON.stringify({build, places}))
  const start = aligned(4 + index.length)
  const packed = Buffer.alloc(start + end)
  packed.writeUInt32LE(index.length)
  index.copy(packed, 4)
  for (const {path, code} of codes) code.copy(packed, start + (places[path]?.[0] ?? 0))
  return Buffer.concat([packed, packed])
}

/** Throws for what is not as it was packed, and for what another build has packed. */
function unpack(twice: Buffer, ownBuild: string): Record<string, Code> {
  const packed = twice.subarray(0, twice.length / 2)
  if (!packed.equals(twice.subarray(packed.length))) throw new Error('damaged')
  const indexEnd = 4 + packed.readUInt32LE()
  const index = packed.toString('latin1', 4, indexEnd)
  const {build, places}: {build: string; places: Places} = JSON.parse(index)
  if (build !== ownBuild) throw new Error('damaged')
  const codes = packed.subarray(aligned(indexEnd))
  return Object.fromEntries(
    Object.entries(places).map(([path, [start, end, changedAtMs]]) => {
      if (changeTimeMs(path) !== changedAtMs) throw new Error('damaged')
      return [path, {bytes: codes.subarray(start, end), changedAtMs}]
    }),
  )
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}
