import {execFile, spawnSync} from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {readFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../src/demo/index.js'
import {runInProcess} from '../support/in-process.js'
import {testWith} from '../support/needs.js'
import {crispCommand, outcomeOf, runCli, startCli} from '../support/run-cli.js'

// The embedded runtime's containers see this machine's files, so what a copy made inside can be looked at directly.

let runtime: DemoRuntime
let base: string
/** A directory "in the container" and one here. */
let inside: string
let here: string

beforeAll(async () => {
  runtime = await startDemoRuntime({seed: 'node'})
})
afterAll(() => runtime[Symbol.asyncDispose]())
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'crisp-cp-'))
  inside = join(base, 'inside')
  here = join(base, 'here')
  for (const directory of [inside, here]) mkdirSync(directory)
})
afterEach(() => rmSync(base, {recursive: true}))

const cp = (...argv: string[]) => runInProcess(['cp', ...argv], runtime)
const done = {stdout: '', stderr: '', exitCode: 0}

function makeTree(root: string): void {
  mkdirSync(join(root, 'sub'), {recursive: true})
  writeFileSync(join(root, 'file'), 'a file')
  writeFileSync(join(root, 'sub', '@run it'), '#!/bin/sh\n')
  // Whatever the umask.
  chmodSync(join(root, 'file'), 0o640)
  chmodSync(join(root, 'sub', '@run it'), 0o751)
  symlinkSync('/etc/passwd', join(root, 'absolute'))
  symlinkSync('sub', join(root, 'relative'))
}

function expectTree(root: string): void {
  expect(readFileSync(join(root, 'file'), 'utf8')).toBe('a file')
  expect(lstatSync(join(root, 'file')).mode & 0o7777).toBe(0o640)
  expect(lstatSync(join(root, 'sub', '@run it')).mode & 0o7777).toBe(0o751)
  expect(readlinkSync(join(root, 'absolute'))).toBe('/etc/passwd')
  expect(readlinkSync(join(root, 'relative'))).toBe('sub')
}

describe('a directory', () => {
  test.each<[string, (path: string) => string, string]>([
    ['into one that is there', (path) => path, 'target/tree'],
    ['what is in it', (path) => `${path}/.`, 'target'],
  ])('%s, both ways', async (_name, source, copied) => {
    makeTree(join(here, 'tree'))
    mkdirSync(join(inside, 'target'))
    expect(await cp(source(join(here, 'tree')), `shell:${inside}/target`)).toEqual(done)
    expectTree(join(inside, copied))

    makeTree(join(inside, 'tree'))
    mkdirSync(join(here, 'target'))
    expect(await cp(`shell:${source(join(inside, 'tree'))}`, `${here}/target/`)).toEqual(done)
    expectTree(join(here, copied))
  })

  test('under a new name, both ways', async () => {
    makeTree(join(here, 'tree'))
    expect(await cp(join(here, 'tree'), `shell:${inside}/new`)).toEqual(done)
    expectTree(join(inside, 'new'))
    expect(await cp(`default/toolbox/shell:${inside}/new/.`, join(here, 'contents'))).toEqual(done)
    expectTree(join(here, 'contents'))
  })

  test('as a tar stream, both ways', async () => {
    makeTree(join(inside, 'tree'))
    mkdirSync(join(inside, 'again'))
    const out = startCli(['cp', `shell:${inside}/tree`, '-'], runtime)
    const into = startCli(['cp', '-', `shell:${inside}/again`], runtime)
    out.stdin.end()
    out.stdout.pipe(into.stdin)
    expect(await outcomeOf(into)).toEqual(done)
    expectTree(join(inside, 'again', 'tree'))
  })
})

test('a file: into a directory, under a new name, over an old one', async () => {
  writeFileSync(join(here, 'one'), 'first')
  expect(await cp(join(here, 'one'), `shell:${inside}/`)).toEqual(done)
  writeFileSync(join(here, 'one'), 'second')
  expect(await cp(join(here, 'one'), `shell:${inside}/one`)).toEqual(done)
  expect(readFileSync(join(inside, 'one'), 'utf8')).toBe('second')
  expect(await cp(`shell:${inside}/one`, join(here, 'two'))).toEqual(done)
  expect(readFileSync(join(here, 'two'), 'utf8')).toBe('second')
})

