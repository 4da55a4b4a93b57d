import {socketPathOf} from '../../client/endpoints.js'
import {UsageError} from '../../errors/errors.js'
import type {GlobalFlags} from '../flags/common.js'
import {askedConfigPath, type ConfigFile, findConfigPath, readConfigFile} from './file.js'

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

/**
 * Flag, then environment, then file, then nothing, as crictl; its file's `max-retries` counts only where it is
 * written. `note` is told of a default file that cannot be used; one that was asked for throws.
 */
export async function readSettings(
  flags: GlobalFlags,
  environment: NodeJS.ProcessEnv,
  note: (text: string) => void,
): Promise<Settings> {
  const {path, file} = await configFileFor(askedConfigPath(flags.config, environment), note)
  const endpointOf = (key: EndpointKey) => {
    const {variable, fixIfEmpty} = endpointSources[key]
    return (
      checkedEndpoint(flags[key], `--${key}`, fixIfEmpty) ??
      checkedEndpoint(environment[variable], variable, fixIfEmpty) ??
      checkedEndpoint(file[key] || undefined, `config file ${path}, ${key}`)
    )
  }
  const timeoutMs = flags['request-timeout'] ?? fileTimeoutMs(file)
  return {
    endpoint: endpointOf('runtime-endpoint'),
    imageEndpoint: endpointOf('image-endpoint'),
    timeoutMs: timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined,
    maxRetries:
      flags['max-retries'] ?? (file['max-retries'] === undefined ? undefined : Number(file['max-retries'])),
    debug: flags.debug ?? file.debug === 'true',
    pullImageOnCreate: file['pull-image-on-create'] === 'true',
    disablePullOnRun: file['disable-pull-on-run'] === 'true',
  }
}

type EndpointKey = 'runtime-endpoint' | 'image-endpoint'

const endpointSources: Readonly<Record<EndpointKey, {variable: string; fixIfEmpty: string}>> = {
  'runtime-endpoint': {
    variable: 'CONTAINER_RUNTIME_ENDPOINT',
    fixIfEmpty: 'name a socket, or leave it out to have it found',
  },
  'image-endpoint': {
    variable: 'IMAGE_SERVICE_ENDPOINT',
    fixIfEmpty: 'leave it out to use the runtime endpoint',
  },
}

/** As it was given; whoever wonders where a wrong one comes from is told. */
function checkedEndpoint(given: string | undefined, source: string, fixIfEmpty = ''): string | undefined {
  if (given === undefined || given === 'demo') return given
  if (given === '') throw new UsageError(`${source} is empty: ${fixIfEmpty}`)
  try {
    socketPathOf(given)
    return given
  } catch (error) {
    throw new UsageError(`${source}: ${(error as Error).message}`, {cause: error})
  }
}

function fileTimeoutMs(file: ConfigFile): number | undefined {
  return file.timeout === undefined ? undefined : Number(file.timeout) * 1000
}

async function configFileFor(
  asked: string | undefined,
  note: (text: string) => void,
): Promise<{path: string; file: ConfigFile}> {
  if (asked !== undefined) return {path: asked, file: await readConfigFile(asked)}
  const path = findConfigPath()
  if (path === undefined) return {path: '', file: {}}
  try {
    return {path, file: await readConfigFile(path)}
  } catch (error) {
    note(`ignoring ${(error as Error).message}`)
    return {path, file: {}}
  }
}
