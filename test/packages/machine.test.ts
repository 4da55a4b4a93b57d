import {mkdirSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {basename} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {type CleanMachine, cleanMachine, makeSystem} from '../support/clean-machine.js'
import {type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {release, released, run, version} from '../support/packages.js'

// Every way onto a machine without Node leads to `crisp ps` there, on a real containerd.

let containerd: Containerd
let system: string
beforeAll(async () => {
  system = await makeSystem()
  containerd = await startContainerd()
  const pod = await containerd.runPod('web')
  await pod.runContainer('app', 'sleep 1000')
})
afterAll(async () => {
  await containerd[Symbol.asyncDispose]()
  rmSync(system, {recursive: true})
})

const newMachine = () => cleanMachine(system, containerd.endpoint.replace('unix://', ''))
const inRelease = (ending: string) => `/release/${basename(released(ending))}`

/** The README's line that begins so, as root types it. */
function readmeLine(beginning: string): string {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const block = /^## Install\n[\s\S]*?```sh\n([\s\S]*?)```/m.exec(readme)?.[1] ?? ''
  const line = block.split('\n').find((line) => line.startsWith(`sudo ${beginning}`))
  return (
    line?.replace('sudo ', '').replace(/ +#.*/, '') ?? `echo no line of the README begins with ${beginning}`
  )
}

const typeLine = (machine: CleanMachine, beginning: string) =>
  machine.run('sh', '-c', `cd /release && ${readmeLine(beginning)}`)

async function expectPs(machine: CleanMachine, program: string): Promise<void> {
  expect(await machine.run('which', 'node').catch(() => 'no node')).toBe('no node')
  expect(
    await machine.run(
      program,
      'ps',
      '-o',
      'custom-columns=P:.labels.io\\.kubernetes\\.pod\\.name,N:.metadata.name',
    ),
  ).toContain('app')
  expect(await machine.run(program, '--version')).toBe(`crisp version ${version}\n`)
}

test('the .deb', async () => {
  await using machine = await newMachine()
  if (machine.hasDpkg) await typeLine(machine, 'dpkg')
  else await machine.installDeb(inRelease('_amd64.deb'))
  await expectPs(machine, 'crisp')
  expect(readdirSync(`${machine.root}/usr/share/man/man1`)).toContain('crisp-ps.1')
  // The files for other nodes need this very version.
  await machine.installDeb(inRelease('_all.deb'))
  expect(readdirSync(`${machine.root}/usr/lib/crisp/builds/${version}`)).toContain('SHA256SUMS')
})

test('the .rpm', async () => {
  await using machine = await newMachine()
  // Nothing else is here as a package, and none of its parts is a script.
  await run('rpm', [
    '--root',
    machine.root,
    '--nodeps',
    '--install',
    released('.x86_64.rpm'),
    released('.noarch.rpm'),
  ])
  expect(
    (await run('rpm', ['--root', machine.root, '--verify', '--nodeps', 'crisp', 'crisp-builds'])).stdout,
  ).toBe('')
  await expectPs(machine, 'crisp')
  await run('rpm', ['--root', machine.root, '--erase', 'crisp', 'crisp-builds'])
  expect(readdirSync(`${machine.root}/usr/bin`)).not.toContain('crisp')
})

test("the .tar.gz, by the README's line", async () => {
  await using machine = await newMachine()
  await machine.run('mkdir', '-p', '/usr/local')
  await typeLine(machine, 'tar')
  await expectPs(machine, 'crisp')
  expect(readdirSync(`${machine.root}/usr/local/share/man/man1`)).toContain('crisp-ps.1')
})

test('the .tar.xz, of the file for old processors', async () => {
  await using machine = await newMachine()
  await machine.run(
    'tar',
    '-xJf',
    inRelease('-linux-x64-baseline.tar.xz'),
    '-C',
    '/tmp',
    '--strip-components',
    '1',
  )
  await expectPs(machine, '/tmp/bin/crisp')
})

test('install.sh, which also upgrades and removes', async () => {
  await using machine = await newMachine()
  const said = `${version} is installed: /usr/local/bin/crisp\n`
  expect(await typeLine(machine, 'sh')).toBe(said)
  await expectPs(machine, 'crisp')
  const builds = `${machine.root}/usr/local/lib/crisp/builds`
  mkdirSync(`${builds}/0.0.1`, {recursive: true})
  expect(await machine.run('sh', '/release/install.sh', '--builds')).toBe(said)
  expect(readdirSync(builds)).toEqual([version])
  expect(readdirSync(`${builds}/${version}`).sort()).toEqual(
    [
      ...readdirSync(release)
        .filter((name) => /^crisp-linux-[^.]*$/.test(name))
        .map((name) => `${name}.gz`),
      'SHA256SUMS',
    ].sort(),
  )
  expect(await machine.run('sh', '/release/install.sh', '--remove')).toBe('removed from /usr/local\n')
  expect(await machine.run('find', '/usr/local', '-type', 'f')).toBe('')
})

test('install.sh for a user, who needs no root', async () => {
  await using machine = await newMachine()
  await machine.run('sh', '-c', 'mkdir -p /home/me && chown 65534:65534 /home/me')
  expect(await machine.runAsUser('/home/me', 'sh', '/release/install.sh')).toBe(
    `${version} is installed: /home/me/.local/bin/crisp\n/home/me/.local/bin is not on the PATH\n`,
  )
  await expectPs(machine, '/home/me/.local/bin/crisp')
})
