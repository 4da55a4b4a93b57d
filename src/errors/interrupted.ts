import {type ExitCode, exitCode} from './exit-codes.js'

/** The user, or a time limit of the user's, ended the command: nothing is wrong and nothing is said. */
export class Interrupted extends Error {
  override name = 'Interrupted'
  readonly exitCode: ExitCode

  /** SIGPIPE: the reader of our output went away, which is no failure. */
  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE') {
    super(signal)
    this.exitCode =
      signal === 'SIGPIPE' ? exitCode.done : signal === 'SIGINT' ? exitCode.interrupted : exitCode.terminated
  }
}
