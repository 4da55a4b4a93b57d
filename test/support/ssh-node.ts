import {execFileSync, spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {chmod} from 'node:fs/promises'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {eventually} from './eventually.js'
import {crispInShell} from './run-cli.js'

// A node that is reached by ssh: Debian's sshd on loopback with keys, settings and users of its own, which only it sees.
// crisp finds an `ssh` first on the PATH that has the configuration for it.

const sshd = '/usr/sbin/sshd'

/** Why there can be none here. */
export function sshNodeMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'run them as root'
  if (!existsSync(sshd)) return 'Debian: openssh-server'
  if (!existsSync('/usr/bin/ssh')) return 'Debian: openssh-client'
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) return 'unshare makes no mount namespace'
  return undefined
}

/** Lets the users of a node, who are not root, reach a runtime of the test's. */
export async function letOthersConnect({endpoint}: {endpoint: string}): Promise<void> {
  const socket = endpoint.replace('unix://', '')
  await chmod(dirname(socket), 0o711)
  await chmod(socket, 0o666)
}

/** Why none can have a network of its own. */
export function networkMissing(): string | undefined {
  if (spawnSync('ip', ['-V']).error) return 'Debian: iproute2'
  // In a namespace that ends with it: nothing of this machine is touched.
  const link = ['ip', 'link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there']
  return spawnSync('unshare', ['--net', ...link]).status === 0
    ? undefined
    : 'unshare makes no network namespace with links'
}

const emulator = '/usr/lib/binfmt.d/qemu-aarch64.conf'
const emulatedLibraries = '/usr/aarch64-linux-gnu'

/** Why none can have a processor of ARM. */
export function emulatorMissing(): string | undefined {
  if (![emulator, `${emulatedLibraries}/lib/libstdc++.so.6`].every((path) => existsSync(path)))
    return 'Debian: qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross'
  const mount = ['mount', '-t', 'binfmt_misc', 'none', '/proc/sys/fs/binfmt_misc']
  return spawnSync('unshare', ['--user', '--map-root-user', '--mount', ...mount]).status === 0
    ? undefined
    : 'Linux 6.7: before, an emulator is for the whole machine'
}

export interface SshNode extends Disposable {
  /** What a user's shell has, for `crisp --node root` and the other users. */
  env: NodeJS.ProcessEnv
  /** A program on the node, for --node-crisp. */
  crisp: string
  home(user: string): string
  /** What ssh_config says of a user there. */
  settings(user: string): string
  /** Other hosts, by whatever patterns, of this node or of another. */
  know(hosts: string, settings: string): void
  /** The processes that run crisp there. */
  running(): number[]
  /** Those of sshd that serve a process there. */
  serversOf(pid: number): number[]
  /** The processes that keep connections to it here. */
  connections(): number[]
  /** As if the network were gone: the server's end of all connections is killed. */
  cut(): void
  /** Nobody listens any more either. */
  stop(): void
  /** Words before a command that runs in its network. */
  inside: readonly string[]
  /** With `network`: the link to it. */
  link(state: 'up' | 'down'): void
  /** The processes of ssh that a command has started. */
  clients(pid: number | undefined): number[]
}

export interface SshNodeOptions {
  /** In the environment of every login. */
  environment?: Record<string, string>
  /** Run where the users are made, as root of a mount namespace of its own; `$HOMES` has their homes, `$ETC` files to put over those of /etc. */
  prepare?: string
  /** Beside those that are always there. */
  users?: Record<string, User>
  /** More of ssh's settings for every user. */
  client?: string
  /** Its network is one of its own, with a link that can go down: to here, or to that of a node that stands before it. */
  network?: boolean | SshNode
  /** It has all addresses of loopback, and listens wherever it can. */
  everywhere?: boolean
  /** It says that its processor is one of ARM, and runs the programs of one. */
  isArm?: boolean
  /** More of sshd's settings, such as Match blocks. */
  settings?: string
}

interface User {
  id: number
  shell: string
  /** Instead of one below `$HOMES`. */
  home?: string
  /** Reached through this one. */
  jump?: string
}

/** By name, with the shell of each. `worker` has a banner in what its shell reads. */
const usual: Record<string, User> = {
  root: {id: 0, shell: '/bin/sh'},
  worker: {id: 65534, shell: '/bin/bash'},
  fisher: {id: 65534, shell: '/usr/bin/fish'},
  casher: {id: 65534, shell: '/bin/tcsh'},
}

