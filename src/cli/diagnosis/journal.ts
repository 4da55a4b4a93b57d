import {execFile} from 'node:child_process'
import {findRootProgram, rootEnvironment} from '../../node/host/root-programs.js'
import type {Journal, JournalLine} from '../../node/journal.js'

const units = ['containerd', 'crio', 'cri-docker', 'kubelet', 'k3s', 'k3s-agent', 'rke2-server', 'rke2-agent']

/** It may be long, and slow on a disk in trouble: somebody waits. */
const patienceMs = 5_000
const mostBytes = 32 * 1024 * 1024
const mostLines = 20_000

/** Of these units since then, the newest lines; never rejects but with the signal's reason. */
export async function readJournal(
  sinceMs: number,
  {
    env,
    signal,
    program = findRootProgram('journalctl').path,
  }: {env: NodeJS.ProcessEnv; signal: AbortSignal; program?: string | undefined},
): Promise<Journal> {
  if (program === undefined) return {why: "there is no journalctl in root's own directories"}
  const words = [
    ...['--no-pager', '--quiet', '--output=json', '--output-fields=MESSAGE', `--lines=${mostLines}`],
    `--since=@${Math.floor(sinceMs / 1000)}`,
    ...units.flatMap((unit) => ['--unit', unit]),
  ]
  const {text, why} = await new Promise<{text: string; why?: string}>((resolve) => {
    execFile(
      program,
      words,
      {
        env: {...rootEnvironment(env), LC_ALL: 'C.UTF-8'},
        timeout: patienceMs,
        killSignal: 'SIGKILL',
        maxBuffer: mostBytes,
        signal,
      },
      (error, stdout, stderr) => resolve(error ? {text: '', why: failureOf(error, stderr)} : {text: stdout}),
    )
  })
  signal.throwIfAborted()
  if (why !== undefined) return {why}
  const lines = text.split('\n').flatMap(lineFrom)
  return lines.length === 0 ? {why: 'it has nothing of them, or is not for us to read'} : {lines}
}

function failureOf(error: Error & {code?: unknown; killed?: boolean}, stderr: string): string {
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'there is too much of it'
  if (error.killed) return `journalctl took longer than ${patienceMs / 1000} s`
  const [said = ''] = stderr.trim().split('\n')
  return said === '' ? 'journalctl failed' : `journalctl: ${said}`
}

/** A line that is not text, or too long for it, is left out. */
function lineFrom(json: string): JournalLine[] {
  if (json === '') return []
  try {
    const {MESSAGE: text, __REALTIME_TIMESTAMP: microseconds} = JSON.parse(json)
    return typeof text === 'string' && /^\d+$/.test(microseconds)
      ? [{timeNs: BigInt(microseconds) * 1000n, text}]
      : []
  } catch {
    // Cut short.
    return []
  }
}
