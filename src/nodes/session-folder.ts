import {ownFolder} from '../node/own-folder.js'

/** Where connections to nodes, and what is known of files that go there, lie for a while. Throws UserError. */
export function sessionFolder(environment: NodeJS.ProcessEnv, uid: number): string {
  return ownFolder(environment, uid, (reason) => `no folder for the connections to nodes: ${reason}`)
}
