import {readFile} from 'node:fs/promises'
import {describe, expect, test} from 'vitest'
import {startPageShell} from '../support/page-shell.js'

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
  test('every block does what it shows', async () => {
    const blocks = blocksOf(await readFile(new URL(`../../docs/${page}`, import.meta.url), 'utf8'))
    expect(blocks.length).toBeGreaterThan(0)
    // A page ends the runtime that it began.
    expect(blocks.at(-1)?.commands).toMatch(/^crisp demo --stop$/m)
    const script = blocks.map(({commands}) => commands).join(`echo '${mark}'\n`)
    await using shell = await startPageShell()
    const {stdout, stderr, code} = await shell.run(script, '-euc')
    expect(stdout.split(`${mark}\n`), stderr).toEqual(blocks.map(({output}) => output))
    expect(code).toBe(0)
  })
})
