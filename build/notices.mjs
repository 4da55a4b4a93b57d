// The licences of what the bundle holds of others: they ask to be carried along with every copy, and a bundle leaves
// behind the files that say so.
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'

const noticeFile = /^(licen[cs]e|notice|copying)/i

/** `inputs`: the paths of esbuild's metafile. Returns the text of one file. */
export function notices(inputs) {
  const byText = new Map()
  // The same version may lie in several places.
  for (const {head, text} of packagesOf(inputs).map(describe))
    byText.set(text, (byText.get(text) ?? new Set()).add(head))
  const parts = [...byText].map(([text, heads]) => `${[...heads].join('\n')}\n\n${text}\n`)
  return `What crisp's bundle holds of others, under their own licences.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`
}

function packagesOf(inputs) {
  const directories = inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0])
  return [...new Set(directories.filter((directory) => directory !== undefined))].sort()
}

function describe(directory) {
  const {name, version, license} = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  if (license === undefined) throw new Error(`${directory}: no license in package.json`)
  const files = readdirSync(directory).filter((file) => noticeFile.test(file))
  const texts = files.sort().map((file) => readFileSync(join(directory, file), 'utf8').trim())
  const text = texts.join('\n\n') || `The package carries no licence text but the name: ${license}.`
  return {head: `${name} ${version} (${license})`, text}
}
