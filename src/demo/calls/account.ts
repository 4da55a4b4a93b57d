import type * as cri from '../../generated/cri.js'
import {unknown} from '../server/statuses.js'

interface Account {
  runAsUser: cri.Int64Value | null
  runAsGroup: cri.Int64Value | null
  /** A pod has none. */
  runAsUsername?: string
}

/** The CRI wants a user with every group, and every runtime refuses it otherwise. */
export function requireUserOfGroup(account: Account | null | undefined): void {
  if (account?.runAsGroup && !account.runAsUser && !account.runAsUsername)
    throw unknown('run_as_group is given without run_as_user or run_as_username')
}