test('a symlink is copied as one; -L copies the file', async () => {
  writeFileSync(join(inside, 'file'), 'its text')
  symlinkSync('file', join(inside, 'link'))
  expect(await cp(`shell:${inside}/link`, here)).toEqual(done)
  expect(readlinkSync(join(here, 'link'))).toBe('file')
  expect(await cp('-L', `shell:${inside}/link`, join(here, 'text'))).toEqual(done)
  expect(readFileSync(join(here, 'text'), 'utf8')).toBe('its text')
})

test('special files are skipped with a note', async () => {
  makeTree(join(here, 'tree'))
  spawnSync('mkfifo', [join(here, 'tree', 'pipe')])
  expect(await cp(join(here, 'tree'), `shell:${inside}`)).toEqual({
    stdout: '',
    stderr: 'crisp: tree/pipe: left out, it is neither file, directory nor symlink\n',
    exitCode: 1,
  })
  expectTree(join(inside, 'tree'))
})

test('-L: a symlink that leads nowhere is left out and said, or not there where it is the source', async () => {
  makeTree(join(here, 'tree'))
  symlinkSync('/nowhere/at/all', join(here, 'tree', 'dangling'))
  expect(await cp('-L', join(here, 'tree'), `shell:${inside}`)).toEqual({
    stdout: '',
    stderr: 'crisp: tree/dangling: left out, what it points to cannot be reached\n',
    exitCode: 1,
  })
  expect(existsSync(join(inside, 'tree'))).toBe(true)
  const source = join(here, 'tree', 'dangling')
  expect(await cp('-L', source, `shell:${inside}/x`)).toMatchObject({
    stderr: `crisp: ${source}: no such file here\n`,
    exitCode: 1,
  })
})

describe("a destination that the user named is the user's", () => {
  test('a file is written through a symlink, which stays, be its end there or not', async () => {
    writeFileSync(join(inside, 'file'), 'its text')
    mkdirSync(join(here, 'elsewhere'))
    writeFileSync(join(here, 'elsewhere', 'there'), 'old')
    for (const name of ['there', 'not-there']) {
      symlinkSync(`elsewhere/${name}`, join(here, name))
      expect(await cp(`shell:${inside}/file`, join(here, name))).toEqual(done)
      expect(readlinkSync(join(here, name))).toBe(`elsewhere/${name}`)
      expect(readFileSync(join(here, 'elsewhere', name), 'utf8')).toBe('its text')
    }

    symlinkSync('file', join(inside, 'link'))
    writeFileSync(join(here, 'new'), 'new text')
    expect(await cp(join(here, 'new'), `shell:${inside}/link`)).toEqual(done)
    expect(readlinkSync(join(inside, 'link'))).toBe('file')
    expect(readFileSync(join(inside, 'file'), 'utf8')).toBe('new text')
  })

  test('a copied symlink replaces the existing symlink, not its target', async () => {
    symlinkSync('/from/inside', join(inside, 'link'))
    writeFileSync(join(here, 'file'), 'stays')
    symlinkSync('file', join(here, 'mine'))
    expect(await cp(`shell:${inside}/link`, join(here, 'mine'))).toEqual(done)
    expect(readlinkSync(join(here, 'mine'))).toBe('/from/inside')
    expect(readFileSync(join(here, 'file'), 'utf8')).toBe('stays')
  })

  test('/dev/stdout, and what it is sent to, keeps what was written before', async () => {
    writeFileSync(join(inside, 'file'), 'its text\n')
    expect(await runCli(['cp', `shell:${inside}/file`, '/dev/stdout'], runtime)).toEqual({
      ...done,
      stdout: 'its text\n',
    })
    const words = ['cp', `shell:${inside}/file`, '/dev/fd/7']
    const script = `exec 7>${here}/out; echo before >&7; "$0" "$@" && echo after >&7`
    const outcome = await promisify(execFile)('sh', ['-c', script, ...crispCommand, ...words], {
      env: {...process.env, CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint},
    })
    expect(outcome).toEqual({stdout: '', stderr: ''})
    expect(readFileSync(join(here, 'out'), 'utf8')).toBe('before\nits text\nafter\n')
  })

  test('a pipe, also before somebody reads it, and a device that is full', async () => {
    const text = 'its text '.repeat(50_000)
    writeFileSync(join(inside, 'file'), text)
    spawnSync('mkfifo', [join(here, 'pipe')])
    const copied = cp(`shell:${inside}/file`, join(here, 'pipe'))
    expect(await readFile(join(here, 'pipe'), 'utf8')).toBe(text)
    expect(await copied).toEqual(done)
    expect(lstatSync(join(here, 'pipe')).isFIFO()).toBe(true)

    expect(await cp(`shell:${inside}/file`, '/dev/full')).toEqual({
      stdout: '',
      stderr: 'crisp: "./file": no space left on the disk\n',
      exitCode: 1,
    })
    expect(await cp(`shell:${inside}`, '/dev/null')).toMatchObject({
      stderr: expect.stringContaining('only one file can be written to /dev/null'),
      exitCode: 1,
    })
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
  })

  test('a pipe without a reader blocks until SIGTERM', async () => {
    writeFileSync(join(inside, 'file'), 'its text')
    spawnSync('mkfifo', [join(here, 'pipe')])
    const cli = startCli(['cp', '--debug', `shell:${inside}/file`, join(here, 'pipe')], runtime)
    cli.stdin.end()
    cli.stderr.once('data', () => cli.kill('SIGTERM'))
    expect((await outcomeOf(cli)).exitCode).toBe(143)
  })

  async function expectRefused(path: string): Promise<void> {
    writeFileSync(join(here, 'file'), 'its text')
    expect(await cp(join(here, 'file'), `shell:${path}`)).toEqual({
      stdout: '',
      stderr: `crisp: shell:${path}: it is a device, pipe or socket: crisp exec -i shell tee ${path} writes to it\n`,
      exitCode: 1,
    })
  }

  test('a pipe in a container is refused, and said how', async () => {
    const pipe = join(inside, 'pipe')
    spawnSync('mkfifo', [pipe])
    await expectRefused(pipe)
    expect(lstatSync(pipe).isFIFO()).toBe(true)
  })

  testWith('root')('a device in a container is refused, and said how', async () => {
    const device = join(inside, 'null')
    spawnSync('mknod', [device, 'c', '1', '3'])
    await expectRefused(device)
    expect(lstatSync(device).isCharacterDevice()).toBe(true)
  })
})

