import {UsageError} from '../errors/errors.js'
import {isCrictlMode, programName, setCrictlMode} from '../text/program.js'
import {calledName, type Started} from './called-path.js'

// crictl's mode: by the program's name, by CRISP_COMPAT, or by `compat` in the settings file. What it changes is listed
// in docs/crictl-differences.md, and is a matter of taste.

/** crictl's version whose ways these are. */
const crictlVersion = '1.36.0'

/** By the name that the program was started under, and by the environment. Throws UsageError. */
export function readMode(started: Started): void {
  const {CRISP_COMPAT = ''} = started.env
  // A link stands here as it was typed, not as what it leads to.
  setCrictlMode(calledName(started) === 'crictl')
  if (meansCrictl(CRISP_COMPAT, 'CRISP_COMPAT')) setCrictlMode(true)
}

/** Nothing is not given. `where` begins the message of the UsageError for any other word. */
export function meansCrictl(word: string, where: string): boolean {
  if (word === '' || word === 'crictl') return word !== ''
  throw new UsageError(`${where}: "${word}" should be crictl, or nothing`)
}

/** Those that crictl answers with their help where it gets too few arguments; its others fail, as all do here. */
const helpful: ReadonlySet<string> = new Set([
  'config',
  'create',
  'exec',
  'jsonschema',
  'port-forward',
  'rm',
  'rmi',
  'rmp',
  'run',
  'runp',
  'stopp',
  'update-runtime-config',
])

/** Whether a verb without its arguments shows its help and is done. */
export function helpsWithoutArguments(verb: string | undefined): boolean {
  return isCrictlMode() && helpful.has(verb ?? '')
}

/** Texts that speak of crisp as they stand; folders that are called so are still. */
export function inOurName(texts: string): string {
  return isCrictlMode() ? texts.replace(/(?<!state\/|[a-z])crisp(?![a-z])/g, programName()) : texts
}

/** What `--version` prints. */
export function versionLine(version: string): string {
  return isCrictlMode()
    ? `crictl version ${crictlVersion} (crisp ${version})\n`
    : `crisp version ${version}\n`
}
