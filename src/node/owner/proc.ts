import {readdir, readlink} from 'node:fs/promises'
import {join} from 'node:path'
import {attempt, readText} from '../host/files.js'
import {networkOf, parseInet} from '../host/sockets.js'

// What /proc says of processes and sockets. A process may end at any moment: whatever can no longer be read is
// undefined. What may not be read is remembered, so that "nothing found" is never said without right.

export interface Listener {
  protocol: 'tcp' | 'udp'
  /** As text, `0.0.0.0` and `::` for every address. */
  address: string
  port: number
  /** The number by which the file descriptors of its owners know it. */
  inode: string
}

export class Proc {
  readonly #root: string
  /** Something was there and not for us to read. */
  denied = false
  readonly #onDenied = () => {
    this.denied = true
  }

  constructor(root = '/proc') {
    this.#root = root
  }

  async processes(): Promise<number[]> {
    return (await readdir(this.#root)).filter((name) => /^\d+$/.test(name)).map(Number)
  }

  /** Those that run as this user of the node. */
  async processesOf(uid: number): Promise<number[]> {
    const found: number[] = []
    for (const pid of await this.processes()) {
      const status = (await this.#read(pid, 'status')) ?? ''
      if (Number(/^Uid:\s*\d+\s+(\d+)/m.exec(status)?.[1] ?? -1) === uid) found.push(pid)
    }
    return found
  }

  /** The short name of the program; undefined where there is no such process. */
  async nameOf(pid: number): Promise<string | undefined> {
    return (await this.#read(pid, 'comm'))?.trimEnd()
  }

  /** The control groups as the kernel lists them. */
  cgroupOf(pid: number): Promise<string | undefined> {
    return this.#read(pid, 'cgroup')
  }

  /** The process, its parent and so on, up to the first. */
  async ancestors(pid: number): Promise<number[]> {
    const chain: number[] = []
    for (let next = pid; next > 0 && !chain.includes(next); ) {
      const status = await this.#read(next, 'status')
      if (status === undefined) break
      chain.push(next)
      next = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 0)
    }
    return chain
  }

  /** Equal for processes that share their network. */
  networkOf(pid: number): Promise<string | undefined> {
    return networkOf(pid, {root: this.#root, onDenied: this.#onDenied})
  }

  /** Who listens on the port in the network of the process. */
  async listeners(pid: number, port: number): Promise<Listener[]> {
    const found = await Promise.all(
      (['tcp', 'tcp6', 'udp', 'udp6'] as const).map(async (table) => {
        const protocol = table.startsWith('tcp') ? 'tcp' : 'udp'
        return parseSockets((await this.#read(pid, 'net', table)) ?? '', protocol)
      }),
    )
    return found.flat().filter((listener) => listener.port === port)
  }

  /** The processes that hold the sockets open, by inode. */
  async ownersOf(inodes: ReadonlySet<string>): Promise<Map<string, number[]>> {
    const owners = new Map<string, number[]>()
    for (const pid of await this.processes()) {
      for (const inode of await this.#socketsOf(pid))
        if (inodes.has(inode)) owners.set(inode, [...(owners.get(inode) ?? []), pid])
    }
    return owners
  }

  /** Every mount that the process sees. */
  async mountsOf(pid: number | 'self'): Promise<string[]> {
    return ((await this.#read(pid, 'mountinfo')) ?? '').split('\n')
  }

  async #socketsOf(pid: number): Promise<string[]> {
    const folder = join(this.#root, String(pid), 'fd')
    const names = (await attempt(folder, () => readdir(folder), this.#onDenied)) ?? []
    const targets = await Promise.all(
      names.map((name) => attempt(folder, () => readlink(join(folder, name)), this.#onDenied)),
    )
    return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1] ?? [])
  }

  #read(pid: number | 'self', ...path: string[]): Promise<string | undefined> {
    return readText(join(this.#root, String(pid), ...path), this.#onDenied)
  }
}

/** Listening sockets in a table such as /proc/net/tcp6. */
export function parseSockets(table: string, protocol: 'tcp' | 'udp'): Listener[] {
  return parseInet(table, protocol).flatMap(({listening, local, inode}) =>
    listening ? [{protocol, address: local.address, port: local.port ?? 0, inode}] : [],
  )
}

/** IDs of containers and pods as they stand in a text such as a path or a control group. */
export function idsIn(text: string): string[] {
  return [...text.matchAll(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g)].map(([id]) => id)
}
