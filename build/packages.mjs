// The packages of a release, around the standalone files: archives, .deb, .rpm, an image, and what is inside of them.
//   npm run build:packages [-- linux-x64-baseline …]    for the files that are asked for; all of them else
//   npm run build:packages -- --built                   around the files that are in release/
// The same input gives the same bytes: each file has the time of the commit, or of SOURCE_DATE_EPOCH.
import {execFileSync} from 'node:child_process'
import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {version} from './options.mjs'
import {billOfMaterials, licenses} from './packages/contents.mjs'
import {debOf} from './packages/deb.mjs'
import {imageOf, libcMissing} from './packages/image.mjs'
import {gzip, Part} from './packages/part.mjs'
import {rpmOf} from './packages/rpm.mjs'
import {tarParts} from './packages/tar.mjs'
import {below, file, program, surroundings, withDirectories} from './packages/tree.mjs'
import {bundleRecord, targetNames} from './runtimes.mjs'
import {sumLine, writeSums} from './sums.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const release = 'release'

/** Debian's and Red Hat's names of an architecture, and the file that runs on all of its processors. */
const architectures = [
  {debian: 'amd64', redHat: 'x86_64', target: 'linux-x64-baseline'},
  {debian: 'arm64', redHat: 'aarch64', target: 'linux-arm64'},
]
const summary = 'client for CRI, the interface of container runtimes'
const description =
  'crisp asks the container runtime of a Kubernetes node, such as containerd or CRI-O, what runs there. It takes the command lines of crictl, and names instead of IDs.'

const asked = process.argv.slice(2).filter((word) => word !== '--built')
const built = process.argv.includes('--built')
const targets = targetNames.filter((target) =>
  asked.length > 0 ? asked.includes(target) : !built || existsSync(join(release, `crisp-${target}`)),
)
const packed = architectures.filter(({target}) => targets.includes(target))

main()

function main() {
  const missing = whatIsMissing()
  if (missing.length > 0) {
    console.error(`build:packages needs ${missing.join(', ')}`)
    process.exitCode = 1
    return
  }
  clear()
  if (!built) execFileSync(process.execPath, ['build/standalone.mjs', ...targets], {stdio: 'inherit'})
  const metafile = JSON.parse(readFileSync(bundleRecord, 'utf8'))
  const programs = new Map(
    targets.map((target) => [target, new Part(readFileSync(join(release, `crisp-${target}`)))]),
  )
  const notices = licenses(Object.keys(metafile.inputs))
  const {usual, debian} = surroundings(notices)
  const date = new Date(1000 * Number(process.env.SOURCE_DATE_EPOCH || commitSeconds()))

  write('third-party-licenses.txt', notices)
  write(`crisp-${version}.cdx.json`, billOfMaterials(metafile))
  write('install.sh', readFileSync('build/packages/install.sh'), 0o755)
  for (const [target, part] of programs)
    writeArchives(`crisp-${version}-${target}`, [program('bin/crisp', part), ...usual], date)
  for (const {debian: architecture, redHat, target} of packed) {
    const crisp = program('bin/crisp', programs.get(target))
    write(
      `crisp_${forPackage(version)}_${architecture}.deb`,
      debOf(
        debianFields('crisp', architecture, summary, 'libc6 (>= 2.17)'),
        below('usr', [crisp, ...debian]),
        date,
      ),
    )
    write(
      `crisp-${forPackage(version)}-1.${redHat}.rpm`,
      rpmOf(
        rpmFields('crisp', redHat, summary, ['libc.so.6(GLIBC_2.17)(64bit)']),
        rpmEntries([crisp, ...usual]),
        date,
      ),
    )
  }
  writeBuilds(programs, date)
  if (packed.length > 0)
    write(
      `crisp-${version}-image.tar`,
      imageOf({
        programs: Object.fromEntries(packed.map((one) => [one.debian, programs.get(one.target)])),
        documents: below(
          'usr/local',
          usual.filter(({kind}) => kind === 'license'),
        ),
        version,
        date,
      }),
    )
  writeSums(release)
}

