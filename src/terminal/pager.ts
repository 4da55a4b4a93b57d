import {spawn} from 'node:child_process'
import type {WriteStream} from 'node:tty'
import {findRootProgram} from '../node/host/root-programs.js'

/** Shows text on the terminal; what is longer than its screen is shown by the user's pager. */
export async function showPaged(text: string, terminal: WriteStream): Promise<void> {
  const fits = text.split('\n').length <= terminal.rows
  const pager = fits || process.env.TERM === 'dumb' ? undefined : findPager(process.env, process.geteuid?.())
  if (!pager || !(await runPager(pager, text))) terminal.write(text)
}

export interface Pager {
  file: string
  words: readonly string[]
  env: NodeJS.ProcessEnv
}

/** Colours, at the end right away where the text is short after all, and the text stays. */
const lessOptions = 'FRX'

/**
 * What $PAGER says, or less. Whoever becomes root often keeps the variables of the user they were, and a pager starts
 * whatever it is asked to: so root has less alone, without a shell, an editor or files of its own, from where only root
 * can have put it.
 */
export function findPager(
  env: NodeJS.ProcessEnv,
  user: number | undefined,
  options = lessOptions,
): Pager | undefined {
  const {PAGER = 'less', TERM, LANG, LC_ALL, LC_CTYPE} = env
  if (PAGER === '' || PAGER === 'cat') return undefined
  if (user !== 0) return {file: 'sh', words: ['-c', PAGER], env: {LESS: options, LV: '-c', ...env}}
  const {path: file} = findRootProgram('less', systemDirectories)
  const safe = {TERM, LANG, LC_ALL, LC_CTYPE, LESS: options, LESSSECURE: '1', LESSHISTFILE: '-'}
  return file === undefined ? undefined : {file, words: [], env: safe}
}

/** Without those in which an administrator puts programs of their own. */
const systemDirectories = ['/usr/bin', '/bin', '/run/current-system/sw/bin']

/** Whether it could be started; how it ends is the user's business. The signal ends it. */
export function runPager({file, words, env}: Pager, text: string, signal?: AbortSignal): Promise<boolean> {
  const child = spawn(file, words, {env, stdio: ['pipe', 'inherit', 'inherit']})
  // Ctrl-C is the pager's as long as it has the screen.
  const ignore = (): void => undefined
  process.on('SIGINT', ignore)
  const end = () => child.kill('SIGTERM')
  signal?.addEventListener('abort', end)
  if (signal?.aborted) end()
  return new Promise((resolve) => {
    child.once('error', () => resolve(false))
    child.once('close', (code) => resolve(code !== 126 && code !== 127))
    // It may be left before it has read everything.
    child.stdin.on('error', ignore).end(text)
  }).finally(() => {
    process.off('SIGINT', ignore)
    signal?.removeEventListener('abort', end)
  }) as Promise<boolean>
}
