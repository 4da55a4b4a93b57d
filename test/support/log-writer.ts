import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import {basename, dirname, join} from 'node:path'
import {gzipSync} from 'node:zlib'

export type Rotation = 'rename' | 'truncate'

/** Writes a log as a runtime does and rotates it as the kubelet (by rename) or logrotate (by truncation) does. */
export class LogWriter {
  readonly path: string
  #descriptor: number
  #rotations = 0
  readonly #compress: boolean
  readonly #rotation: Rotation

  constructor(path: string, {rotation, compress}: {rotation: Rotation; compress: boolean}) {
    mkdirSync(dirname(path), {recursive: true})
    this.path = path
    this.#rotation = rotation
    this.#compress = compress
    this.#descriptor = openSync(path, 'a')
  }

  write(text: string): void {
    writeSync(this.#descriptor, text)
  }

  /** `late` still goes to the old file, as what a runtime writes until it is told to open its log anew. */
  rotate(late: string): void {
    const stamp = new Date(Date.UTC(2026, 0, 2) + this.#rotations++ * 1000).toISOString()
    const rotated = `${this.path}.${stamp.slice(0, 10).replaceAll('-', '')}-${stamp.slice(11, 19).replaceAll(':', '')}`
    if (this.#compress) this.#compressRotated()
    this.#removeOldest()
    if (this.#rotation === 'truncate') {
      this.write(late)
      copyFileSync(this.path, rotated)
      ftruncateSync(this.#descriptor)
      return
    }
    renameSync(this.path, rotated)
    this.write(late)
    const before = this.#descriptor
    this.#descriptor = openSync(this.path, 'a')
    closeSync(before)
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #rotated(): string[] {
    const directory = dirname(this.path)
    return readdirSync(directory)
      .filter((name) => name.startsWith(`${basename(this.path)}.`))
      .sort()
      .map((name) => join(directory, name))
  }

  #compressRotated(): void {
    for (const file of this.#rotated()) {
      if (file.endsWith('.gz')) continue
      writeFileSync(`${file}.tmp`, gzipSync(readFileSync(file), {level: 1}))
      renameSync(`${file}.tmp`, `${file}.gz`)
      rmSync(file)
    }
  }

  #removeOldest(): void {
    const rotated = this.#rotated()
    for (const file of rotated.slice(0, Math.max(0, rotated.length - 3))) if (existsSync(file)) rmSync(file)
  }
}
