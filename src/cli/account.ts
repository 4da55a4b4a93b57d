import {userInfo} from 'node:os'
import {UsageError, UserError} from '../errors/errors.js'
import {bun} from '../text/standalone.js'

export interface Account {
  uid: number
  gid: number
  username: string
  homedir: string
}

/** Of another user, by name or number; undefined where that is who we are. Throws UsageError for nobody. */
export function findAccount(name: string): Account | undefined {
  const uid = process.getuid?.() ?? -1
  if (name === String(uid)) return undefined
  if (uid !== 0) {
    if (name === ownName(uid)) return undefined
    throw new UserError(`only root can become ${name}: without --user it runs as you`)
  }
  const account = bun ? accountOfLibc(name) : accountOfNode(name)
  if (!account) throw new UsageError(`--user: there is no user "${name}"`)
  return account.uid === uid ? undefined : account
}

/** For good, and without any other group. */
export function becomeAccount({uid, gid, username, homedir}: Account): void {
  process.setgroups?.([gid])
  process.setgid?.(gid)
  process.setuid?.(uid)
  if (process.getuid?.() !== uid) throw new Error(`this process did not become ${username}`)
  Object.assign(process.env, {HOME: homedir, USER: username, LOGNAME: username})
}

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** A number without a name, as in some containers, is undefined. */
function ownName(uid: number): string | undefined {
  if (bun) return accountOfLibc(String(uid))?.username
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

/** What the system knows of a user, wherever it keeps them: Node tells of the effective one alone. */
function accountOfNode(name: string): Account | undefined {
  try {
    process.seteuid?.(isNumber(name) ? Number(name) : name)
    return userInfo()
  } catch {
    return undefined
  } finally {
    process.seteuid?.(0)
  }
}

/** Bun takes names and homes from the environment, which may say anything. */
function accountOfLibc(name: string): Account | undefined {
  const {dlopen, read, CString} = process.getBuiltinModule('bun:ffi') as ForeignFunctions
  const text = {args: ['cstring'], returns: 'ptr'}
  const {getpwnam, getpwuid} = dlopen('libc.so.6', {
    getpwnam: text,
    getpwuid: {...text, args: ['u32']},
  }).symbols
  const entry = isNumber(name) ? getpwuid(Math.min(Number(name), noUid)) : getpwnam(Buffer.from(`${name}\0`))
  // struct passwd: the name, a password, two numbers, a comment and the home.
  return entry === null
    ? undefined
    : {
        uid: read.u32(entry, 16),
        gid: read.u32(entry, 20),
        username: String(new CString(read.ptr(entry, 0))),
        homedir: String(new CString(read.ptr(entry, 32))),
      }
}

/** The system's word for none. */
const noUid = 0xff_ff_ff_ff

type Pointer = number

/** What is used of `bun:ffi`. */
interface ForeignFunctions {
  dlopen(
    library: string,
    functions: Record<'getpwnam' | 'getpwuid', {args: string[]; returns: string}>,
  ): {symbols: {getpwnam(name: Buffer): Pointer | null; getpwuid(uid: number): Pointer | null}}
  read: {u32(at: Pointer, offset: number): number; ptr(at: Pointer, offset: number): Pointer}
  CString: new (at: Pointer) => object
}

function isNumber(name: string): boolean {
  return /^\d+$/.test(name)
}
