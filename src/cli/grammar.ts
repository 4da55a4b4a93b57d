import type {CompletableCommand, CompletableFlag} from './completion/position.js'

/** All verbs and the global flags: what it takes to understand a command line. */
export interface Grammar {
  readonly commands: readonly CompletableCommand[]
  readonly globals: readonly CompletableFlag[]
}
