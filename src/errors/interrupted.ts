import {type ExitCode, exitCode} from './exit-codes.js'

const codes = {
  SIGINT: exitCode.interrupted,
  SIGTERM: exitCode.terminated,
  SIGHUP: exitCode.hungUp,
  /** The reader of our output went away, which is no failure. */
  SIGPIPE: exitCode.done,
} as const

/** The user, or a time limit of the user's, ended the command: nothing is wrong and nothing is said. */
export class Interrupted extends Error {
  override name = 'Interrupted'
  readonly exitCode: ExitCode
  readonly signal: keyof typeof codes

  constructor(signal: keyof typeof codes) {
    super(signal)
    this.signal = signal
    this.exitCode = codes[signal]
  }
}
