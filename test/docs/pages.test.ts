import {readFile} from 'node:fs/promises'
import {describe, expect, test} from 'vitest'
import {manifest} from '../support/in-process.js'
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

describe('from-docker.md', async () => {
  const page = await readFile(new URL('../../docs/from-docker.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `(docker [^`]+)`.*? \| (.*?) \| (.*?) \|$/gm)]

  test('has an answer for every command of docker, also where there is none', () => {
    const docker =
      'attach build compose container context cp create diff events exec export history image images info inspect kill load login logs network pause port ps pull push rename restart rm rmi run save search service stack stats stop system tag top update version volume wait'
    const told = new Set([...page.matchAll(/`docker ([a-z]+)/g)].map(([, word]) => word))
    expect(docker.split(' ').filter((word) => !told.has(word))).toEqual([])
    const unexplained = rows.filter(([, , crisp = '', why = '']) => /there is none/.test(crisp) && why === '')
    expect(unexplained).toEqual([])
  })

  test('names verbs and flags that there are', () => {
    const lines = [...page.matchAll(/`crisp ([^`]+)`/g)].map(([, line = '']) => line.split(' '))
    expect(lines.length).toBeGreaterThan(50)
    const wrong = lines.flatMap((words) => {
      const verb = words.find((word) => manifest.commands.some(({id}) => id === word))
      const command = manifest.commands.find(({id}) => id === verb)
      if (!command) return [words.join(' ')]
      const known = [...command.flags, ...manifest.globals].flatMap(({name, char}) => [
        `--${name}`,
        `-${char}`,
      ])
      // Flags behind the image or the container are those of its command.
      const own = words.slice(0, /^(exec|run)$/.test(command.id) ? words.indexOf('web') >>> 0 : undefined)
      const flags = own
        .map((word) => word.split('=')[0] ?? '')
        .flatMap((word) => (/^-[a-z]{2}$/.test(word) ? [`-${word[1]}`, `-${word[2]}`] : [word]))
      return flags
        .filter((flag) => /^-./.test(flag) && !known.includes(flag))
        .map((flag) => `${command.id} ${flag}`)
    })
    expect(wrong).toEqual([])
  })
})
