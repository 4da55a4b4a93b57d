import {basename, delimiter, join} from 'node:path'
import {quoteForShell} from '../../text/shell-quote.js'
import {realPath} from '../called-path.js'

export interface Called {
  /** The name that is completed. */
  name: string
  /** How a script calls this very program, quoted for a shell. */
  program: string
}

/** Under which name the program was started, and how a script starts it again, wherever it is installed. */
export function calledAs(script: string, interpreter: string, path: string): Called {
  const name = basename(script)
  // `node bin/run.js`: nothing is installed, so both are named in full.
  if (name.endsWith('.js'))
    return {name: 'crisp', program: `${quoteForShell(interpreter)} -- ${quoteForShell(script)}`}
  return {name, program: isFoundAs(name, script, path) ? name : quoteForShell(script)}
}

function isFoundAs(name: string, script: string, path: string): boolean {
  const first = path
    .split(delimiter)
    .map((folder) => realPath(join(folder, name)))
    .find((found) => found !== undefined)
  return first !== undefined && first === realPath(script)
}
