import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {Header} from 'tar'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {extract as extractArchive} from '../../../src/sessions/cp/extract.js'
import {rawName} from '../../../src/sessions/cp/raw-name.js'
import {SafeDirectory} from '../../../src/sessions/cp/safe-directory.js'

interface Entry {
  path: string
  type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice'
  body?: string
  linkpath?: string
  mode?: number
}

let base: string
let destination: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'crisp-extract-'))
  destination = join(base, 'destination')
  mkdirSync(destination)
  mkdirSync(join(base, 'outside'))
  writeFileSync(join(base, 'outside', 'secret'), 'untouched')
})

afterEach(() => rmSync(base, {recursive: true}))

function archive(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({path, type = 'File', body = '', linkpath, mode = 0o644}) => {
    const header = new Header({
      path,
      type,
      mode,
      size: body.length,
      mtime: new Date(1_000_000_000_000),
      ...(linkpath === undefined ? {} : {linkpath}),
    })
    header.encode()
    const padded = Buffer.alloc(Math.ceil(body.length / 512) * 512)
    padded.write(body)
    return [header.block as Buffer, padded]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

async function extract(bytes: Buffer, name?: string): Promise<string[]> {
  const problems: string[] = []
  const directory = await SafeDirectory.open(destination)
  try {
    await extractArchive(Readable.from([bytes.subarray(0, 700), bytes.subarray(700)], {objectMode: false}), {
      directory,
      name: name === undefined ? undefined : rawName(name),
      owners: false,
      onProblem: (text) => problems.push(text),
    })
  } finally {
    await directory.close()
  }
  return problems
}

/** Every path below the test's directory. */
function everything(below = ''): string[] {
  return readdirSync(join(base, below), {withFileTypes: true})
    .flatMap((entry) => {
      const path = join(below, entry.name)
      return entry.isDirectory() ? [path, ...everything(path)] : [path]
    })
    .sort()
}

const before = ['destination', 'outside', 'outside/secret']

test('files, directories, links, modes and times', async () => {
  const problems = await extract(
    archive([
      {path: './tree/', type: 'Directory', mode: 0o500},
      {path: './tree/run', body: 'text', mode: 0o4751},
      {path: './tree/there', type: 'SymbolicLink', linkpath: '/etc/passwd'},
      {path: './tree/up', type: 'SymbolicLink', linkpath: '../../..'},
      {path: './tree/same', type: 'Link', linkpath: './tree/run'},
      {path: './tree/new/deep/file', body: 'x'.repeat(2000)},
    ]),
    'renamed',
  )
  const at = (path: string) => join(destination, 'renamed', path)
  expect(problems).toEqual([])
  expect(lstatSync(at('.')).mode & 0o7777).toBe(0o500)
  expect(lstatSync(at('.')).mtimeMs).toBe(1_000_000_000_000)
  expect(lstatSync(at('run')).mode & 0o7777).toBe(0o751)
  expect(lstatSync(at('run')).mtimeMs).toBe(1_000_000_000_000)
  expect(readFileSync(at('run'), 'utf8')).toBe('text')
  expect(readlinkSync(at('there'))).toBe('/etc/passwd')
  expect(readlinkSync(at('up'))).toBe('../../..')
  expect(lstatSync(at('same')).ino).toBe(lstatSync(at('run')).ino)
  expect(readFileSync(at('new/deep/file'), 'utf8')).toBe('x'.repeat(2000))
  // For the end of the test, where it is not root's.
  chmodSync(at('.'), 0o700)
})

test('a file or symlink that is in the way is replaced, not written through', async () => {
  symlinkSync('../outside/secret', join(destination, 'a'))
  writeFileSync(join(destination, 'b'), 'old')
  expect(
    await extract(
      archive([
        {path: 'a', body: 'new a'},
        {path: 'b', body: 'new b'},
      ]),
    ),
  ).toEqual([])
  expect(readFileSync(join(base, 'outside', 'secret'), 'utf8')).toBe('untouched')
  expect(readFileSync(join(destination, 'a'), 'utf8')).toBe('new a')
  expect(readFileSync(join(destination, 'b'), 'utf8')).toBe('new b')
})

describe('hostile archives write nothing outside of the destination', () => {
  const symlink = 'a symlink or file is where a directory should be'
  test.each<[string, Entry[], string[], string[]]>([
    [
      '..',
      [{path: '../outside/evil', body: 'x'}],
      ['refused "../outside/evil": it is outside of the destination'],
      [],
    ],
    [
      '.. in the middle',
      [{path: 'a/../../outside/evil'}],
      ['refused "a/../../outside/evil": it is outside of the destination'],
      [],
    ],
    [
      'a root',
      [{path: '/tmp/crisp-evil', body: 'x'}],
      ['refused "/tmp/crisp-evil": it is outside of the destination'],
      [],
    ],
    [
      'through a symlink of its own',
      [
        {path: 'link', type: 'SymbolicLink', linkpath: '../outside'},
        {path: 'link/evil', body: 'x'},
        {path: 'link/', type: 'Directory'},
      ],
      [`"link/evil": ${symlink}`, `"link/": ${symlink}`],
      ['destination/link'],
    ],
    [
      'a symlink through a symlink',
      [
        {path: 'link', type: 'SymbolicLink', linkpath: '../outside'},
        {path: 'link/other', type: 'SymbolicLink', linkpath: '/etc'},
      ],
      [`"link/other": ${symlink}`],
      ['destination/link'],
    ],
    [
      'a hard link out',
      [{path: 'link', type: 'Link', linkpath: '../outside/secret'}],
      ['"link": a link to outside of the destination'],
      [],
    ],
    [
      'a hard link through a symlink',
      [
        {path: 'dir', type: 'SymbolicLink', linkpath: '../outside'},
        {path: 'link', type: 'Link', linkpath: 'dir/secret'},
      ],
      [`"link": ${symlink}`],
      ['destination/dir'],
    ],
    [
      'a device',
      [{path: 'null', type: 'CharacterDevice'}],
      ['"null": a character device, which is left out'],
      [],
    ],
    [
      'a file for a directory',
      [
        {path: 'd/', type: 'Directory'},
        {path: 'd', body: 'x'},
      ],
      ['"d": a directory is in its place'],
      ['destination/d'],
    ],
    [
      'a link to what is not there',
      [{path: 'link', type: 'Link', linkpath: 'missing'}],
      ['"link": no such file or directory'],
      [],
    ],
    ['the destination itself', [{path: '.', body: 'x'}], ['".": the destination is a directory'], []],
    [
      'what a terminal would obey',
      [{path: '../\u001b[2J'}],
      ['refused "../\\\\x1b[2J": it is outside of the destination'],
      [],
    ],
  ])('%s', async (_name, entries, problems, made) => {
    // The last one is whole: the others do not stop it.
    expect(await extract(archive([...entries, {path: 'fine', body: 'fine'}]))).toEqual(problems)
    expect(everything()).toEqual([...before, 'destination/fine', ...made].sort())
    expect(readFileSync(join(base, 'outside', 'secret'), 'utf8')).toBe('untouched')
  })

  test('a symlink that was there before is not followed', async () => {
    symlinkSync('../outside', join(destination, 'sub'))
    expect(await extract(archive([{path: 'sub/evil', body: 'x'}]))).toEqual([`"sub/evil": ${symlink}`])
    expect(everything()).toEqual([...before, 'destination/sub'].sort())
  })
})

describe('a file is replaced when the new one is whole', () => {
  test.each([700, 2000, 5100])('a stream that breaks after %d bytes', async (length) => {
    writeFileSync(join(destination, 'a'), 'old')
    const whole = archive([{path: 'a', body: 'x'.repeat(5000)}])
    const directory = await SafeDirectory.open(destination)
    const stream = Readable.from(
      (async function* () {
        yield whole.subarray(0, length)
        throw new Error('the connection is lost')
      })(),
      {objectMode: false},
    )
    const problems: string[] = []
    await expect(
      extractArchive(stream, {
        directory,
        name: undefined,
        owners: false,
        onProblem: (text) => problems.push(text),
      }),
    ).rejects.toThrow('the connection is lost')
    await directory.close()
    expect(problems).toEqual([])
    expect(readdirSync(destination)).toEqual(['a'])
    expect(readFileSync(join(destination, 'a'), 'utf8')).toBe('old')
  })
})

describe('damaged archives are errors', () => {
  test('cut off in a file', async () => {
    const whole = archive([{path: 'a', body: 'x'.repeat(5000)}])
    expect(await extract(whole.subarray(0, 2000))).toEqual([
      expect.stringMatching(/^the archive is damaged: /),
    ])
  })

  test('garbage', async () => {
    expect(await extract(Buffer.alloc(5120, 'garbage'))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^the archive is damaged: /)]),
    )
  })

  test('a negative size', async () => {
    const bytes = archive([{path: 'a'}, {path: 'b', body: 'lost'}])
    bytes.fill(0xff, 124, 136)
    const sum = bytes
      .subarray(0, 512)
      .reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
    expect(await extract(bytes)).toEqual(['the archive is damaged: a size in it is negative'])
  })
})
