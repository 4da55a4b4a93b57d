import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {text as textOf} from 'node:stream/consumers'
import {crispInShell} from './run-cli.js'

/** A shell as the reader of a page has it: crisp on its PATH, a folder and an embedded runtime of its own. */
export interface PageShell extends AsyncDisposable {
  directory: string
  run(script: string, options?: string): Promise<{stdout: string; stderr: string; code: unknown}>
}

export async function startPageShell(env: NodeJS.ProcessEnv = {}): Promise<PageShell> {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-page-'))
  await mkdir(join(directory, 'run'), {mode: 0o700})
  await writeFile(join(directory, 'crisp'), `#!/bin/sh\nexec ${crispInShell} "$@"\n`)
  await chmod(join(directory, 'crisp'), 0o755)
  return {
    directory,
    async run(script, options = '-uc') {
      const shell = spawn('bash', [options, script], {
        cwd: directory,
        env: {
          PATH: `${directory}:${process.env.PATH}`,
          HOME: directory,
          XDG_RUNTIME_DIR: join(directory, 'run'),
          CRI_CONFIG_FILE: '/dev/null',
          CRISP_TEST_FILE: process.env.CRISP_TEST_FILE,
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const [[code], stdout, stderr] = await Promise.all([
        once(shell, 'close'),
        textOf(shell.stdout),
        textOf(shell.stderr),
      ])
      return {stdout, stderr, code}
    },
    [Symbol.asyncDispose]: () => rm(directory, {recursive: true}),
  }
}
