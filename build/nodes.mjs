// The command on each release of Node that it supports, which npm fetches (package "node").
//   node build/nodes.mjs           a few command lines on each, of the package as npm installs it
//   node build/nodes.mjs --tests   all tests on the oldest and the newest
import {execFileSync, spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'

const releases = ['20.19', '22', '24', '26']
const tests = process.argv.includes('--tests')
const [oldest, newest] = [releases[0], releases.at(-1)]

const prefix = mkdtempSync(join(tmpdir(), 'crisp-nodes-'))
if (!tests) install()
try {
  for (const release of tests ? [oldest, newest] : releases) runOn(release)
} finally {
  rmSync(prefix, {recursive: true})
}

function install() {
  const tarball = execFileSync(process.execPath, ['build/package.mjs', prefix], {encoding: 'utf8'}).trim()
  execFileSync('npm', ['install', '--global', '--offline', '--prefix', prefix, tarball])
}

function runOn(release) {
  const node = execFileSync(
    'npm',
    ['exec', '--yes', `--package=node@${release}`, '--', 'node', '-p', 'process.execPath'],
    {encoding: 'utf8'},
  ).trim()
  console.log(`Node ${release}${tests ? ': all tests' : ''}`)
  const runs = tests
    ? [['build/build.mjs'], ['node_modules/vitest/vitest.mjs', 'run']]
    : [['build/smoke.mjs', join(prefix, 'bin/crisp')]]
  for (const argv of runs) {
    const {status} = spawnSync(node, argv, {
      stdio: 'inherit',
      // What tests start by the name "node" is the same one.
      env: {...process.env, PATH: `${dirname(node)}:${process.env.PATH}`},
    })
    if (status !== 0) process.exitCode = 1
  }
}
