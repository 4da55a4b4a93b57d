import {execFile} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {promisify} from 'node:util'

export const run = promisify(execFile)

/** The folder of a release, from npm run build:packages. */
export const release = resolve(process.env.CRISP_PACKAGES || 'release')

export const {version} = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** The path of the one file with that ending. */
export function released(ending: string): string {
  const names = readdirSync(release).filter((name) => name.endsWith(ending))
  if (names.length !== 1) throw new Error(`${release} has ${names.length} files that end with ${ending}`)
  return join(release, names[0] as string)
}
