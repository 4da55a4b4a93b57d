import {createReadStream, createWriteStream, existsSync} from 'node:fs'
import {readdir, rename, rm} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {pipeline} from 'node:stream/promises'
import {createGzip} from 'node:zlib'
import {localDateTime} from '../../text/time.js'

// Rotated logs are named as the kubelet's: `0.log.20260131-235959`, later `0.log.20260131-235959.gz`.

/** Compresses rotated logs that are still plain, and deletes the oldest until `keep` are left. */
export async function tidyRotatedLogs(path: string, keep: number): Promise<void> {
  const directory = dirname(path)
  const prefix = `${basename(path)}.`
  const rotated = (await readdir(directory))
    .filter((name) => name.startsWith(prefix) && /^\d{8}-\d{6}(\.gz)?$/.test(name.slice(prefix.length)))
    .sort()
  for (const name of rotated.splice(0, Math.max(0, rotated.length - keep))) await rm(join(directory, name))
  for (const name of rotated.filter((name) => !name.endsWith('.gz'))) await compress(join(directory, name))
}

async function compress(path: string): Promise<void> {
  await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}.tmp`, {mode: 0o640}))
  await rename(`${path}.tmp`, `${path}.gz`)
  await rm(path)
}

/** The local time, or the next second that no rotated log has yet. */
export async function unusedSuffix(path: string, now = new Date()): Promise<string> {
  for (let second = 0; ; second++) {
    const suffix = localDateTime(new Date(now.getTime() + second * 1000))
      .replaceAll(/[-:]/g, '')
      .replace('T', '-')
    if (!existsSync(`${path}.${suffix}`) && !existsSync(`${path}.${suffix}.gz`)) return suffix
  }
}
