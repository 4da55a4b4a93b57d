import {existsSync, readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {UsageError, UserError} from './errors.js'
import {parseDurationMs} from './text/duration.js'
import {nearest} from './text/nearest.js'

/** Where a command's work goes and how long it may take: flags, environment and file in one, finished values only. */
export interface Settings {
  endpoint?: string | undefined
  imageEndpoint?: string | undefined
  timeoutMs?: number | undefined
  maxRetries?: number | undefined
  debug: boolean
  pullImageOnCreate: boolean
  disablePullOnRun: boolean
}

/** The global flags as typed; an absent one is undefined. */
export interface GlobalFlags {
  config?: string | undefined
  'runtime-endpoint'?: string | undefined
  'image-endpoint'?: string | undefined
  'request-timeout'?: string | undefined
  'max-retries'?: number | undefined
  debug?: boolean | undefined
}

const defaultFile = '/etc/crictl.yaml'

export const configKeys = [
  'runtime-endpoint',
  'image-endpoint',
  'timeout',
  'debug',
  'pull-image-on-create',
  'disable-pull-on-run',
  'max-retries',
] as const

type ConfigFile = Partial<Record<(typeof configKeys)[number], string>>

/**
 * Flag, then environment, then file, then nothing, as crictl; its file's `max-retries` counts only where it is
 * written. `note` is told of a default file that cannot be used; one that was asked for throws.
 */
export async function readSettings(
  flags: GlobalFlags,
  environment: NodeJS.ProcessEnv,
  note: (text: string) => void,
): Promise<Settings> {
  const file = await readConfigFile(flags.config ?? environment.CRI_CONFIG_FILE, note)
  const endpoint = flags['runtime-endpoint'] ?? environment.CONTAINER_RUNTIME_ENDPOINT
  const imageEndpoint = flags['image-endpoint'] ?? environment.IMAGE_SERVICE_ENDPOINT
  if (endpoint === '')
    throw new UsageError('--runtime-endpoint is empty: name a socket, or leave it out to have it found')
  if (imageEndpoint === '')
    throw new UsageError('--image-endpoint is empty: leave it out to use the runtime endpoint')
  const timeoutMs =
    flags['request-timeout'] === undefined ? fileTimeoutMs(file) : parseDurationMs(flags['request-timeout'])
  return {
    endpoint: endpoint ?? (file['runtime-endpoint'] || undefined),
    imageEndpoint: imageEndpoint ?? (file['image-endpoint'] || undefined),
    timeoutMs: timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined,
    maxRetries:
      flags['max-retries'] ?? (file['max-retries'] === undefined ? undefined : Number(file['max-retries'])),
    debug: flags.debug ?? file.debug === 'true',
    pullImageOnCreate: file['pull-image-on-create'] === 'true',
    disablePullOnRun: file['disable-pull-on-run'] === 'true',
  }
}

function fileTimeoutMs(file: ConfigFile): number | undefined {
  return file.timeout === undefined ? undefined : Number(file.timeout) * 1000
}

async function readConfigFile(asked: string | undefined, note: (text: string) => void): Promise<ConfigFile> {
  if (asked !== undefined) return parseConfig(asked)
  const path = [defaultFile, besideExecutable()].find((candidate) => existsSync(candidate))
  if (path === undefined) return {}
  try {
    return await parseConfig(path)
  } catch (error) {
    note(`ignoring ${(error as Error).message}`)
    return {}
  }
}

function besideExecutable(): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'crictl.yaml')
}

async function parseConfig(path: string): Promise<ConfigFile> {
  let content: unknown
  try {
    const text = readFileSync(path, 'utf8')
    if (text.trim() === '') return {}
    const {FAILSAFE_SCHEMA, loadAll} = await import('js-yaml')
    const documents = loadAll(text, {schema: FAILSAFE_SCHEMA, json: true})
    content = documents[0]
  } catch (error) {
    throw new UserError(`config file ${path}: ${fileProblem(error)}`, {cause: error})
  }
  if (content === undefined || content === null || content === '') return {}
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new UserError(
      `config file ${path}: should be lines such as "runtime-endpoint: unix:///run/containerd/containerd.sock"`,
    )
  }
  return Object.fromEntries(Object.entries(content).map(([key, value]) => [key, checked(path, key, value)]))
}

function fileProblem(error: unknown): string {
  const {code, reason, mark} = error as {code?: string; reason?: string; mark?: {line: number}}
  if (code === 'ENOENT') return 'does not exist'
  if (code === 'EACCES') return 'permission denied; try sudo'
  if (code === 'EISDIR') return 'is a directory'
  if (reason !== undefined) return `not YAML: ${reason}${mark ? ` in line ${mark.line + 1}` : ''}`
  return (error as Error).message
}

const trueWords = ['1', 't', 'T', 'true', 'TRUE', 'True']
const falseWords = ['0', 'f', 'F', 'false', 'FALSE', 'False', '']

function checked(path: string, key: string, value: unknown): string {
  const where = `config file ${path}, ${key}`
  if (typeof value !== 'string') throw new UserError(`${where}: should be a single value`)
  switch (key) {
    case 'runtime-endpoint':
    case 'image-endpoint':
      return value
    case 'timeout':
    case 'max-retries':
      if (!/^[+-]?\d+$/.test(value))
        throw new UserError(
          `${where}: "${value}" is not a whole number${key === 'timeout' ? ' of seconds' : ''}`,
        )
      return value
    case 'debug':
    case 'pull-image-on-create':
    case 'disable-pull-on-run':
      if (trueWords.includes(value)) return 'true'
      if (falseWords.includes(value)) return 'false'
      throw new UserError(`${where}: "${value}" is neither true nor false`)
    default: {
      const guess = nearest(key, configKeys)
      throw new UserError(`${where}: no such setting${guess ? `, did you mean ${guess}?` : ''}`)
    }
  }
}
