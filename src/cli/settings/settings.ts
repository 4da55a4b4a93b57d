import {socketPathOf} from '../../client/endpoints.js'
import {UsageError, UserError} from '../../errors/errors.js'
import type {Units} from '../../text/units.js'
import {type CommandLine, givenValue} from '../argv.js'
import type {GlobalFlags} from '../flags/common.js'
import {
  askedConfigPath,
  type ConfigFile,
  configReader,
  findConfigPath,
  parseConfig,
  type ReadConfig,
  readConfigFile,
} from './file.js'

/** Where a command's work goes and how long it may take: flags, environment and file in one, finished values only. */
export interface Settings {
  endpoint?: string | undefined
  imageEndpoint?: string | undefined
  timeoutMs?: number | undefined
  maxRetries?: number | undefined
  debug: boolean
  pullImageOnCreate: boolean
  disablePullOnRun: boolean
  units: Units
}

/**
 * Flag, then environment, then file, then nothing, as crictl; what is empty is not given. Its file's `max-retries` counts only where it is
 * written. `note` is told of a default file that cannot be used; one that was asked for throws.
 */
export async function readSettings(
  flags: GlobalFlags,
  environment: NodeJS.ProcessEnv,
  note: (text: string) => void,
  read = configReader(),
): Promise<Settings> {
  const {path, file} = await configFileFor(askedConfigPath(flags.config, environment), note, read)
  const endpointOf = (key: EndpointKey) => {
    const variable = endpointVariables[key]
    return (
      checkedEndpoint(flags[key], `--${key}`) ??
      checkedEndpoint(environment[variable], variable) ??
      checkedEndpoint(file[key], `config file ${path}, ${key}`)
    )
  }
  const timeoutMs = flags['request-timeout'] ?? numberIn(file, 'timeout', 1000)
  return {
    endpoint: endpointOf('runtime-endpoint'),
    imageEndpoint: endpointOf('image-endpoint'),
    timeoutMs: timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined,
    maxRetries: flags['max-retries'] ?? numberIn(file, 'max-retries'),
    debug: flags.debug ?? file.debug === 'true',
    pullImageOnCreate: file['pull-image-on-create'] === 'true',
    disablePullOnRun: file['disable-pull-on-run'] === 'true',
    units: file.units === 'iec' ? 'iec' : 'si',
  }
}

/**
 * Whether the settings file asks for crictl's mode. Asked before a command runs, of a file that may be wrong: what is
 * wrong with it says whoever reads it for more.
 */
export async function settingsMeanCrictl(
  line: CommandLine,
  environment: NodeJS.ProcessEnv,
  read: ReadConfig,
): Promise<boolean> {
  const flag = givenValue(line.given, 'config')
  const path = askedConfigPath(typeof flag === 'string' ? flag : undefined, environment) ?? findConfigPath()
  try {
    const text = path === undefined ? '' : ((await read(path)) ?? '')
    // Few files have it, and YAML takes its time to load.
    return text.includes('compat') && (await parseConfig(text, path ?? '')).compat === 'crictl'
  } catch {
    return false
  }
}

type EndpointKey = 'runtime-endpoint' | 'image-endpoint'

const endpointVariables: Readonly<Record<EndpointKey, string>> = {
  'runtime-endpoint': 'CONTAINER_RUNTIME_ENDPOINT',
  'image-endpoint': 'IMAGE_SERVICE_ENDPOINT',
}

/** As it was given, undefined for nothing; whoever wonders where a wrong one comes from is told. */
function checkedEndpoint(given: string | undefined, source: string): string | undefined {
  if (!given) return undefined
  if (given === 'demo') return given
  try {
    socketPathOf(given)
    return given
  } catch (error) {
    throw new UsageError(`${source}: ${(error as Error).message}`, {cause: error})
  }
}

function numberIn(file: ConfigFile, key: 'timeout' | 'max-retries', unit = 1): number | undefined {
  return file[key] ? Number(file[key]) * unit : undefined
}

async function configFileFor(
  asked: string | undefined,
  note: (text: string) => void,
  read: ReadConfig,
): Promise<{path: string; file: ConfigFile}> {
  if (asked !== undefined) return {path: asked, file: await readConfigFile(asked, read)}
  const path = findConfigPath()
  if (path === undefined) return {path: '', file: {}}
  try {
    return {path, file: await readConfigFile(path, read)}
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    note(`ignoring ${error.message}`)
    return {path, file: {}}
  }
}
