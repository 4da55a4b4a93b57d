import {spawn} from 'node:child_process'
import {chmod, mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {text as textOf} from 'node:stream/consumers'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {crispInShell} from '../support/run-cli.js'

// The pages that teach: what stands in them is done, one block after another, and shows what stands below it.

const pages = ['cri-in-ten-minutes.md', 'life-of-a-pod.md', 'from-docker.md']

interface Block {
  commands: string
  output: string
}

function blocksOf(page: string): Block[] {
  const fences = [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
    language,
    text,
  }))
  return fences.flatMap(({language, text}, index) => {
    if (language !== 'bash') return []
    const next = fences[index + 1]
    return [{commands: text, output: next?.language === '' ? next.text : ''}]
  })
}

const mark = '=== the next block ==='

describe.concurrent.each(pages)('%s', (page) => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'crisp-page-'))
    await mkdir(join(directory, 'run'), {mode: 0o700})
    await writeFile(join(directory, 'crisp'), `#!/bin/sh\nexec ${crispInShell} "$@"\n`)
    await chmod(join(directory, 'crisp'), 0o755)
  })
  afterAll(() => rm(directory, {recursive: true}))

  test('every block does what it shows', async () => {
    const blocks = blocksOf(await readFile(new URL(`../../docs/${page}`, import.meta.url), 'utf8'))
    expect(blocks.length).toBeGreaterThan(0)
    // A page ends the runtime that it began.
    expect(blocks.at(-1)?.commands).toMatch(/^crisp demo --stop$/m)
    const script = blocks.map(({commands}) => commands).join(`echo '${mark}'\n`)
    const shell = spawn('bash', ['-euc', script], {
      cwd: directory,
      env: {
        PATH: `${directory}:${process.env.PATH}`,
        HOME: directory,
        XDG_RUNTIME_DIR: join(directory, 'run'),
        CRI_CONFIG_FILE: '/dev/null',
        CRISP_TEST_FILE: process.env.CRISP_TEST_FILE,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = new Promise((resolve) => shell.once('close', resolve))
    const [stdout, stderr] = await Promise.all([textOf(shell.stdout), textOf(shell.stderr)])
    expect(stdout.split(`${mark}\n`), stderr).toEqual(blocks.map(({output}) => output))
    expect(await ended).toBe(0)
  })
})