export async function startSshNode({
  environment = {},
  prepare = '',
  users: more = {},
  settings = '',
  client = '',
  network = false,
  everywhere = false,
  isArm = false,
}: SshNodeOptions = {}): Promise<SshNode> {
  const users = {...usual, ...more}
  const directory = mkdtempSync(join(tmpdir(), 'crisp-ssh-'))
  chmodSync(directory, 0o755)
  const path = (...names: string[]) => join(directory, ...names)
  for (const key of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path(key)])
  const homes = path('homes')
  mkdirSync(homes)
  for (const [name, {id}] of Object.entries(users)) {
    mkdirSync(join(homes, name))
    execFileSync('chown', [`${id}:${id}`, join(homes, name)])
  }
  for (const file of ['.bashrc', '.profile'])
    writeFileSync(join(homes, 'worker', file), 'echo Welcome; echo "be careful" >&2\n')
  writeFileSync(join(homes, 'casher', '.cshrc'), 'echo Welcome\n')
  mkdirSync(join(homes, 'fisher', '.config', 'fish'), {recursive: true})
  writeFileSync(join(homes, 'fisher', '.config', 'fish', 'config.fish'), 'echo Welcome\n')
  execFileSync('chown', ['-R', '65534:65534', join(homes, 'fisher')])
  writeFileSync(
    path('passwd'),
    Object.entries(users)
      .map(([name, {id, shell, home = join(homes, name)}]) => `${name}:x:${id}:${id}::${home}:${shell}\n`)
      .concat('sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n')
      .join(''),
  )
  const port = await freePort()
  // Where sshd would soon refuse whoever failed to log in, as tests do.
  const penalties = 'PerSourcePenalties no'
  const takes = spawnSync(sshd, ['-t', '-f', '/dev/null', '-h', path('host'), '-o', penalties])
  const forgiving = takes.status === 0 ? penalties : ''
  const link = network ? await makeNetwork(network === true ? [] : network.inside) : undefined
  const address = link?.address ?? '127.0.0.1'
  // What a login leaves behind ends with the test file as well.
  const {CRISP_TEST_FILE = ''} = process.env
  const libraries = isArm ? {QEMU_LD_PREFIX: emulatedLibraries} : {}
  const setEnv = Object.entries({CRI_CONFIG_FILE: '/dev/null', CRISP_TEST_FILE, ...libraries, ...environment})
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
  writeFileSync(
    path('sshd_config'),
    `Port ${port}
ListenAddress ${everywhere ? '0.0.0.0' : address}
HostKey ${path('host')}
AuthorizedKeysFile ${path('user.pub')}
StrictModes no
UsePAM no
PidFile none
PermitRootLogin yes
${forgiving}
MaxStartups 100
MaxSessions 100
SetEnv ${setEnv}
${settings}
`,
  )
  const settingsOf = (user: string) => `  HostName ${address}
  Port ${port}
  User ${user}
  IdentityFile ${path('user')}
  IdentitiesOnly yes
  UserKnownHostsFile ${path('known')}
  StrictHostKeyChecking accept-new
  ${client}
  ${users[user]?.jump === undefined ? '' : `ProxyJump ${users[user].jump}`}
`
  const know = (hosts: string, settings: string) =>
    appendFileSync(path('ssh_config'), `Host ${hosts}\n${settings}`)
  for (const user of Object.keys(users)) know(user, settingsOf(user))
  for (const name of ['bin', 'etc']) mkdirSync(path(name))
  mkdirSync(path('run'), {mode: 0o700})
  writeFileSync(path('bin', 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${path('ssh_config')} "$@"\n`, {
    mode: 0o755,
  })
  writeFileSync(path('crisp'), `#!/bin/sh\nexec ${crispInShell} "$@"\n`, {mode: 0o755})
  mkdirSync('/run/sshd', {recursive: true})
  const own = isArm ? ['--user', '--mount'] : ['--mount']
  const [unshare = '', ...words] = [...(link?.inside ?? []), 'unshare', ...own]
  const server = spawn(
    unshare,
    [
      ...words,
      'sh',
      '-c',
      `${isArm ? `echo made >&2; read -r mapped; ${emulate(path('etc'))}` : ''}
mount --bind ${path('passwd')} /etc/passwd && HOMES=${homes} && ETC=${path('etc')} && { ${prepare || 'true'}
} && exec ${sshd} -D -e -f ${path('sshd_config')}`,
    ],
    {stdio: ['pipe', 'ignore', 'pipe']},
  )
  let log = ''
  server.stderr.on('data', (chunk: Buffer) => {
    log += chunk
  })
  if (isArm) {
    await eventually(() => {
      if (!log.includes('made')) throw new Error(`unshare: ${log}`)
    })
    // All users are there, as they are here.
    for (const kind of ['uid', 'gid']) writeFileSync(`/proc/${server.pid}/${kind}_map`, '0 0 65536')
    server.stdin.write('mapped\n')
  }
  server.stdin.end()
  await eventually(() => {
    if (!log.includes('Server listening')) throw new Error(`sshd: ${log}`)
  })
  const env = {
    PATH: `${path('bin')}:${process.env.PATH}`,
    XDG_RUNTIME_DIR: path('run'),
    XDG_STATE_HOME: path('state'),
    XDG_CONFIG_HOME: path('config'),
  }
  const keepers = () => processes().filter(({words}) => words.includes(path('run')))
  const cut = () => kill(descendants(server.pid).filter(({words}) => words.startsWith('sshd')))
  return {
    env,
    crisp: path('crisp'),
    home: (user) => join(homes, user),
    settings: settingsOf,
    know,
    running: () =>
      descendants(server.pid)
        .filter(({words}) => words.includes('__node'))
        .map(({pid}) => pid),
    serversOf: (pid) =>
      descendants(server.pid).flatMap((each) =>
        each.words.startsWith('sshd') && descendants(each.pid).some((below) => below.pid === pid)
          ? each.pid
          : [],
      ),
    connections: () => keepers().map(({pid}) => pid),
    cut,
    stop: () => {
      cut()
      server.kill('SIGKILL')
    },
    inside: link?.inside ?? [],
    link: (state) => link?.set(state),
    clients: (pid) => descendants(pid).flatMap(({pid, words}) => (words.includes('ssh ') ? pid : [])),
    [Symbol.dispose]: () => {
      cut()
      // Those that keep connections here.
      kill(keepers())
      server.kill('SIGKILL')
      link?.remove()
      rmSync(directory, {recursive: true, force: true})
    },
  }
}

/** What starts ARM's programs does so in a user namespace alone: nothing of this machine is touched. */
const emulate = (etc: string) => `
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && cat ${emulator} > /proc/sys/fs/binfmt_misc/register || exit
printf '#!/bin/sh\\necho aarch64\\n' > ${etc}/uname && chmod 755 ${etc}/uname && mount --bind ${etc}/uname /usr/bin/uname || exit
`

/** An address from which nothing ever comes back. */
export async function openBlackHole(): Promise<{address: string} & Disposable> {
  const {address, near, remove} = await makeNetwork([])
  // What is sent goes to a link where nobody has it.
  execFileSync('ip', ['neigh', 'replace', address, 'lladdr', '02:00:00:00:00:01', 'dev', near])
  return {address, [Symbol.dispose]: remove}
}

let networks = 0

/**
 * A namespace with a link to here, or to where the words before a command lead; of addresses that are for tests of
 * networks. A process keeps it: one with a name would be a mount that other programs see.
 */
async function makeNetwork(near: readonly string[]) {
  const id = (process.pid * 4 + (networks++ % 4)) % 16_384
  const names = [`cri${id}a`, `cri${id}b`] as const
  const network = `198.18.${id >> 6}`
  const [here, address] = [1, 2].map((host) => `${network}.${(id & 63) * 4 + host}`) as [string, string]
  const keeper = spawn('unshare', ['--net', 'sh', '-c', 'echo made; exec sleep infinity'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(keeper.stdout, 'data')
  const inside = ['nsenter', '--net', '--target', `${keeper.pid}`]
  const ip = (where: readonly string[], ...words: string[]) => {
    const [program = '', ...rest] = [...where, 'ip', ...words]
    execFileSync(program, rest)
  }
  const set = (state: 'up' | 'down') => ip(near, 'link', 'set', names[0], state)
  ip(near, 'link', 'add', names[0], 'type', 'veth', 'peer', 'name', names[1], 'netns', `${keeper.pid}`)
  ip(near, 'addr', 'add', `${here}/30`, 'dev', names[0])
  ip(inside, 'addr', 'add', `${address}/30`, 'dev', names[1])
  set('up')
  for (const device of ['lo', names[1]]) ip(inside, 'link', 'set', device, 'up')
  // The link goes with it.
  return {inside, address, near: names[0], set, remove: () => keeper.kill('SIGKILL')}
}

interface Process {
  pid: number
  parent: number
  words: string
}

function processes(): Process[] {
  return execFileSync('ps', ['-eo', 'pid=,ppid=,args=', '-ww'], {encoding: 'utf8'})
    .split('\n')
    .flatMap((line) => {
      const [, pid, parent, words = ''] = /^ *(\d+) +(\d+) (.*)$/.exec(line) ?? []
      return pid === undefined ? [] : [{pid: Number(pid), parent: Number(parent), words}]
    })
}

function descendants(pid: number | undefined): Process[] {
  const all = processes()
  const below = (parent: number | undefined): Process[] =>
    all.filter((process) => process.parent === parent).flatMap((process) => [process, ...below(process.pid)])
  return below(pid)
}

function kill(victims: readonly Process[]): void {
  for (const {pid} of victims)
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