function whatIsMissing() {
  const unknown = asked.filter((target) => !targetNames.includes(target))
  const absent = targets.filter((target) => built && !existsSync(join(release, `crisp-${target}`)))
  return [
    ...unknown.map((target) => `to know ${target}: there are ${targetNames.join(', ')}`),
    ...(targets.length === 0 ? [`files in ${release}/ (npm run build:standalone)`] : []),
    ...absent.map((target) => `${release}/crisp-${target} (npm run build:standalone)`),
    ...(works('xz') ? [] : ['xz (package xz-utils)']),
    ...packed.flatMap(({debian}) => libcMissing(debian) ?? []),
  ]
}

function works(command) {
  try {
    execFileSync(command, ['--version'], {stdio: 'ignore'})
    return true
  } catch {
    return false
  }
}

/** What an earlier version or another commit left here would get a checksum as if it were of this one. */
function clear() {
  mkdirSync(release, {recursive: true})
  const ours = /^(crisp[-_]\d.*|crisp-builds[-_].*|install\.sh|third-party-licenses\.txt)$/
  for (const name of readdirSync(release).filter((name) => ours.test(name))) rmSync(join(release, name))
}

function commitSeconds() {
  return execFileSync('git', ['log', '-1', '--format=%ct'], {encoding: 'utf8'}).trim()
}

/** Archives have no entries for directories: those of /usr/local that are there keep their owner and mode. */
function writeArchives(name, entries, date) {
  const parts = tarParts(below(name, entries), date)
  write(`${name}.tar.gz`, gzip(parts))
  // Always in blocks, however many processors there are. XZ_OPT=-0 is quicker, for tests.
  write(
    `${name}.tar.xz`,
    execFileSync('xz', ['--threads=2', '--stdout'], {
      input: Buffer.concat(parts.map(({bytes}) => bytes)),
      maxBuffer: 2 ** 30,
    }),
  )
}

/** The files for all kinds of nodes, for a crisp that brings itself to another node. Found from ../bin/crisp. */
function writeBuilds(programs, date) {
  const sums = [...programs].map(([target, {bytes}]) => sumLine(`crisp-${target}`, bytes))
  const folder = `lib/crisp/builds/${version}`
  const entries = [
    ...[...programs].map(([target, part]) => file(`${folder}/crisp-${target}.gz`, gzip([part]))),
    file(`${folder}/SHA256SUMS`, sums.sort().join('')),
    file('share/doc/crisp-builds/third-party-licenses.txt', licensesOf(), 'license'),
  ]
  const name = `crisp-builds-${version}`
  const own = forPackage(version)
  const title = 'files of crisp for nodes with another processor'
  write(`${name}.tar`, Buffer.concat(tarParts(below(name, entries), date).map(({bytes}) => bytes)))
  write(
    `crisp-builds_${own}_all.deb`,
    debOf(debianFields('crisp-builds', 'all', title, `crisp (= ${own})`), below('usr', entries), date),
  )
  write(
    `crisp-builds-${own}-1.noarch.rpm`,
    rpmOf(rpmFields('crisp-builds', 'noarch', title, [['crisp', `${own}-1`]]), rpmEntries(entries), date),
  )
}

function licensesOf() {
  return readFileSync(join(release, 'third-party-licenses.txt'))
}

function debianFields(name, architecture, title, depends) {
  return {
    Package: name,
    Version: forPackage(version),
    Architecture: architecture,
    // Whoever publishes packages says who looks after them.
    Maintainer: process.env.MAINTAINER || 'crisp',
    Section: 'admin',
    Priority: 'optional',
    Depends: depends,
    Description: `${title}\n ${description}`,
  }
}

function rpmFields(name, architecture, title, requires) {
  return {
    name,
    version: forPackage(version),
    architecture,
    summary: title,
    description,
    license: 'Apache-2.0',
    requires,
  }
}

/** With those directories that no other package has. */
function rpmEntries(entries) {
  const own = /(^|\/)(crisp|crisp-builds|builds)(\/|$)/
  return withDirectories(below('usr', entries), (path) => !own.test(path.replace('usr/bin/crisp', '')))
}

/** Both sort 1.0~rc.1 before 1.0. */
function forPackage(text) {
  return text.replaceAll('-', '~')
}

function write(name, content, mode = 0o644) {
  const path = join(release, name)
  writeFileSync(path, content)
  chmodSync(path, mode)
  console.log(path)
}
