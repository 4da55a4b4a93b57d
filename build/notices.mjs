// The licences of what the bundle holds of others: they ask to be carried along with every copy, and a bundle leaves
// behind the files that say so.
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'

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

/** Their directories; also of the packages that others have bundled already, such as tar its minipass. */
export function packagesOf(inputs) {
  const directories = inputs.flatMap((path) => {
    const directory = packageOf(path)
    return directory ? [directory, ...bundledIn(path).map((name) => directoryOf(name, directory))] : []
  })
  return [...new Set(directories)].sort()
}

function packageOf(path) {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]
}

/** The names of packages that stand in a file itself, as its map or a bundler's comments have them. */
function bundledIn(path) {
  const sources = existsSync(`${path}.map`) ? JSON.parse(readFileSync(`${path}.map`, 'utf8')).sources : []
  const regions = readFileSync(path, 'utf8').match(/^\/\/(?:#region)? .*\bnode_modules\/.*$/gm) ?? []
  const names = [...sources, ...regions].map((source) => packageOf(source)?.replace(/^.*node_modules\//, ''))
  return names.filter((name) => name !== undefined)
}

/** Where the package lies that another one needs. */
function directoryOf(name, neededBy) {
  for (let up = neededBy; ; up = dirname(up)) {
    const directory = join(up, 'node_modules', name)
    if (existsSync(directory)) return directory
    if (up === dirname(up)) break
  }
  throw new Error(`${neededBy} holds ${name}, which is not here: no licence can be read`)
}

export function describe(directory) {
  const {name, version, license} = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  if (license === undefined) throw new Error(`${directory}: no license in package.json`)
  const files = readdirSync(directory).filter((file) => noticeFile.test(file))
  const texts = files.sort().map((file) => readFileSync(join(directory, file), 'utf8').trim())
  const text = texts.join('\n\n') || `The package carries no licence text but the name: ${license}.`
  return {name, version, license, head: `${name} ${version} (${license})`, text}
}
