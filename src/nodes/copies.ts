import {randomBytes} from 'node:crypto'
import {lostError} from './lost.js'
import {RunOnNode} from './run.js'
import {listCopies, removeCopies} from './scripts.js'
import type {SshConnection} from './ssh.js'

/** A program that was delivered. */
export interface Copy {
  version: string
  /** The beginning of its SHA-256. */
  checksum: string
  build: 'package' | 'linux-x64' | 'linux-arm64' | 'script'
  sizeBytes: number
  /** Whose it is on the node. */
  user: string
  path: string
  /** By the node's clock. */
  deliveredAtMs: number
  ageMs: number
}

/** What lies in the places of the user who logs in, or with `sudo` of root. */
export async function askForCopies(connection: SshConnection, sudo: boolean): Promise<Copy[]> {
  const words = await askFor(connection, listCopies, sudo)
  const [, seconds = '', user = ''] = /^of (\d{1,12}) (.*)$/.exec(words[0] ?? '') ?? []
  return words.flatMap((word) => copyFrom(word, user, Number(seconds)))
}

/** Removes all that was delivered; gives the directories that are gone. */
export async function askToRemove(connection: SshConnection, sudo: boolean): Promise<string[]> {
  const words = await askFor(connection, removeCopies, sudo)
  return words.flatMap((word) => (word.startsWith('gone ') ? word.slice('gone '.length) : []))
}

async function askFor(
  connection: SshConnection,
  script: (nonce: string) => string,
  sudo: boolean,
): Promise<readonly string[]> {
  const nonce = randomBytes(16).toString('hex')
  const run = new RunOnNode(connection, script(nonce), {nonce, sudo})
  const ignore = () => undefined
  const ending = await run.carry({stdout: ignore, stderr: ignore, onMark: ignore})
  if (ending.kind !== 'said' || ending.text !== 'done') throw lostError(connection.destination, ending)
  return ending.words
}

function copyFrom(word: string, user: string, nowSeconds: number): Copy[] {
  const [, name = '', head = '', kilobytes, seconds, folder = ''] =
    /^copy (\S+) (\S+) (\d{1,12}) (\d{1,12}) (.*)$/.exec(word) ?? []
  const [, version, checksum] = /^crisp-(.+)-([0-9a-f]{16})$/.exec(name) ?? []
  if (version === undefined || checksum === undefined) return []
  return [
    {
      version,
      checksum,
      build: builds[head] ?? 'script',
      sizeBytes: Number(kilobytes) * 1024,
      user,
      path: `${folder}/${name}`,
      deliveredAtMs: Number(seconds) * 1000,
      ageMs: (nowSeconds - Number(seconds)) * 1000,
    },
  ]
}

/** By what an executable says of its processor. */
const builds: Readonly<Record<string, Copy['build']>> = {
  directory: 'package',
  '3e00': 'linux-x64',
  b700: 'linux-arm64',
}
