import {basename, dirname} from 'node:path'
import type {CriClient} from '../../client/connect.js'
import {UserError} from '../../errors/errors.js'
import {type FoundProgram, findRootProgram} from '../../node/host/root-programs.js'

// What the CRI cannot do with images the runtime's own tool does: ctr or nerdctl with containerd, podman with CRI-O,
// whose store of images is podman's too. It is told which runtime is meant, so that another one stays as it is.

export interface ImageTool {
  name: 'ctr' | 'nerdctl' | 'podman'
  /** From root's own directories. */
  path: string
  /** Before any command: which runtime, or which store. */
  globals: readonly string[]
}

/** What a tool is asked to do. Every name is one that `isPlainImageName` takes. */
export type ImageTask =
  /** From stdin. */
  | {kind: 'load'; snapshotter?: string | undefined}
  /** To stdout. */
  | {kind: 'save'; names: readonly string[]}
  | {kind: 'tag'; source: string; names: readonly string[]}
  | {kind: 'untag'; name: string}
  | {kind: 'push'; source: string; target: string; plainHttp: boolean; insecure: boolean}

const storeOfAll = '/var/lib/containers/storage'

/**
 * The tool of the runtime that answers at this socket. Throws UserError where the runtime has none, or where none is in
 * root's own directories.
 */
export async function imageToolOf(
  client: CriClient,
  socketPath: string,
  find: (name: string) => FoundProgram = findRootProgram,
): Promise<ImageTool> {
  const {runtimeName} = await client.runtime.version()
  if (runtimeName === 'containerd') {
    for (const name of ['ctr', 'nerdctl'] as const) {
      const {path} = find(name)
      if (path !== undefined) return {name, path, globals: ['--address', socketPath, '--namespace', 'k8s.io']}
    }
    throw new UserError(`${whyNot('ctr', find('ctr'))}, nor is nerdctl: ctr comes with containerd`)
  }
  if (runtimeName === 'cri-o') {
    const podman = find('podman')
    if (podman.path === undefined)
      throw new UserError(`${whyNot('podman', podman)}: it is what does this with CRI-O's images, install it`)
    return {name: 'podman', path: podman.path, globals: await storeOf(client)}
  }
  throw new UserError(
    `${runtimeName} has no tool that is known here: ${runtimeName === 'docker' ? 'docker itself does this' : 'containerd and CRI-O have'}`,
  )
}

function whyNot(name: string, found: FoundProgram): string {
  const isForeign = found.path === undefined && found.why === 'foreign'
  return `${name} is ${isForeign ? 'there, but others than root may change it, so it is not run' : "not in root's own directories"}`
}

/** Where CRI-O keeps its images, unless that is where podman keeps its own. */
async function storeOf(client: CriClient): Promise<string[]> {
  const {imageFilesystems} = await client.image.imageFsInfo()
  const folder = imageFilesystems[0]?.fsId?.mountpoint ?? ''
  const [, driver] = /^([a-z0-9]+)-images$/.exec(basename(folder)) ?? []
  const root = dirname(folder)
  return driver === undefined || root === storeOfAll ? [] : ['--root', root, '--storage-driver', driver]
}

/** The words behind the tool's path. `local`: this ctr has a way that does not lead through the daemon's transfers. */
export function toolWords({name, globals}: ImageTool, task: ImageTask, local: boolean): string[] {
  const own =
    name === 'ctr' ? ctrWords(task, local) : name === 'nerdctl' ? nerdctlWords(task) : podmanWords(task)
  return [...globals, ...own]
}

/** The command of ctr whose help tells whether it has `--local`; undefined where there is nothing to ask. */
export function ctrCommandOf(task: ImageTask): string | undefined {
  const commands = {load: 'import', save: 'export', tag: 'tag', untag: undefined, push: 'push'} as const
  return commands[task.kind]
}

// The transfers of containerd 2's daemon wait for ever where stdout can take no more, and refuse half of push's flags.
function ctrWords(task: ImageTask, local: boolean): string[] {
  const way = local ? ['--local'] : []
  switch (task.kind) {
    case 'load':
      return [
        'images',
        'import',
        ...way,
        ...(task.snapshotter ? ['--snapshotter', task.snapshotter] : []),
        '-',
      ]
    case 'save':
      return ['images', 'export', ...way, '-', ...task.names]
    case 'tag':
      return ['images', 'tag', ...way, '--force', task.source, ...task.names]
    case 'untag':
      return ['images', 'rm', task.name]
    case 'push':
      return [
        ...['images', 'push', ...way],
        ...(task.plainHttp ? ['--plain-http'] : []),
        ...(task.insecure ? ['--skip-verify'] : []),
        ...(task.target === task.source ? [task.target] : [task.target, task.source]),
      ]
  }
}

function nerdctlWords(task: ImageTask): string[] {
  switch (task.kind) {
    case 'load':
      return ['load']
    case 'save':
      return ['save', ...task.names]
    case 'tag':
      return ['tag', task.source, ...task.names]
    case 'untag':
      return ['rmi', task.name]
    case 'push':
      return [...(task.plainHttp || task.insecure ? ['--insecure-registry'] : []), 'push', task.target]
  }
}

function podmanWords(task: ImageTask): string[] {
  switch (task.kind) {
    case 'load':
      return ['load']
    case 'save':
      return [
        ...['save', '--format', 'docker-archive'],
        ...(task.names.length > 1 ? ['--multi-image-archive'] : []),
        ...task.names,
      ]
    case 'tag':
      return ['tag', task.source, ...task.names]
    case 'untag':
      return ['untag', task.name, task.name]
    case 'push':
      return [
        'push',
        ...(task.plainHttp || task.insecure ? ['--tls-verify=false'] : []),
        ...[task.source, `docker://${task.target}`],
      ]
  }
}

/** What it says that it has loaded, as far as that is a name. */
export function loadedNames(output: string): string[] {
  const names = output.split('\n').flatMap((line) => {
    const [, unpacked] = /^unpacking (\S+) \(sha256:[0-9a-f]{64}\)/.exec(line) ?? []
    const [, loaded] = /^Loaded image(?:\(s\)|s)?: (.+)$/.exec(line) ?? []
    return unpacked !== undefined ? [unpacked] : (loaded?.split(/[\s,]+/) ?? [])
  })
  return [...new Set(names.filter(Boolean))]
}
