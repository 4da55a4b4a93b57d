import type {Duplex} from 'node:stream'

/** Of a port-forward whose user listens on another machine: one connection that came there, or whether any may come. */
export type UsersConnection = {kind: 'carry'; open: () => Duplex} | {kind: 'check'}

let connection: UsersConnection | undefined

export function setUsersConnection(elsewhere: UsersConnection): void {
  connection = elsewhere
}

export function usersConnection(): UsersConnection | undefined {
  return connection
}
