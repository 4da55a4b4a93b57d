// The package for npm: what a user needs and nothing that only whoever builds needs, so that it installs without a
// registry. `npm run build:package` leaves it in release/.
//   node build/package.mjs [FOLDER]    of what is built in dist/
import {execFileSync} from 'node:child_process'
import {cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'
import {writeSums} from './sums.mjs'

const release = resolve(process.argv[2] ?? 'release')
process.chdir(fileURLToPath(new URL('..', import.meta.url)))

// The bundles in dist/ hold the dependencies; scripts would run where what they run is not.
const {
  private: _,
  files,
  scripts,
  dependencies,
  devDependencies,
  ...manifest
} = JSON.parse(readFileSync('package.json', 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'crisp-package-'))
try {
  for (const name of ['README.md', 'LICENSE', ...files]) cpSync(name, join(folder, name), {recursive: true})
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
  mkdirSync(release, {recursive: true})
  const [{filename}] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', release], {cwd: folder, encoding: 'utf8'}),
  )
  writeSums(release)
  console.log(join(release, filename))
} finally {
  rmSync(folder, {recursive: true})
}
