import {createHash} from 'node:crypto'
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import {join} from 'node:path'
import {seededRandom} from './log-files.js'

// Trees that copying them whole is not easy with, and what is in one.

const megabyte = 1024 * 1024

export const fileTrees: Readonly<Record<string, (root: string) => void>> = {
  'files with several names': (root) => {
    mkdirSync(join(root, 'a'))
    mkdirSync(join(root, 'b'))
    writeFileSync(join(root, 'a', 'one'), 'the same')
    for (const name of ['a/two', 'b/three', 'b/four']) linkSync(join(root, 'a', 'one'), join(root, name))
    writeFileSync(join(root, 'b', 'pair'), randomBytes(megabyte, 1))
    linkSync(join(root, 'b', 'pair'), join(root, 'pair'))
    // The other name is outside.
    writeFileSync(`${root}-outside`, 'one name of two')
    linkSync(`${root}-outside`, join(root, 'half'))
  },
  'files with holes': (root) => {
    hollow(
      join(root, 'many'),
      8 * megabyte,
      Array.from({length: 40}, (_, index) => index * 200_000),
    )
    hollow(join(root, 'end'), 8 * megabyte, [8 * megabyte - 4])
    hollow(join(root, 'nothing'), 8 * megabyte, [])
    hollow(join(root, 'begin'), 8 * megabyte + 1, [0])
  },
  'names that are not UTF-8': (root) => {
    const directory = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x64, 0xff, 0xfe])])
    mkdirSync(directory)
    writeFileSync(Buffer.concat([directory, Buffer.from('/f'), Buffer.from([0xe9, 0x0a])]), 'latin')
    writeFileSync(join(root, 'äöü 漢字 🙂'), 'wide')
    symlinkSync(Buffer.from([0x2f, 0xe9]), Buffer.concat([Buffer.from(`${root}/l`), Buffer.from([0xfc])]))
    writeFileSync(join(root, '-rf'), 'a flag')
    writeFileSync(join(root, 'new\nline'), 'a line')
  },
  'names as long as can be': (root) => {
    for (const length of [99, 100, 101, 154, 155, 156, 254, 255])
      writeFileSync(join(root, 'x'.repeat(length)), `${length}`)
    mkdirSync(join(root, 'd'.repeat(255)))
    writeFileSync(join(root, 'd'.repeat(255), 'f'.repeat(255)), 'both')
    symlinkSync('t'.repeat(255), join(root, 's'.repeat(255)))
    linkSync(join(root, 'x'.repeat(255)), join(root, 'y'.repeat(255)))
  },
  'directories deep in each other': (root) => {
    let directory = root
    for (let depth = 0; depth < 30; depth++) {
      directory = join(directory, `${depth}-${'deep'.repeat(24)}`)
      mkdirSync(directory)
      writeFileSync(join(directory, 'file'), `${depth}`)
    }
  },
  'empty directories and files': (root) => {
    for (const name of ['a', 'b', 'b/c', 'b/d']) mkdirSync(join(root, name))
    for (const name of ['empty', 'b/empty']) writeFileSync(join(root, name), '')
  },
  'modes and times': (root) => {
    for (const [index, mode] of [0o644, 0o751, 0o400, 0o666, 0o604].entries()) {
      const path = join(root, mode.toString(8))
      writeFileSync(path, `${mode}`)
      chmodSync(path, mode)
      const seconds = [0, 1, 1_000_000_000, 2 ** 31, 5_000_000_000][index] as number
      utimesSync(path, seconds, seconds)
    }
    mkdirSync(join(root, 'closed'))
    writeFileSync(join(root, 'closed', 'file'), 'inside')
    chmodSync(join(root, 'closed'), 0o500)
  },
  symlinks: (root) => {
    writeFileSync(join(root, 'file'), 'a file')
    mkdirSync(join(root, 'directory'))
    const targets = [
      'file',
      'directory',
      '/etc/passwd',
      '../../../..',
      'nowhere',
      '.',
      `${'long/'.repeat(60)}end`,
    ]
    for (const [index, target] of targets.entries()) symlinkSync(target, join(root, `link-${index}`))
    symlinkSync('loop', join(root, 'loop'))
  },
  'a large file': (root) => {
    writeFileSync(join(root, 'large'), randomBytes(6 * megabyte + 7, 2))
  },
  'many files': (root) => {
    for (let directory = 0; directory < 12; directory++) {
      mkdirSync(join(root, `${directory}`))
      for (let file = 0; file < 30; file++)
        writeFileSync(join(root, `${directory}`, `${file}`), randomBytes(file * 45, file))
    }
  },
}

function hollow(path: string, sizeBytes: number, places: readonly number[]): void {
  const file = openSync(path, 'w')
  ftruncateSync(file, sizeBytes)
  for (const place of places) writeSync(file, 'data', place)
  closeSync(file)
}

export function randomBytes(count: number, seed: number): Buffer {
  const random = seededRandom(seed + 1)
  const block = Buffer.from(Array.from({length: Math.min(count, 65_521)}, () => Math.floor(random() * 256)))
  return Buffer.alloc(count, block.length > 0 ? block : undefined)
}

/** One line for all that is below a directory: name, kind, mode, time, content's checksum, which names are one file. */
export function manifestOf(root: string): string[] {
  const names = new Map<bigint, string>()
  const lines: string[] = []
  const take = (directory: Buffer, below: string): void => {
    const entries = readdirSync(directory, {encoding: 'buffer'}).map((name) => name.toString('latin1'))
    for (const name of entries.sort()) {
      const path = Buffer.concat([directory, Buffer.from('/'), Buffer.from(name, 'latin1')])
      const shown = `${below}${name}`
      const stats = lstatSync(path, {bigint: true})
      const mode = (stats.mode & 0o7777n).toString(8)
      if (stats.isDirectory()) {
        lines.push(`${shown}/ ${mode}`)
        take(path, `${shown}/`)
      } else if (stats.isSymbolicLink()) lines.push(`${shown} -> ${readlinkSync(path, 'latin1')}`)
      else {
        const first = names.get(stats.ino) ?? shown
        names.set(stats.ino, first)
        const sum = createHash('sha256').update(readFileSync(path)).digest('hex')
        lines.push(`${shown} ${mode} ${stats.mtimeNs / 1_000_000_000n} ${stats.size} ${sum} ${first}`)
      }
    }
  }
  take(Buffer.from(root), '')
  return lines
}

/** How many bytes files take on the disk. */
export function diskBytesOf(root: string): number {
  return readdirSync(root).reduce((sum, name) => sum + lstatSync(join(root, name)).blocks * 512, 0)
}
