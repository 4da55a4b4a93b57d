import {createHash, type Hash} from 'node:crypto'
import {
  closeSync,
  createReadStream,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs'
import {dirname, join} from 'node:path'
import {pipeline} from 'node:stream/promises'
import {UserError} from '../errors/errors.js'
import {isTrustedFolder} from '../node/own-folder.js'
import {ownCommand} from '../text/own-command.js'
import {sessionFolder} from './session-folder.js'
import {keepText} from './state-file.js'

// What can go to a node: standalone files, of which each fits some processors, and the package that runs here, which fits
// every node with Node.

export type Target = 'linux-x64' | 'linux-x64-baseline' | 'linux-arm64'

/** A standalone file. */
export interface FileBuild {
  path: string
  /** As it is on the disk here. */
  isPacked: boolean
  /** Of the unpacked file. */
  sha256: string
  /** What it is called on the node. */
  name: string
  /** undefined: the user says that it fits. */
  target: Target | undefined
}

/** The program as files that Node runs. */
export interface PackageBuild {
  root: string
  paths: readonly string[]
  sha256: string
  name: string
}

export interface Builds {
  files: readonly FileBuild[]
  package: PackageBuild | undefined
}

export interface BuildSource {
  version: string
  started: Pick<NodeJS.Process, 'execPath' | 'argv' | 'platform' | 'arch'>
  environment: NodeJS.ProcessEnv
  uid: number
  /** Instead of all others. */
  nodeFile: string | undefined
}

/** All that there is on this machine. Throws UserError where the file that was named cannot be read. */
export async function findBuilds(source: BuildSource): Promise<Builds> {
  const {nodeFile, version} = source
  if (nodeFile !== undefined) {
    const sha256 = await sumOf(nodeFile, source).catch((error) => {
      throw new UserError(`--node-file ${nodeFile}: cannot be read: ${error.message}`, {cause: error})
    })
    const named = {path: nodeFile, isPacked: false, sha256, name: nameOf(version, sha256)}
    return {files: [{...named, target: targetOf(nodeFile)}], package: undefined}
  }
  const itself = await findItself(source)
  return {files: [...itself, ...findInstalled(source)], package: findPackage(source)}
}

function nameOf(version: string, sha256: string): string {
  return `crisp-${version}-${sha256.slice(0, 16)}`
}

/** The file that runs, if it is one that holds all. */
async function findItself(source: BuildSource): Promise<FileBuild[]> {
  const {started, version} = source
  const target = `linux-${started.arch}`
  if (ownCommand(started).length > 1 || started.platform !== 'linux' || !isTarget(target)) return []
  const path = started.execPath
  const sha256 = await sumOf(path, source)
  return [{path, isPacked: false, sha256, name: nameOf(version, sha256), target}]
}

/** Those that packages put beside the program, for other processors than this one. */
function findInstalled({started, version, uid}: BuildSource): FileBuild[] {
  try {
    const program = realpathSync(ownCommand(started).at(-1) as string)
    const folder = join(dirname(program), '..', 'lib', 'crisp', 'builds', version)
    if (!isTrustedFolder(folder, uid)) return []
    const sums = readFileSync(join(folder, 'SHA256SUMS'), 'utf8')
    const there = new Set(readdirSync(folder))
    return [...sums.matchAll(/^([0-9a-f]{64}) [ *]crisp-(\S+)$/gm)].flatMap(
      ([, sha256 = '', target = '']): FileBuild[] => {
        const file = `crisp-${target}.gz`
        if (!isTarget(target) || !there.has(file)) return []
        return [{path: join(folder, file), isPacked: true, sha256, name: nameOf(version, sha256), target}]
      },
    )
  } catch {
    // There are none.
    return []
  }
}

function isTarget(word: string): word is Target {
  return ['linux-x64', 'linux-x64-baseline', 'linux-arm64'].includes(word)
}

/** By the head of an executable; a script fits everywhere. */
function targetOf(path: string): Target | undefined {
  const head = Buffer.alloc(20)
  const descriptor = openSync(path, 'r')
  try {
    readSync(descriptor, head)
  } finally {
    closeSync(descriptor)
  }
  if (head.toString('latin1', 0, 4) !== '\u007fELF') return undefined
  return head.readUInt16LE(18) === 0xb7 ? 'linux-arm64' : 'linux-x64-baseline'
}

/** The types and the libraries are for other programs. */
const leftHere = /^dist\/(types\/|(client|logs|oclif)\.js$)/

function findPackage({started, version}: BuildSource): PackageBuild | undefined {
  const words = ownCommand(started)
  const script = words.at(-1)
  if (words.length === 1 || script === undefined) return undefined
  try {
    const root = join(dirname(realpathSync(script)), '..')
    const paths = readdirSync(join(root, 'dist'), {recursive: true, withFileTypes: true})
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .filter((path) => !leftHere.test(path))
    const all = ['package.json', 'bin/run.js', ...paths.sort()]
    const hash = createHash('sha256')
    for (const path of all) addFile(hash, path, readFileSync(join(root, path)))
    const sha256 = hash.digest('hex')
    return {root, paths: all, sha256, name: nameOf(version, sha256)}
  } catch {
    // It runs as something else than the package.
    return undefined
  }
}

function addFile(hash: Hash, path: string, content: Buffer): void {
  hash.update(`${path}\0${content.length}\0`).update(content)
}

/** Read once: as long as a file is the same one, its sum is kept where only the user can write. */
async function sumOf(path: string, {environment, uid}: BuildSource): Promise<string> {
  const {dev, ino, size, mtimeNs, ctimeNs} = statSync(path, {bigint: true})
  const facts = [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  const key = createHash('sha256').update(facts).digest('hex')
  const kept = join(sessionFolder(environment, uid), `sum-${key.slice(0, 32)}`)
  try {
    // Twice, since a damaged one would fail every delivery.
    const [, sum] = /^([0-9a-f]{64}) \1$/.exec(readFileSync(kept, 'utf8')) ?? []
    if (sum !== undefined) return sum
  } catch {
    // It is seen for the first time.
  }
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  const sum = hash.digest('hex')
  keepText(kept, `${sum} ${sum}`)
  return sum
}
