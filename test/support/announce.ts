import {type Dirent, readdirSync, statSync} from 'node:fs'
import {userInfo} from 'node:os'
import {join} from 'node:path'
import {aboutNodeText} from './about-node.js'
import {unmet} from './needs.js'
import {noSkips} from './report.js'

/** Before all tests: one line for all that is left out on this machine, and a failure where nothing may be. */
export function setup(): () => void {
  const before = keptAtHome()
  if (process.env.CRISP_BIN) console.log(aboutNodeText())
  const lines = unmet()
  if (lines.length > 0) {
    const text = `left out on this machine: ${lines.join('; ')}`
    if (noSkips) throw new Error(`CRISP_NO_SKIPS is set, and tests would be ${text}`)
    console.log(text)
  }
  return () => checkHome(before)
}

/** After all tests: nothing was written in the home of whoever runs them. */
function checkHome(before: ReadonlyMap<string, number>): void {
  const written = [...keptAtHome()].flatMap(([path, time]) => (before.get(path) === time ? [] : path))
  if (written.length === 0) return
  const text = `written while the tests ran, by one of them or by somebody's own crisp: ${written.join(', ')}`
  if (noSkips) throw new Error(text)
  console.error(text)
}

/** The files that crisp keeps for its user, with the times of their last change. */
function keptAtHome(): Map<string, number> {
  const {homedir} = userInfo()
  const folders = ['.local/state/crisp', '.config/crisp', '.cache/crisp-node'].map((name) =>
    join(homedir, name),
  )
  return new Map(folders.flatMap(filesBelow).map((path) => [path, statSync(path).mtimeMs]))
}

function filesBelow(folder: string): string[] {
  let entries: Dirent[]
  try {
    entries = readdirSync(folder, {withFileTypes: true, recursive: true})
  } catch {
    // There is none.
    return []
  }
  return entries.filter((entry) => entry.isFile()).map(({parentPath, name}) => join(parentPath, name))
}
