/** Exit codes of every command. `exec`, `run` and `attach` end with the remote process's own code instead of 0. */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  unreachable: 4,
  timedOut: 124,
  /** `exec`, `run` and `attach` only: crisp failed, not the remote process. */
  ours: 125,
  /** `exec` only: the command is there but cannot be executed. */
  notExecutable: 126,
  /** `exec` only: there is no such command. */
  commandNotFound: 127,
  /** What a shell shows of a process that SIGHUP has ended. */
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]
