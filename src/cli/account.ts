import {type UserInfo, userInfo} from 'node:os'
import {UsageError, UserError} from '../errors/errors.js'

export type Account = UserInfo<string>

/** Of another user, by name or number; undefined where that is who we are. Throws UsageError for nobody. */
export function findAccount(name: string): Account | undefined {
  const own = ownAccount()
  if (name === own.username || name === String(own.uid)) return undefined
  if (own.uid !== 0) throw new UserError(`only root can become ${name}: without --user it runs as you`)
  const account = accountAsRoot(name)
  if (account.uid !== own.uid) return account
  // The runtime of standalone files takes everybody for root, and nobody who asks for another user may get root.
  throw new UserError(`this crisp cannot become ${name}: run it with Node.js`)
}

/** For good, and without any other group. */
export function becomeAccount({uid, gid, username, homedir}: Account): void {
  process.setgroups?.([gid])
  process.setgid?.(gid)
  process.setuid?.(uid)
  Object.assign(process.env, {HOME: homedir, USER: username, LOGNAME: username})
}

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

function ownAccount(): Pick<Account, 'uid' | 'username'> {
  try {
    return userInfo()
  } catch {
    // A number without a name, as in some containers.
    return {uid: process.getuid?.() ?? -1, username: ''}
  }
}

/** What the system knows of a user, wherever it keeps them, Node tells of the effective one alone. */
function accountAsRoot(name: string): Account {
  try {
    process.seteuid?.(/^\d+$/.test(name) ? Number(name) : name)
    return userInfo()
  } catch (error) {
    throw new UsageError(`--user: there is no user "${name}"`, {cause: error})
  } finally {
    process.seteuid?.(0)
  }
}
