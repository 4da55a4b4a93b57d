import type {LocalSource} from './copy.js'

let source: LocalSource | undefined

/** Where the user is on another machine: what goes into a container is there. */
export function setUsersSource(elsewhere: LocalSource): void {
  source = elsewhere
}

export function usersSource(): LocalSource | undefined {
  return source
}