test('a missing source or destination is an error', async () => {
  writeFileSync(join(here, 'one'), 'x')
  const failures = await Promise.all([
    cp(join(here, 'nothing'), `shell:${inside}`),
    cp(join(here, 'one'), `shell:${inside}/nowhere/`),
    cp(join(here, 'one'), `shell:${inside}/nowhere/one`),
    cp(`shell:${inside}/nothing`, here),
    cp(`shell:${inside}`, join(here, 'nowhere/')),
    cp(`nobody:${inside}`, here),
  ])
  expect(failures).toEqual([
    {stdout: '', stderr: `crisp: ${here}/nothing: no such file here\n`, exitCode: 1},
    {
      stdout: '',
      stderr: `crisp: shell:${inside}/nowhere/: no such directory in the container\n`,
      exitCode: 1,
    },
    {
      stdout: '',
      stderr: expect.stringMatching(
        /^crisp: shell:.*\/nowhere\/one: tar in the container failed: .*No such file.*\n$/,
      ),
      exitCode: 1,
    },
    {
      stdout: '',
      stderr: expect.stringMatching(
        /^crisp: shell:.*\/nothing: tar in the container failed: .*No such file.*\n$/,
      ),
      exitCode: 1,
    },
    {stdout: '', stderr: `crisp: ${here}/nowhere/: no such directory here\n`, exitCode: 1},
    {stdout: '', stderr: 'crisp: no container "nobody": crisp ps -a lists all\n', exitCode: 3},
  ])
})

test.each([
  [['a', 'b'], 'one side is a container, written CONTAINER:/path, and the other is here'],
  [['a:/b', 'c:/d'], 'one side is a container, written CONTAINER:/path, and the other is here'],
  [['a:/b'], 'from where to where? crisp cp SOURCE DESTINATION'],
  [['a:', '.'], '"a:": write CONTAINER:/path, or ./a: for a file of this name'],
])('wrong usage: %j', async (argv, message) => {
  expect(await cp(...argv)).toEqual({stdout: '', stderr: `crisp: ${message}\n`, exitCode: 2})
})
