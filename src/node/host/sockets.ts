import {readdir, readlink} from 'node:fs/promises'
import {join} from 'node:path'
import {attempt, readText} from './files.js'
import {type ProcOptions, startedTicks} from './processes.js'

// The sockets of a network namespace, as /proc/PID/net has them for the namespace of that process.

export const protocols = ['tcp', 'tcp6', 'udp', 'udp6', 'unix'] as const
export type Protocol = (typeof protocols)[number]

export interface HostSocket {
  protocol: Protocol
  state: string
  listening: boolean
  /** Of unix sockets the path, `@` before an abstract name; empty for one without a name. */
  local: {address: string; port?: number}
  remote?: {address: string; port: number}
  receiveQueue?: number
  sendQueue?: number
  /** By which the descriptors of its owners know it; `0` where nobody has it any more. */
  inode: string
}

export async function readSockets(
  pid: number,
  {root = '/proc', onDenied}: ProcOptions = {},
): Promise<HostSocket[]> {
  const tables = await Promise.all(
    protocols.map(async (protocol) => {
      const text = (await readText(join(root, String(pid), 'net', protocol), onDenied)) ?? ''
      return protocol === 'unix' ? parseUnix(text) : parseInet(text, protocol)
    }),
  )
  return tables.flat()
}

const states: Readonly<Record<string, string>> = {
  '01': 'ESTABLISHED',
  '02': 'SYN_SENT',
  '03': 'SYN_RECV',
  '04': 'FIN_WAIT1',
  '05': 'FIN_WAIT2',
  '06': 'TIME_WAIT',
  '07': 'CLOSE',
  '08': 'CLOSE_WAIT',
  '09': 'LAST_ACK',
  '0A': 'LISTEN',
  '0B': 'CLOSING',
  '0C': 'NEW_SYN_RECV',
}

export function parseInet(text: string, protocol: Exclude<Protocol, 'unix'>): HostSocket[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local, remote, state = '', queues = '', , , , , inode] = line.trim().split(/\s+/)
      if (local === undefined || remote === undefined || inode === undefined) return []
      const isUdp = protocol.startsWith('udp')
      const unconnected = isUdp && state === '07'
      const [sendQueue, receiveQueue] = queues.split(':').map((digits) => Number.parseInt(digits, 16))
      return [
        {
          protocol,
          state: unconnected ? 'UNCONNECTED' : (states[state] ?? state),
          listening: unconnected || state === '0A',
          local: placeOf(local),
          remote: placeOf(remote),
          receiveQueue: receiveQueue ?? 0,
          sendQueue: sendQueue ?? 0,
          inode,
        },
      ]
    })
}

function placeOf(text: string): {address: string; port: number} {
  const [address = '', port = ''] = text.split(':')
  return {address: addressOf(address), port: Number.parseInt(port, 16)}
}

/** The kernel prints addresses as hexadecimal words, each in the byte order of the machine: little-endian. */
function addressOf(hex: string): string {
  const bytes = [...hex.matchAll(/.{8}/g)].flatMap(([word]) => [...Buffer.from(word, 'hex')].reverse())
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({length: 8}, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  )
  // URL knows the canonical form of an IPv6 address.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

const accepting = 0x10000

/** A name is whatever its owner chose, a line end too: what follows one is no line of the kernel's, and is left out. */
export function parseUnix(text: string): HostSocket[] {
  return text.split('\n').flatMap((line) => {
    const found =
      /^[0-9a-f]+: [0-9A-F]{8} [0-9A-F]{8} ([0-9A-F]{8}) [0-9A-F]{4} ([0-9A-F]{2}) +(\d+)(?: (.*))?$/.exec(
        line,
      )
    if (!found) return []
    const [, flags = '', state = '', inode = '', name = ''] = found
    const listening = (Number.parseInt(flags, 16) & accepting) !== 0
    return [
      {
        protocol: 'unix' as const,
        state: listening ? 'LISTEN' : state === '03' ? 'ESTABLISHED' : 'UNCONNECTED',
        listening,
        local: {address: name},
        inode,
      },
    ]
  })
}

/** The sockets that a process holds, by their inodes; none where it is no longer the one that was started then. */
export async function socketsHeldBy(
  {pid, startedTicks: started}: {pid: number; startedTicks: number},
  options: ProcOptions = {},
): Promise<string[]> {
  const {root = '/proc', onDenied} = options
  const folder = join(root, String(pid), 'fd')
  const names = (await attempt(folder, () => readdir(folder), onDenied)) ?? []
  const inodes: string[] = []
  for (const name of names) {
    const target = await attempt(folder, () => readlink(join(folder, name)), onDenied)
    const [, inode] = /^socket:\[(\d+)\]$/.exec(target ?? '') ?? []
    if (inode !== undefined) inodes.push(inode)
  }
  return (await startedTicks(pid, options)) === started ? inodes : []
}

/** Equal for processes that share their network. */
export function networkOf(
  pid: number,
  {root = '/proc', onDenied}: ProcOptions = {},
): Promise<string | undefined> {
  const path = join(root, String(pid), 'ns', 'net')
  return attempt(path, () => readlink(path), onDenied)
}
