import {randomBytes} from 'node:crypto'
import {createReadStream, readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {promisify} from 'node:util'
import {createGunzip, createGzip, gzip} from 'node:zlib'
import {UserError} from '../errors/errors.js'
import {printable} from '../errors/printable.js'
import type {Builds, FileBuild, PackageBuild, Target} from './builds.js'
import {lostError} from './lost.js'
import {type Ending, RunOnNode} from './run.js'
import {type DeliveryScript, fileDelivery, packageDelivery} from './scripts.js'
import type {SshConnection} from './ssh.js'

/** What a node says of itself where it has no crisp that fits. */
export interface NodeFacts {
  machine: string
  libc: string
  hasAvx2: boolean
  /** Of Node, undefined without it. */
  nodeVersion: string | undefined
}

export function parseFacts(text: string): NodeFacts | undefined {
  const [word, machine, libc, avx2, version] = text.split(' ')
  if (word !== 'absent' || machine === undefined || libc === undefined) return undefined
  return {
    machine,
    libc,
    hasAvx2: avx2 === 'avx2',
    nodeVersion: version?.startsWith('v') ? version.slice(1) : undefined,
  }
}

export interface DeliveryOptions {
  sudo: boolean
  note: (text: string) => void
  /** Told how much of how many bytes is on its way. */
  onProgress: (bytes: number, total: number) => void
}

/** Brings a program to the node once. Throws UserError that says what to install where there is none that fits. */
export async function deliver(
  connection: SshConnection,
  facts: NodeFacts,
  builds: Builds,
  options: DeliveryOptions,
): Promise<void> {
  const files = filesFor(facts, builds)
  if (builds.package && isNodeEnough(facts.nodeVersion))
    return await bring(connection, packageToBring(builds.package), options)
  if (files.length === 0) throw new UserError(`${connection.destination}: ${missingWords(facts, builds)}`)
  let unfit: unknown
  for (const file of files)
    try {
      return await bring(connection, fileToBring(file), options)
    } catch (error) {
      if (!(error instanceof UnfitError)) throw error
      unfit = error
    }
  throw unfit
}

/** The names that a program may have on a node, by its processor. */
export function namesOf({files, package: own}: Builds): {
  x64: string[]
  arm64: string[]
  everywhere: string[]
} {
  const named = (targets: readonly Target[]) =>
    files.filter(({target}) => target !== undefined && targets.includes(target)).map(({name}) => name)
  return {
    x64: named(['linux-x64', 'linux-x64-baseline']),
    arm64: named(['linux-arm64']),
    everywhere: [
      ...(own ? [own.name] : []),
      ...files.filter(({target}) => target === undefined).map(({name}) => name),
    ],
  }
}

function filesFor({machine, libc, hasAvx2}: NodeFacts, {files}: Builds): FileBuild[] {
  const anywhere = files.filter(({target}) => target === undefined)
  if (libc === 'musl') return anywhere
  const of = (wanted: Target) => files.filter(({target}) => target === wanted)
  switch (machine) {
    case 'x86_64':
    case 'amd64':
      return hasAvx2
        ? [...anywhere, ...of('linux-x64'), ...of('linux-x64-baseline')]
        : // What runs here is called by its processor alone, and may be either.
          [...anywhere, ...of('linux-x64-baseline'), ...of('linux-x64')]
    case 'aarch64':
    case 'arm64':
      return [...anywhere, ...of('linux-arm64')]
    default:
      return anywhere
  }
}

function isNodeEnough(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number)
  return major > 20 || (major === 20 && minor >= 19)
}

function missingWords({machine, libc, nodeVersion}: NodeFacts, builds: Builds): string {
  const node = builds.package ? `, or Node.js 20.19 or newer there (${nodeVersion ?? 'it has none'})` : ''
  if (libc === 'musl') return `no crisp for ${machine} with musl${node}: a standalone file needs glibc`
  return `no crisp for its processor (${machine})${node}: install the package crisp-builds here, or name a standalone file with --node-file`
}

/** It is whole and does not run there. */
class UnfitError extends UserError {}

/** A program that can be sent, as often as it takes. */
interface Parcel {
  name: string
  sha256: string
  script: (delivery: DeliveryScript) => string
  open: (packed: boolean) => Promise<{content: Readable; total: number}>
}

function fileToBring({path, isPacked, name, sha256}: FileBuild): Parcel {
  return {
    name,
    sha256,
    script: fileDelivery,
    open: async (packed) => {
      const file = createReadStream(path, {highWaterMark: chunkBytes})
      const content = packed === isPacked ? file : file.pipe(packed ? createGzip({level: 1}) : createGunzip())
      if (content !== file) file.once('error', (error) => content.destroy(error))
      return {content, total: statSync(path).size}
    },
  }
}

function packageToBring({root, paths, name, sha256}: PackageBuild): Parcel {
  return {
    name,
    sha256,
    script: packageDelivery,
    open: async () => {
      const files = paths.map((path) => [path, readFileSync(join(root, path), 'latin1')])
      const packed = await promisify(gzip)(JSON.stringify(files))
      return {content: Readable.from([packed]), total: packed.length}
    },
  }
}

const chunkBytes = 256 * 1024

async function bring(
  connection: SshConnection,
  parcel: Parcel,
  options: DeliveryOptions,
  skip = 0,
): Promise<void> {
  const {destination} = connection
  const nonce = randomBytes(16).toString('hex')
  const {name, sha256} = parcel
  const run = new RunOnNode(connection, parcel.script({nonce, name, sha256, skip}), {
    nonce,
    sudo: options.sudo,
  })
  const ignore = () => undefined
  const ending = run.carry({stdout: ignore, stderr: ignore, onMark: ignore})
  const first = await wordOf(run, ending, destination)
  const [word, number = '', how] = first.split(' ')
  if (word !== 'send')
    throw new UserError(
      `${destination}: no place for crisp: its home, /var/tmp, /tmp and /dev/shm are full, not writable or do not run programs; name one that is there with --node-crisp`,
    )
  const {content, total} = await parcel.open(how === 'gzip')
  let sent = 0
  const answer = wordOf(run, ending, destination)
  let over = false
  answer.then(
    () => (over = true),
    () => (over = true),
  )
  for await (const chunk of content) {
    if (over) break
    await run.write(chunk)
    sent += chunk.length
    options.onProgress(Math.min(sent, total), total)
  }
  run.endInput()
  const last = await answer
  await ending
  const place = Number(number)
  const [end] = last.split(' ', 1)
  const rest = last.slice((end?.length ?? 0) + 1)
  switch (end) {
    case 'kept':
      connection.remember(options.sudo)
      if (place > 1)
        options.note(
          `${destination}: the cache in its home can't be used (full, not writable, noexec, or open to others): crisp lies in ${rest}`,
        )
      return
    case 'full':
      return await bring(connection, parcel, options, place)
    case 'unfit':
      throw new UnfitError(`${destination}: crisp does not run there: ${printable(rest)}`)
    default:
      throw new UserError(
        `${destination}: what arrived has another checksum than what was sent: nothing was kept there`,
      )
  }
}

/** Throws where the connection ends before. */
async function wordOf(run: RunOnNode, ending: Promise<Ending>, destination: string): Promise<string> {
  const ended = ending.then((end) => {
    if (end.kind === 'said') return end.text
    throw lostError(destination, end)
  })
  return await Promise.race([run.nextWord(), ended])
}
