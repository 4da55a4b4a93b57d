import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {release, run} from './packages.js'

/** A root without Node, of nothing but a C library and busybox, or what debootstrap makes of Debian. */
export interface CleanMachine extends AsyncDisposable {
  root: string
  hasDpkg: boolean
  /** Gives stdout. */
  run(...words: [string, ...string[]]): Promise<string>
  /** The same for a user that is not root. */
  runAsUser(home: string, ...words: [string, ...string[]]): Promise<string>
  /** Installs a .deb with the machine's own dpkg, or with that of this machine where it has none. */
  installDeb(path: string): Promise<void>
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const libraries = ['libc.so.6', 'libdl.so.2', 'libm.so.6', 'libpthread.so.0']

/** What each machine begins with: a folder. */
export async function makeSystem(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'crisp-system-'))
  chmodSync(root, 0o755)
  if (process.env.CRISP_CLEAN_MACHINE === 'debootstrap') {
    const options = ['--variant=minbase', '--include=xz-utils', 'bookworm', root]
    await run('debootstrap', options, {maxBuffer: 2 ** 26})
  } else await makeBareSystem(root)
  return root
}

/** The release is at /release, and the socket where containerd has it on a node. */
export async function cleanMachine(system: string, socket: string): Promise<CleanMachine> {
  const root = mkdtempSync(join(tmpdir(), 'crisp-clean-'))
  const mounts: string[] = []
  const mount = async (source: string, target: string, ...options: string[]) => {
    await run('mount', [...options, source, join(root, target)])
    mounts.unshift(join(root, target))
  }
  const machine: CleanMachine = {
    root,
    hasDpkg: existsSync(join(system, 'usr/bin/dpkg')),
    run: async (...words) => {
      const {stdout} = await run('chroot', [root, ...words], {env: {PATH: path, HOME: '/root'}})
      return stdout
    },
    runAsUser: async (home, ...words) => {
      const user = ['--userspec=65534:65534', root]
      const {stdout} = await run('chroot', [...user, ...words], {env: {PATH: path, HOME: home}})
      return stdout
    },
    installDeb: async (path) => {
      if (machine.hasDpkg) await machine.run('dpkg', '-i', path)
      else await run('dpkg', [`--root=${root}`, '-i', join(root, path)])
    },
    [Symbol.asyncDispose]: async () => {
      for (const target of mounts) await run('umount', [target])
      rmSync(root, {recursive: true})
    },
  }
  try {
    await run('cp', ['-a', `${system}/.`, root])
    for (const folder of ['release', 'proc', 'run/containerd'])
      mkdirSync(join(root, folder), {recursive: true})
    writeFileSync(join(root, 'run/containerd/containerd.sock'), '')
    await mount(release, 'release', '--bind')
    await mount('proc', 'proc', '-t', 'proc')
    await mount(socket, 'run/containerd/containerd.sock', '--bind')
    return machine
  } catch (error) {
    await machine[Symbol.asyncDispose]()
    throw error
  }
}

async function makeBareSystem(root: string): Promise<void> {
  for (const folder of ['bin', 'dev', 'lib', 'lib64', 'root', 'tmp', 'var/lib/dpkg'])
    mkdirSync(join(root, folder), {recursive: true})
  await run('mknod', ['-m', '666', join(root, 'dev/null'), 'c', '1', '3'])
  const {stdout} = await run('ldd', [realpathSync('/bin/ls')])
  const folder = dirname(/libc\.so\.6 => (\S+)/.exec(stdout)?.[1] ?? '')
  const loader = /(\/lib\S*\/ld-linux\S+)/.exec(stdout)?.[1] ?? ''
  mkdirSync(join(root, folder), {recursive: true})
  for (const library of libraries)
    cpSync(join(folder, library), join(root, folder, library), {dereference: true})
  cpSync(loader, join(root, loader), {dereference: true})
  cpSync('/bin/busybox', join(root, 'bin/busybox'), {dereference: true})
  const applets = await run(join(root, 'bin/busybox'), ['--list'])
  for (const name of applets.stdout.split('\n').filter((name) => name && name !== 'busybox'))
    symlinkSync('busybox', join(root, 'bin', name))
  const libc =
    'Package: libc6\nStatus: install ok installed\nVersion: 2.17\nMaintainer: test\nDescription: libc\n'
  const architecture = (await run('dpkg', ['--print-architecture'])).stdout.trim()
  writeFileSync(join(root, 'var/lib/dpkg/status'), `${libc}Architecture: ${architecture}\n`)
  for (const folder of ['info', 'updates', 'triggers']) mkdirSync(join(root, 'var/lib/dpkg', folder))
}
