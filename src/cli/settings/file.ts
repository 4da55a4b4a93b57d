import {existsSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {socketPathOf} from '../../client/endpoints.js'
import {UsageError, UserError} from '../../errors/errors.js'
import {isTrustedFolder} from '../../node/own-folder.js'
import {readFileBytes} from '../../node/read-file.js'
import {nearest} from '../../text/nearest.js'
import {isCrictlMode} from '../../text/program.js'
import {calledPath} from '../called-path.js'
import {meansCrictl} from '../compat.js'

/** The settings that the file knows, crictl's in its order, each as it stands where the file says nothing. */
export const configDefaults = {
  'runtime-endpoint': '',
  'image-endpoint': '',
  timeout: '0',
  debug: 'false',
  'pull-image-on-create': 'false',
  'disable-pull-on-run': 'false',
  'max-retries': '3',
  /** crisp's own: crictl has no such key and refuses the file. */
  compat: '',
  /** The same. */
  units: '',
} as const

export type ConfigKey = keyof typeof configDefaults
export type ConfigFile = Partial<Record<ConfigKey, string>>

export const configKeys = Object.keys(configDefaults) as ConfigKey[]

/** The file that was asked for with `--config` or CRI_CONFIG_FILE; undefined where the default one is meant. */
export function askedConfigPath(
  flag: string | undefined,
  environment: NodeJS.ProcessEnv,
): string | undefined {
  return flag || environment.CRI_CONFIG_FILE || undefined
}

export function defaultConfigPath(
  platform: NodeJS.Platform = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  switch (platform) {
    case 'win32':
      return join(environment.USERPROFILE || 'C:\\', '.crictl', 'crictl.yaml')
    case 'freebsd':
      return '/usr/local/etc/crictl.yaml'
    default:
      return '/etc/crictl.yaml'
  }
}

/** The default file, or the `crictl.yaml` beside the installed command; the first that there is. */
export function findConfigPath(): string | undefined {
  const directory = dirname(calledPath(process))
  const beside = isTrustedFolder(directory, process.getuid?.()) ? [join(directory, 'crictl.yaml')] : []
  return [defaultConfigPath(), ...beside].find((candidate) => existsSync(candidate))
}

/** One that was asked for. */
export class NoConfigFile extends UserError {
  readonly path: string

  constructor(path: string) {
    super(`config file ${path}: does not exist`)
    this.path = path
  }
}

/** What the file says, every value checked; an empty one says nothing. Throws UserError, one line with the file's name. */
export async function readConfigFile(path: string, read: ReadConfig): Promise<ConfigFile> {
  const text = await read(path)
  if (text === undefined) throw new NoConfigFile(path)
  return parseConfig(text, path)
}

/** A file's text, undefined for one that does not exist. Throws UserError, or the reason of a signal. */
export type ReadConfig = (path: string) => Promise<string | undefined>

/** Reads each file once: one that is a pipe has its words only once. */
export function configReader(signal?: AbortSignal): ReadConfig {
  const texts = new Map<string, Promise<string | undefined>>()
  return (path) => {
    const text = texts.get(path) ?? readConfigText(path, signal)
    texts.set(path, text)
    return text
  }
}

async function readConfigText(path: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    return (await readFileBytes(path, {signal})).toString()
  } catch (error) {
    signal?.throwIfAborted()
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new UserError(`config file ${path}: ${fileProblem(error)}`, {cause: error})
  }
}

export async function parseConfig(text: string, path: string): Promise<ConfigFile> {
  if (text.trim() === '') return {}
  const content = await parseYaml(text, path)
  if (content === undefined || content === null || content === '') return {}
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new UserError(
      `config file ${path}: should be lines such as "runtime-endpoint: unix:///run/containerd/containerd.sock"`,
    )
  }
  return Object.fromEntries(
    Object.entries(content).map(([key, value]) => {
      const where = `config file ${path}, ${key}`
      return value === '' ? [findKey(key, where), ''] : [key, checkValue(key, value, where)]
    }),
  )
}

export async function parseYaml(text: string, path: string): Promise<unknown> {
  const {FAILSAFE_SCHEMA, loadAll} = await import('js-yaml')
  try {
    return loadAll(text, {schema: FAILSAFE_SCHEMA, json: true})[0]
  } catch (error) {
    const {reason, mark} = error as {reason?: string; mark?: {line: number}}
    const problem = reason ?? (error as Error).message
    throw new UserError(
      `config file ${path}: not YAML: ${problem}${mark ? ` in line ${mark.line + 1}` : ''}`,
      {cause: error},
    )
  }
}

export function fileProblem(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied; try sudo'
    case 'EISDIR':
      return 'is a directory'
    default:
      return (error as Error).message
  }
}

const trueWords = ['1', 't', 'T', 'true', 'TRUE', 'True']
const falseWords = ['0', 'f', 'F', 'false', 'FALSE', 'False', '']

/** A setting's value in its one spelling. `where` begins the message of the UserError for a value it cannot have. */
function checkValue(key: string, value: unknown, where: string): string {
  if (typeof value !== 'string') throw new UserError(`${where}: should be a single value`)
  switch (findKey(key, where)) {
    case 'runtime-endpoint':
    case 'image-endpoint':
      return value
    case 'timeout':
      if (!/^[+-]?\d+$/.test(value))
        throw new UserError(`${where}: "${value}" is not a whole number of seconds`)
      return value
    case 'max-retries':
      if (!/^[+-]?\d+$/.test(value)) throw new UserError(`${where}: "${value}" is not a whole number`)
      return value
    case 'compat':
      return meansCrictl(value, where) ? value : ''
    case 'units':
      if (!['si', 'iec', ''].includes(value))
        throw new UserError(`${where}: "${value}" is neither si nor iec`)
      return value
    case 'debug':
    case 'pull-image-on-create':
    case 'disable-pull-on-run':
      if (trueWords.includes(value)) return 'true'
      if (falseWords.includes(value)) return 'false'
      throw new UserError(`${where}: "${value}" is neither true nor false`)
  }
}

/** What a user wants to write into the file: checked as strictly as what is read, and endpoints too. */
export function checkSetting(key: string, value: string): readonly [ConfigKey, string] {
  return asUsage(() => {
    const checked = checkValue(key, value, key)
    if (key.endsWith('-endpoint') && value !== '' && !isCrictlMode()) socketPathOf(value)
    return [key as ConfigKey, checked]
  })
}

/** A setting's name as the user typed it. */
export function checkKey(key: string): ConfigKey {
  return asUsage(() => findKey(key, key))
}

function asUsage<Value>(check: () => Value): Value {
  try {
    return check()
  } catch (error) {
    throw new UsageError((error as Error).message, {cause: error})
  }
}

function findKey(key: string, where: string): ConfigKey {
  if (Object.hasOwn(configDefaults, key)) return key as ConfigKey
  const guess = nearest(key, configKeys)
  throw new UserError(
    `${where}: no such setting${guess ? `, did you mean ${guess}?` : `: there are ${configKeys.join(', ')}`}`,
  )
}
