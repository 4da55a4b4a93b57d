import {mkdtemp, readdir, readFile, realpath, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {socketState} from '../../client/endpoints.js'
import {isOwnFolder, makePrivateFolder, ownFolder} from '../../node/own-folder.js'
import {killOrphans} from '../processes/children.js'
import {readProcess} from '../processes/process-table.js'
import {workshopPrefix, workshopSocket} from '../server/socket.js'

const serverPrefix = 'server-'
const privatePrefix = 'private-'
const temporaryPrefix = 'crisp-demo-'
const factsName = 'server.json'

/** A server that was started from the command line. */
export interface ServerFacts {
  pid: number
  startedAt: string
  socketPath: string
}

/** The directory of this user's embedded runtimes. */
function demoHome(): string {
  return ownFolder(process.env, process.getuid?.() ?? 0, noPlace)
}

function noPlace(reason: string): string {
  return `the embedded runtime has no place for its files (${reason}): set XDG_RUNTIME_DIR to a directory of yours with space`
}

export function demoSocketPath(): string {
  return join(demoHome(), 'demo.sock')
}

/** Makes the directory of this process' server, and cleans up after servers that were killed. */
export async function openServerDirectory(socketPath: string): Promise<string> {
  const home = demoHome()
  await removeLeftovers(home, serverPrefix)
  const directory = join(home, `${serverPrefix}${process.pid}`)
  makePrivateFolder(directory, noPlace)
  await writeFacts(directory, socketPath)
  return directory
}

/** A directory for a server of this process' own and what goes with it, which nobody else finds by its name. */
export async function openPrivateDirectory(): Promise<string> {
  const home = demoHome()
  await removeLeftovers(home, privatePrefix)
  const directory = await mkdtemp(join(home, privatePrefix))
  await writeFacts(directory, '')
  return directory
}

/** The same for a runtime inside another program, a test for instance: a new directory under the temporary one. */
export async function openTemporaryDirectory(): Promise<string> {
  const parent = await realpath(tmpdir())
  await removeLeftovers(parent, temporaryPrefix)
  const directory = await mkdtemp(join(parent, temporaryPrefix))
  await writeFacts(directory, '')
  return directory
}

async function writeFacts(directory: string, socketPath: string): Promise<void> {
  const row = await readProcess(process.pid)
  const facts: ServerFacts = {pid: process.pid, startedAt: row?.startedAt ?? '', socketPath}
  await writeFile(join(directory, factsName), JSON.stringify(facts))
}

/** The servers that run. */
export async function runningServers(): Promise<ServerFacts[]> {
  const home = demoHome()
  const servers = await Promise.all(
    (await directoriesIn(home, serverPrefix)).map((name) => factsOf(join(home, name))),
  )
  const alive = await Promise.all(servers.map(async (facts) => facts !== undefined && isAlive(facts)))
  return servers.filter((facts, index): facts is ServerFacts => facts !== undefined && alive[index] === true)
}

/** Ends and removes what servers that were killed have left, and the socket where nobody listens on it. True if there was any. */
export async function removeKilledServers(socketPath: string): Promise<boolean> {
  const home = demoHome()
  const removed = await removeLeftovers(home, serverPrefix)
  await removeLeftovers(home, privatePrefix)
  for (const name of await directoriesIn(home, workshopPrefix))
    if ((await socketState(join(home, name, workshopSocket))) === 'nobody listens')
      await rm(join(home, name), {recursive: true, force: true})
  if ((await socketState(socketPath)) !== 'nobody listens') return removed > 0
  await rm(socketPath)
  return true
}

/** Gives how many there were. */
async function removeLeftovers(parent: string, prefix: string): Promise<number> {
  let count = 0
  for (const name of await directoriesIn(parent, prefix)) {
    const directory = join(parent, name)
    if (!isOwnFolder(directory, process.getuid?.() ?? 0) || (await mayBeAlive(name, directory))) continue
    await killOrphans(directory)
    await rm(directory, {recursive: true, force: true})
    count++
  }
  return count
}

/** Without facts it is being made, or removed, this very moment, as long as the process that its name tells is there. */
async function mayBeAlive(name: string, directory: string): Promise<boolean> {
  const facts = await factsOf(directory)
  if (facts) return isAlive(facts)
  const [, pid] = /^server-(\d+)$/.exec(name) ?? []
  return pid === undefined || (await readProcess(Number(pid))) !== undefined
}

async function directoriesIn(parent: string, prefix: string): Promise<string[]> {
  return (await readdir(parent)).filter((name) => name.startsWith(prefix))
}

async function factsOf(directory: string): Promise<ServerFacts | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, factsName), 'utf8'))
  } catch {
    // Not written yet, or gone meanwhile.
    return undefined
  }
}

export async function isAlive({pid, startedAt}: ServerFacts): Promise<boolean> {
  return (await readProcess(pid))?.startedAt === startedAt
}
