// The checksums of what a release holds, as sha256sum reads them, and their signature.
import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

/** SIGN is a command that gets the path of SHA256SUMS, such as `minisign -Sm`. */
export function writeSums(folder) {
  const present = readdirSync(folder)
  // A signature of other sums is worth less than none.
  for (const name of present.filter((name) => name.startsWith('SHA256SUMS'))) rmSync(join(folder, name))
  const files = present.filter((name) => !name.startsWith('SHA256SUMS') && !name.endsWith('.new'))
  const sums = join(folder, 'SHA256SUMS')
  writeFileSync(
    sums,
    files
      .sort()
      .map((name) => sumLine(name, readFileSync(join(folder, name))))
      .join(''),
  )
  if (process.env.SIGN) execFileSync('sh', ['-c', `${process.env.SIGN} "$1"`, 'sh', sums], {stdio: 'inherit'})
}

export function sumLine(name, content) {
  return `${createHash('sha256').update(content).digest('hex')}  ${name}\n`
}
