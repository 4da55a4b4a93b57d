import {createHash} from 'node:crypto'
import {readdirSync, readFileSync} from 'node:fs'
import {basename, join} from 'node:path'
import {Spec, Validation} from '@cyclonedx/cyclonedx-library'
import {expect, test} from 'vitest'
import {release, released, run, version} from '../support/packages.js'

// What is in a release, and that it says so.

const licenses = () => readFileSync(join(release, 'third-party-licenses.txt'), 'utf8')

interface Component {
  group?: string
  name: string
  version?: string
  components?: Component[]
}

function bill(): {text: string; components: Component[]} {
  const text = readFileSync(released('.cdx.json'), 'utf8')
  return {text, components: JSON.parse(text).components}
}

test('each file is as its checksum says, and none is without', () => {
  const lines = readFileSync(join(release, 'SHA256SUMS'), 'utf8').trimEnd().split('\n')
  const names = readdirSync(release).filter((name) => !name.startsWith('SHA256SUMS'))
  expect(lines.map((line) => line.slice(66))).toEqual(names.sort())
  for (const line of lines) {
    const content = readFileSync(join(release, line.slice(66)))
    expect(`${createHash('sha256').update(content).digest('hex')}  ${line.slice(66)}`).toBe(line)
  }
})

test('the bill of materials is valid', async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6)
  expect(await validator.validate(bill().text)).toBeNull()
})

test('it has every package whose licence goes along, and the other way round', () => {
  const noted = licenses()
    .match(/^\S+ \d+\.\d+\.\d+\S* \(.*\)$/gm)
    ?.map((line) => line.replace(/ \(.*/, ''))
  const listed = bill().components.map(
    ({group, name, version}) => `${group ? `${group}/` : ''}${name} ${version}`,
  )
  expect([...new Set(noted)].sort()).toEqual([...new Set(listed)].sort())
  expect(listed).toContain('@grpc/grpc-js 1.14.7')
})

test('the parts of the runtime stand there with their licences in full', () => {
  const text = licenses()
  const runtime = bill().components.find(({name}) => name === 'bun')
  const parts = runtime?.components?.map(({name}) => name) ?? []
  expect(parts).toEqual(expect.arrayContaining(['JavaScriptCore', 'tinycc', 'boringssl', 'icu']))
  for (const name of parts) expect(text).toContain(`\n${name} (`)
  expect(
    text.match(/GNU LIBRARY GENERAL PUBLIC LICENSE|GNU LESSER GENERAL PUBLIC LICENSE/g)?.length,
  ).toBeGreaterThan(1)
  expect(text).toContain('npm run build:standalone makes crisp')
})

test('what the packages say of themselves', async () => {
  for (const architecture of ['amd64', 'arm64']) {
    const fields = await run('dpkg-deb', [
      '-f',
      released(`_${architecture}.deb`),
      'Package',
      'Version',
      'Architecture',
      'Depends',
    ])
    expect(fields.stdout).toBe(
      `Package: crisp\nVersion: ${version}\nArchitecture: ${architecture}\nDepends: libc6 (>= 2.17)\n`,
    )
    const control = await run('dpkg-deb', ['--ctrl-tarfile', released(`_${architecture}.deb`)], {
      encoding: 'buffer',
    })
    expect(String(control.stdout)).not.toMatch(/(pre|post)(inst|rm)/)
  }
  for (const architecture of ['x86_64', 'aarch64']) {
    const path = released(`.${architecture}.rpm`)
    expect((await run('rpm', ['-K', path])).stdout).toBe(`${path}: digests OK\n`)
    const about = ['--queryformat', '%{NAME} %{VERSION} %{ARCH} %{LICENSE}', '-qp']
    expect((await run('rpm', [...about, path])).stdout).toBe(`crisp ${version} ${architecture} Apache-2.0`)
    expect((await run('rpm', ['-qp', '--scripts', path])).stdout).toBe('')
    const needs = (await run('rpm', ['-qp', '--requires', path])).stdout.split('\n')
    expect(needs.filter((need) => need && !need.startsWith('rpmlib('))).toEqual([
      'libc.so.6(GLIBC_2.17)(64bit)',
    ])
  }
})

test('completion names the program that is on the PATH', async () => {
  const archive = released('-linux-arm64.tar.gz')
  const inside = (path: string) =>
    run('tar', ['-xzOf', archive, `${basename(archive, '.tar.gz')}/share/${path}`])
  for (const path of [
    'bash-completion/completions/crisp',
    'zsh/site-functions/_crisp',
    'fish/vendor_completions.d/crisp.fish',
  ])
    expect((await inside(path)).stdout).toMatch(/\(crisp __complete (bash|zsh|fish) /)
})

test('archives leave the owners and modes of directories that are there alone', async () => {
  const {stdout} = await run('tar', ['-tvzf', released('-linux-arm64.tar.gz')])
  const lines = stdout.trimEnd().split('\n')
  expect(lines.filter((line) => !/^-r[w-][x-]r-[x-]r-[x-] root\/root /.test(line))).toEqual([])
  expect(
    lines.filter((line) => line.startsWith('-rwx')).map((line) => line.split('/').slice(-2).join('/')),
  ).toEqual(['bin/crisp'])
})
