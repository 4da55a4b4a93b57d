import {spawnSync} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {expect, test} from 'vitest'
import {byPurpose} from '../../src/cli/help.js'
import {outputForms} from '../../src/formats/output.js'
import {manifest} from '../support/in-process.js'
import {testWith} from '../support/needs.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('docs/reference and man are those of the commands: else npm run docs', () => {
  const {stdout, status} = spawnSync(process.execPath, ['build/docs.mjs', '--check'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect({stdout, status}).toEqual({stdout: '', status: 0})
})

test('an installation brings all man pages: npm links those that package.json names', () => {
  const {man} = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
  expect([...man].sort()).toEqual(
    readdirSync(`${root}/man`)
      .map((name) => `man/${name}`)
      .sort(),
  )
})

test('the README names the commands and the forms of output as help does', () => {
  const readme = readFileSync(`${root}/README.md`, 'utf8')
  const rows = [...readme.matchAll(/^\| ([a-z ]+) \| ((?:`[a-z-]+` ?)+) \|$/gm)]
  const groups = rows.map(([, title = '', names = '']) => ({
    title: title.toUpperCase(),
    names: names.match(/[a-z-]+/g),
  }))
  expect(groups).toEqual(
    byPurpose(manifest.commands).map(({title, commands}) => ({title, names: commands.map(({id}) => id)})),
  )
  const [, forms = ''] = /takes `-o ([\s\S]*?)`\s\(/.exec(readme) ?? []
  expect(forms.split(/[`,\s]+/)).toEqual(outputForms.map((form) => form.replace(/=.*/, '=…')))
})

test('the README has the exit codes of their page', () => {
  const codesIn = (path: string) => readFileSync(`${root}/${path}`, 'utf8').match(/^\| \d.*\|$/gm)
  expect(codesIn('README.md')).toEqual(codesIn('docs/exit-codes.md'))
})

testWith('groff')('man pages are set without a warning', () => {
  const pages = readdirSync(`${root}/man`).map((name) => `man/${name}`)
  expect(pages.length).toBeGreaterThan(20)
  const {stdout, stderr} = spawnSync('groff', ['-man', '-ww', '-z', '-Tutf8', ...pages], {
    cwd: root,
    encoding: 'utf8',
  })
  expect({stdout, stderr}).toEqual({stdout: '', stderr: ''})
})
