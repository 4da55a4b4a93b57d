// What the packages hold of others: as a text with their licences, and as a bill of materials for machines.
import {execFileSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, notices, packagesOf} from '../notices.mjs'
import {runtimeVersion} from '../runtimes.mjs'

const require = createRequire(import.meta.url)
const parts = JSON.parse(readFileSync(new URL('runtime-parts.json', import.meta.url), 'utf8'))
const line = `\n${'-'.repeat(80)}\n\n`

/** `inputs`: the paths of esbuild's metafile. */
export function licenses(inputs) {
  return `${notices(inputs)}${line}${runtimeNotice()}${line}${licenseTexts().join(line)}`
}

/** What the license of the C library asks of an image that holds it. */
export function libraryNotice({source, copyright}) {
  return `The C library of this image is that of Debian, unchanged, from the source package
${source}: apt-get source ${source.replace(/ \(= (.*)\)/, '=$1')}. It is loaded at run time, so it can be
replaced by another one that fits. Its licence is the GNU Lesser General Public License, version 2.1.
${line}${copyright}`
}

function runtimeNotice() {
  const rows = parts.map(
    ({name, license, by, source}) => `${name} (${license})\n  Copyright ${by}\n  ${source}`,
  )
  return `bun ${runtimeVersion} (MIT)
  Copyright Oven and contributors
  https://github.com/oven-sh/bun

The JavaScript runtime inside of the standalone files. The names of its environment variables are changed
(withoutVariables in build/runtimes.mjs of crisp's source); else it is what the npm registry has.

It is linked with JavaScriptCore and tinycc, which are under the GNU Lesser General Public License. You may change
them and link Bun anew: Bun's source says how, in LICENSE.md, with the sources of the WebKit that it uses. With crisp's
source, RUNTIME=path/to/your/bun npm run build:standalone makes crisp's file with it. You may take crisp's file apart
to find mistakes in such changes.

Much of Bun is in Rust: which packages of crates.io it is made of says Cargo.lock in its source. Those under the Mozilla
Public License, version 2.0, are named below; their source is there.

It holds, or has code of:

${rows.join('\n\n')}
`
}

function licenseTexts() {
  const names = parts.flatMap(({license}) => license.split(/ (?:AND|WITH) /))
  // Debian, Fedora and the list of licences have no text of its own for the exception.
  const known = [...new Set(['MIT', ...names])].filter((name) => name !== 'LLVM-exception')
  return known.sort().map((name) => {
    const {licenseText} = require(`spdx-license-list/licenses/${name}.json`)
    return `${name}\n\n${licenseText.trim()}\n`
  })
}

/** CycloneDX, as JSON: the packages in the bundle, and the runtime with its parts. */
export function billOfMaterials(metafile) {
  const folder = mkdtempSync(join(tmpdir(), 'crisp-bom-'))
  try {
    const path = join(folder, 'bundle.json')
    writeFileSync(path, JSON.stringify(metafile))
    const options = ['--output-reproducible', '--bwd', process.cwd(), '--output-file', '-', path]
    const text = execFileSync('node_modules/.bin/cyclonedx-esbuild', options, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return `${JSON.stringify(withMore(JSON.parse(text), Object.keys(metafile.inputs)), undefined, 2)}\n`
  } finally {
    rmSync(folder, {recursive: true})
  }
}

/** The tool reads which packages esbuild took: not what these are bundles of, nor what runs the bundle. */
function withMore({components, dependencies, ...bom}, inputs) {
  // The file that starts the program is no component.
  const packages = components.filter(({purl}) => purl !== undefined)
  const refs = new Set([bom.metadata.component, ...packages].map((component) => component['bom-ref']))
  const named = new Set(
    packages.map(({group, name, version}) => `${group ? `${group}/` : ''}${name} ${version}`),
  )
  const bundled = packagesOf(inputs)
    .map(describe)
    .filter(({name, version}) => !named.has(`${name} ${version}`))
    .map(({name, version, license}) => library(name, version, license))
  const runtime = {
    ...library('bun', runtimeVersion, 'MIT'),
    type: 'platform',
    components: parts.map(({name, license, source}) => ({
      type: 'library',
      'bom-ref': `bun/${name}`,
      name,
      licenses: [{expression: license}],
      externalReferences: [{type: 'distribution', url: source}],
    })),
  }
  return {
    ...bom,
    components: [...packages, ...bundled, runtime],
    dependencies: dependencies
      .filter(({ref}) => refs.has(ref))
      .map(({ref, dependsOn}) => ({ref, dependsOn: dependsOn?.filter((other) => refs.has(other))})),
  }
}

function library(name, version, license) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  return {type: 'library', 'bom-ref': purl, name, version, licenses: [{expression: license}], purl}
}
