import {spawn} from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {release, released, run, version} from '../support/packages.js'
import {outcomeOf} from '../support/run-cli.js'

// install.sh where it cannot install: one line says why, and nothing is left behind.

let directory: string
let server: Server
let url: string
const script = join(release, 'install.sh')
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'crisp-install-'))
  chmodSync(directory, 0o755)
  server = createServer((request, response) => {
    try {
      response.end(readFileSync(join(directory, request.url ?? '')))
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  rmSync(directory, {recursive: true})
})

const newProcessor = /\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))

describe.each([
  {shell: 'dash', words: ['dash'], build: 'linux-x64-baseline', ending: 'tar.gz'},
  // It has programs of its own, whatever is on the PATH.
  {
    shell: 'busybox',
    words: ['busybox', 'sh'],
    build: newProcessor ? 'linux-x64' : 'linux-x64-baseline',
    ending: 'tar.xz',
  },
])('in $shell', ({shell, words, build, ending}) => {
  /** A release that holds only what this machine takes. */
  let small: string
  let archive: string
  beforeAll(() => {
    small = join(directory, `${shell}-release`)
    mkdirSync(small)
    archive = basename(released(`-${build}.${ending}`))
    for (const name of ['SHA256SUMS', archive]) symlinkSync(join(release, name), join(small, name))
  })
  /** A PATH with these programs, or stubs of them, beside what every system has; no curl, wget, xz or node. */
  const programs = (name: string, stubs: Record<string, string> = {}, also: string[] = []) => {
    const folder = join(directory, `${shell}-path-${name}`)
    mkdirSync(folder)
    const usual = [
      'id',
      'uname',
      'grep',
      'mktemp',
      'mkdir',
      'mv',
      'rm',
      'cp',
      'cat',
      'tar',
      'gzip',
      'sed',
      'find',
      'sh',
      'tail',
      'wc',
      'dirname',
      'sha256sum',
    ]
    for (const program of [...usual, ...also]) {
      if (program in stubs) continue
      const own = ['/usr/bin', '/bin'].map((place) => join(place, program)).find((path) => readable(path))
      symlinkSync(own ?? '/bin/busybox', join(folder, program))
    }
    for (const [program, text] of Object.entries(stubs)) {
      writeFileSync(join(folder, program), `#!/bin/sh\n${text}\n`)
      chmodSync(join(folder, program), 0o755)
    }
    return folder
  }
  const install = (path: string, argv: string[], env: NodeJS.ProcessEnv = {}) =>
    outcomeOf(
      spawn(`/bin/${words[0]}`, [...words.slice(1), script, ...argv], {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: {PATH: path, ...env},
      }),
    )
  const old = {grep: `case "$*" in *avx2*) exit 1;; esac; exec /bin/grep "$@"`}

  test.each(shell === 'dash' ? ['curl', 'wget'] : ['wget'])(
    'it downloads with %s, for this processor',
    async (tool) => {
      const path = programs(tool, old, [tool])
      const prefix = join(directory, `${shell}-${tool}-prefix`)
      expect(await install(path, ['--prefix', prefix], {CRISP_URL: `${url}/${shell}-release`})).toEqual({
        stdout: `${version} is installed: ${prefix}/bin/crisp\n${prefix}/bin is not on the PATH\n`,
        stderr: '',
        exitCode: 0,
      })
      expect(readdirSync(prefix).sort()).toEqual(['bin', 'share'])
      rmSync(prefix, {recursive: true})
    },
  )

  test('it says in one line why it cannot, and leaves nothing', async () => {
    const path = programs('failures', old)
    const prefix = join(directory, `${shell}-prefix`)
    const expectFailure = async (
      line: string,
      {
        argv = ['--from', small],
        stubs = path,
        env = {},
      }: {argv?: string[]; stubs?: string; env?: NodeJS.ProcessEnv},
    ) => {
      const stderr = `install.sh: ${line}\n`
      expect(await install(stubs, ['--prefix', prefix, ...argv], env)).toEqual({
        stdout: '',
        stderr,
        exitCode: 1,
      })
      expect(filesBelow(prefix)).toEqual([])
    }

    if (shell === 'dash') {
      await expectFailure(
        'neither curl nor wget is here: bring the files of the release and say --from DIRECTORY',
        {argv: ['--from', url]},
      )
      await expectFailure('there is no build for riscv64: use the package for npm', {
        stubs: programs('riscv', {uname: '[ "$1" = -s ] && echo Linux || echo riscv64'}),
      })
      await expectFailure('there is no build for Darwin: use the package for npm', {
        stubs: programs('darwin', {uname: 'echo Darwin'}),
      })
      await expectFailure(
        'there is no build for a system without glibc (/lib/ld-linux-aarch64.so.1), such as one with musl: use the package for npm',
        {stubs: programs('arm', {uname: '[ "$1" = -s ] && echo Linux || echo aarch64'})},
      )
    }
    await expectFailure(`${directory}/none is not a directory`, {argv: ['--from', `${directory}/none`]})
    await expectFailure(`SHA256SUMS is not in ${directory}`, {argv: ['--from', directory]})
    await expectFailure('there is no --form: --help says what there is', {argv: ['--form', small]})
    await expectFailure('--from needs a value', {argv: ['--from']})

    const damaged = join(directory, `${shell}-damaged`)
    cpSync(small, damaged, {recursive: true, dereference: true})
    appendFileSync(join(damaged, archive), 'x')
    await expectFailure(`${archive} is not what SHA256SUMS says: it is damaged, or not of this release`, {
      argv: ['--from', damaged],
    })
    rmSync(join(damaged, archive))
    await expectFailure(`${archive} is not in ${damaged}`, {argv: ['--from', damaged]})
    writeFileSync(join(damaged, 'SHA256SUMS'), '')
    await expectFailure(`this release has no file for ${build}`, {argv: ['--from', damaged]})
    expect(
      await install(programs('web', old, ['curl']), ['--prefix', prefix, '--from', `${url}/none`]),
    ).toMatchObject({
      stderr: expect.stringMatching(/^install\.sh: http:\S+\/none\/SHA256SUMS cannot be had: .*404.*\n$/),
      exitCode: 1,
    })
  })

  test('a full disk is one line', async () => {
    const disk = join(directory, `${shell}-disk`)
    mkdirSync(disk)
    await run('mount', ['-t', 'tmpfs', '-o', 'size=80m', 'tmpfs', disk])
    try {
      const {stdout, stderr, exitCode} = await install(programs('full', old), [
        '--from',
        small,
        '--prefix',
        disk,
      ])
      expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1})
      expect(stderr).toMatch(/^install\.sh: crisp-\S+ cannot be unpacked below \S+: .+\n$/)
      expect(readdirSync(disk)).toEqual([])
    } finally {
      await run('umount', [disk])
    }
  })

  test('a place that may not be written to is one line, also for what was installed', async () => {
    const place = join(directory, `${shell}-closed`)
    mkdirSync(place, {mode: 0o755})
    const asNobody = (...argv: string[]) =>
      outcomeOf(
        spawn(`/bin/${words[0]}`, [...words.slice(1), script, ...argv, '--prefix', place], {
          stdio: ['pipe', 'pipe', 'pipe'],
          uid: 65534,
          gid: 65534,
        }),
      )
    expect(await asNobody('--from', small)).toEqual({
      stdout: '',
      stderr: `install.sh: ${place} cannot be written to: run this as root, or choose another place with --prefix\n`,
      exitCode: 1,
    })
    mkdirSync(join(place, 'bin'))
    writeFileSync(join(place, 'bin/crisp'), 'installed\n')
    expect(await asNobody('--remove')).toEqual({
      stdout: '',
      stderr: `install.sh: ${place} cannot be changed: run this as the one who installed it\n`,
      exitCode: 1,
    })
    expect(readFileSync(join(place, 'bin/crisp'), 'utf8')).toBe('installed\n')
  })

  test('with a key, only what is signed by it', async () => {
    const signed = join(directory, `${shell}-signed`)
    cpSync(small, signed, {recursive: true, verbatimSymlinks: true})
    const keys = join(directory, `${shell}-keys`)
    mkdirSync(keys)
    for (const name of ['own', 'other'])
      await run('minisign', ['-G', '-W', '-p', join(keys, `${name}.pub`), '-s', join(keys, `${name}.key`)])
    rmSync(join(signed, 'SHA256SUMS'))
    cpSync(join(release, 'SHA256SUMS'), join(signed, 'SHA256SUMS'))
    const prefix = join(directory, `${shell}-signed-prefix`)
    const path = programs('signed', old, ['minisign'])
    const argv = (name: string) => ['--from', signed, '--prefix', prefix, '--key', join(keys, `${name}.pub`)]

    expect(await install(path, argv('own'))).toMatchObject({
      stderr: `install.sh: SHA256SUMS.minisig is not in ${signed}\n`,
      exitCode: 1,
    })
    await run('minisign', ['-S', '-s', join(keys, 'own.key'), '-m', join(signed, 'SHA256SUMS')])
    expect(await install(programs('no-tool', old), argv('own'))).toMatchObject({
      stderr: 'install.sh: minisign is not here, which checks signatures by this key\n',
      exitCode: 1,
    })
    expect(await install(path, argv('other'))).toMatchObject({
      stderr: `install.sh: SHA256SUMS is not signed by ${join(keys, 'other.pub')}\n`,
      exitCode: 1,
    })
    expect(filesBelow(prefix)).toEqual([])
    expect(await install(path, argv('own'))).toMatchObject({stderr: '', exitCode: 0})
    rmSync(prefix, {recursive: true})
  })
})

