import {readdirSync, readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {expect, test} from 'vitest'

const sources = fileURLToPath(new URL('../../../src/', import.meta.url))

const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g
const advice = /(^|[\s"'`(=:,])--[a-z]|\bcrisp [a-z]|\b(sudo|systemctl|journalctl|ulimit|curl)\b/

/** Text in quotes that names a flag or a command line, which is for `cli/failures` to say. */
function adviceIn(source: string): string[] {
  const strings = (source.match(token) ?? []).filter((text) => !text.startsWith('/'))
  return strings.filter((text) => advice.test(text))
}

test.each(['client', 'node', 'logs', 'streaming'])(
  'src/%s throws facts: no text names a flag, a command of crisp or a tool of the shell',
  (folder) => {
    const files = readdirSync(`${sources}${folder}`, {recursive: true, encoding: 'utf8'}).filter((name) =>
      name.endsWith('.ts'),
    )
    expect(files.length).toBeGreaterThan(5)
    const found = files.flatMap((file) =>
      adviceIn(readFileSync(`${sources}${folder}/${file}`, 'utf8')).map((text) => `${file}: ${text}`),
    )
    expect(found).toEqual([])
  },
)

test.each([
  "'give more with --timeout'",
  '`no pod "web": crisp pods lists all`',
  "'it belongs to root, try sudo'",
])('advice is found in %s', (source) => {
  expect(adviceIn(`throw new Error(${source}) // not in a comment: --flag`)).toEqual([source])
})
