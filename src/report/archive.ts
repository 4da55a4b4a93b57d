import {Readable, type Writable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {createGzip} from 'node:zlib'
import type {NewFile} from '../node/new-file.js'
import {paddingOf} from '../sessions/cp/entry.js'
import {rawName} from '../sessions/cp/raw-name.js'
import {endOfArchive, headerOf} from '../sessions/cp/tar-write.js'

export interface ArchivedFile {
  /** Below the folder that everything in the archive is in. */
  name: string
  content: Buffer
}

/** The bytes of a .tar with these files in one folder, which only their owner may read. */
async function* tarOf(folder: string, files: readonly ArchivedFile[], nowMs: number): AsyncGenerator<Buffer> {
  for (const {name, content} of files) {
    yield headerOf({
      path: rawName(`${folder}/${name}`),
      kind: 'file',
      mode: 0o600,
      uid: 0,
      gid: 0,
      sizeBytes: content.length,
      mtimeSeconds: nowMs / 1000,
    })
    // A stream of bytes waits for ever for what comes after nothing.
    if (content.length > 0) yield Buffer.concat([content, Buffer.alloc(paddingOf(content.length))])
  }
  yield endOfArchive
}

function archive(folder: string, files: readonly ArchivedFile[], nowMs: number): Readable {
  return Readable.from(tarOf(folder, files, nowMs), {objectMode: false})
}

/** Writes a .tar.gz to a stream that others write to as well: it stays open. */
export async function writeArchive(
  target: Writable,
  folder: string,
  files: readonly ArchivedFile[],
  nowMs: number,
): Promise<void> {
  await pipeline(archive(folder, files, nowMs), createGzip(), target, {end: false})
}

/** The same to a file of its own, until it is on the disk. */
export function writeArchiveFile(
  file: NewFile,
  folder: string,
  files: readonly ArchivedFile[],
  nowMs: number,
): Promise<void> {
  return pipeline(archive(folder, files, nowMs), createGzip(), (chunks) => file.fill(chunks))
}
