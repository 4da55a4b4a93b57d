import {execFile} from 'node:child_process'
import type {FileHandle} from 'node:fs/promises'
import {posix} from 'node:path'
import type {Subject} from '../doctor/subject.js'
import {isTrustedFolder} from '../node/own-folder.js'
import {printableName, type RawName, rawName} from '../sessions/cp/raw-name.js'
import {reasonOf} from '../sessions/cp/reasons.js'
import {SafeDirectory} from '../sessions/cp/safe-directory.js'
import type {ArchivedFile} from './archive.js'
import type {LeftOut} from './collect.js'

// What nobody can take the secrets out of: logs, the journal, configuration.

export interface Unredacted {
  files: ArchivedFile[]
  leftOut: LeftOut[]
}

export interface UnredactedOptions {
  subject: Subject
  /** Who runs this; undefined where users have no numbers. */
  uid: number | undefined
  signal: AbortSignal
}

const mebibyte = 1024 * 1024
/** The end of each file, and of all together. */
const mostBytesOfFile = mebibyte
const mostBytes = 128 * mebibyte
const folder = 'not-redacted'
/** Those of the kubelet and of CRI-O, and what they are called after their rotation. */
const logName = /\.log(?:\.[\w.-]+)?$/

export async function collectUnredacted(options: UnredactedOptions): Promise<Unredacted> {
  const found: Unredacted = {files: [], leftOut: []}
  await logs(options, found)
  await configuration(options, found)
  await journal(options, found)
  return found
}

/** A container's logs by what is above them: the folder of all pods, the pod's, and the container's in it. */
async function logs({subject, uid, signal}: UnredactedOptions, found: Unredacted): Promise<void> {
  const statuses = await subject.containerStatuses().catch(() => [])
  const folders = new Map<string, Set<string>>()
  for (const {answer} of statuses) {
    const path = answer?.status?.logPath ?? ''
    const own = posix.dirname(path)
    const all = posix.dirname(posix.dirname(own))
    if (!path.startsWith('/') || all === '/') continue
    const below = folders.get(all) ?? new Set()
    folders.set(all, below.add(posix.relative(all, own)))
  }
  for (const [all, below] of folders) {
    // Whoever may write there could have put anything in the way.
    if (!isTrustedFolder(all, uid)) {
      found.leftOut.push({what: all, why: 'others than root may write there, or it is not there'})
      continue
    }
    await using root = await SafeDirectory.open(all)
    for (const path of [...below].sort()) {
      signal.throwIfAborted()
      await logsOf(root, path, found)
    }
  }
}

async function logsOf(root: SafeDirectory, path: string, found: Unredacted): Promise<void> {
  const open: SafeDirectory[] = []
  try {
    let here = root
    for (const part of path.split('/')) {
      here = await here.enter(rawName(part))
      open.push(here)
    }
    for (const name of (await here.list()).sort()) await logFile(here, path, name, found)
  } catch (error) {
    found.leftOut.push({what: `logs in ${path}`, why: reasonOf(error)})
  } finally {
    for (const directory of open) await directory.close()
  }
}

async function logFile(
  directory: SafeDirectory,
  path: string,
  name: RawName,
  found: Unredacted,
): Promise<void> {
  const shown = `${path}/${printableName(name)}`
  if (!logName.test(name)) {
    found.leftOut.push({what: `logs/${shown}`, why: 'it is not named as a log'})
    return
  }
  try {
    await using file = await directory.look(name)
    // A second name may be that of any file on the same disk.
    if (file.kind !== 'file' || file.stats.nlink > 1n) {
      found.leftOut.push({
        what: `logs/${shown}`,
        why: file.kind === 'file' ? 'it has a second name' : 'it is no file',
      })
      return
    }
    const handle = await file.open()
    try {
      add(found, `logs/${shown}`, await endOf(handle, Number(file.stats.size)))
    } finally {
      await handle.close()
    }
  } catch (error) {
    found.leftOut.push({what: `logs/${shown}`, why: reasonOf(error)})
  }
}

async function endOf(handle: FileHandle, size: number): Promise<Buffer> {
  const length = Math.min(size, mostBytesOfFile)
  const {buffer, bytesRead} = await handle.read(Buffer.alloc(length), 0, length, size - length)
  return buffer.subarray(0, bytesRead)
}

const configurationFiles = [
  '/etc/containerd/config.toml',
  '/etc/crio/crio.conf',
  '/etc/crictl.yaml',
  '/var/lib/kubelet/config.yaml',
  '/var/lib/kubelet/kubeadm-flags.env',
]
const configurationFolders = ['/etc/containerd/conf.d', '/etc/crio/crio.conf.d', '/etc/cni/net.d']

async function configuration({subject: {host}}: UnredactedOptions, found: Unredacted): Promise<void> {
  const inFolders = await Promise.all(
    configurationFolders.map(async (path) =>
      ((await host.names(path).catch(() => undefined)) ?? []).map((name) => posix.join(path, name)),
    ),
  )
  for (const path of [...configurationFiles, ...inFolders.flat()]) {
    try {
      const text = await host.text(path)
      if (text !== undefined) add(found, `configuration${path}`, Buffer.from(text))
    } catch {
      found.leftOut.push({what: path, why: 'it could not be read'})
    }
  }
}

const journalctl = '/usr/bin/journalctl'
const units = ['containerd', 'crio', 'cri-docker', 'kubelet', 'k3s', 'k3s-agent']

async function journal(
  {subject: {host, sinceMs}, signal}: UnredactedOptions,
  found: Unredacted,
): Promise<void> {
  if (!(await host.isProgram(journalctl))) {
    found.leftOut.push({what: 'the journal', why: `there is no ${journalctl}`})
    return
  }
  const since = `@${Math.floor(sinceMs / 1000)}`
  const words = ['--no-pager', '--quiet', '--output=short-iso', `--since=${since}`, '--lines=20000']
  const text = await new Promise<string | undefined>((resolve) => {
    execFile(
      journalctl,
      [...words, ...units.flatMap((unit) => ['--unit', unit])],
      {env: {LC_ALL: 'C.UTF-8'}, timeout: 30_000, killSignal: 'SIGKILL', maxBuffer: 32 * mebibyte, signal},
      (error, stdout) => resolve(error ? undefined : stdout),
    )
  })
  signal.throwIfAborted()
  if (text === undefined) found.leftOut.push({what: 'the journal', why: 'journalctl failed'})
  else add(found, 'journal.txt', Buffer.from(text))
}

function add(found: Unredacted, name: string, content: Buffer): void {
  const taken = found.files.reduce((sum, file) => sum + file.content.length, 0)
  if (taken + content.length > mostBytes) found.leftOut.push({what: name, why: 'there is too much of it all'})
  else found.files.push({name: `${folder}/${name}`, content})
}