test("cosign's keys and signatures are cosign's to check", async () => {
  const signed = join(directory, 'cosign')
  mkdirSync(signed)
  for (const name of readdirSync(release)) symlinkSync(join(release, name), join(signed, name))
  writeFileSync(join(signed, 'SHA256SUMS.sig'), 'signature\n')
  writeFileSync(
    join(signed, 'cosign'),
    '#!/bin/sh\necho "$*" >"$ARGUMENTS"; exec cmp -s "$5" "$EXPECTED"\n',
    {mode: 0o755},
  )
  const key = join(directory, 'cosign.pub')
  writeFileSync(key, '-----BEGIN PUBLIC KEY-----\n')
  const prefix = join(directory, 'cosign-prefix')
  const install = (expected: string) =>
    outcomeOf(
      spawn('dash', [script, '--from', signed, '--prefix', prefix, '--key', key], {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: {PATH: `${signed}:/usr/bin:/bin`, ARGUMENTS: join(directory, 'arguments'), EXPECTED: expected},
      }),
    )
  expect(await install(key)).toMatchObject({
    stderr: `install.sh: SHA256SUMS is not signed by ${key}\n`,
    exitCode: 1,
  })
  expect(readFileSync(join(directory, 'arguments'), 'utf8')).toMatch(
    /^verify-blob --key \S+cosign\.pub --signature \S+SHA256SUMS\.sig \S+SHA256SUMS\n$/,
  )
  expect(await install(join(signed, 'SHA256SUMS.sig'))).toMatchObject({stderr: '', exitCode: 0})
})

test('of a script that was cut short, nothing runs', async () => {
  const text = readFileSync(script, 'utf8')
  const home = join(directory, 'home')
  mkdirSync(home)
  for (const share of [0.3, 0.6, 0.99]) {
    const {exitCode, stdout} = await outcomeOf(
      spawn('dash', ['-c', text.slice(0, share * text.length), script, '--prefix', home], {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: {PATH: process.env.PATH, CRISP_URL: release},
      }),
    )
    expect({exitCode: exitCode === 0 || exitCode === 2, stdout}).toEqual({exitCode: true, stdout: ''})
  }
  expect(readdirSync(home)).toEqual([])
})

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, {recursive: true}) as string[]
  } catch {
    return [] // not even that
  }
}

function readable(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}
