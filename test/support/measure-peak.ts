import {readFileSync} from 'node:fs'
import {outcomeOf, startCli} from './run-cli.js'

/** Runs it to its end and gives the most memory that it had. */
export async function measurePeak(
  argv: readonly string[],
  endpoint: string | undefined,
  env: NodeJS.ProcessEnv = {},
) {
  const cli = startCli(argv, {env, ...(endpoint === undefined ? {} : {endpoint})})
  let peakMiB = 0
  const look = setInterval(() => {
    try {
      const [, kib = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${cli.pid}/status`, 'utf8')) ?? []
      peakMiB = Math.max(peakMiB, Number(kib) / 1024)
    } catch {
      // It has ended.
    }
  }, 50)
  const outcome = await outcomeOf(cli)
  clearInterval(look)
  return {...outcome, peakMiB}
}
