import {askedConfigPath, type ConfigFile, foundConfigPath, readConfigFile} from './config-file.js'
import {UsageError} from './errors.js'
import {parseDurationMs} from './text/duration.js'

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
  'enable-tracing'?: boolean | undefined
  'tracing-endpoint'?: string | undefined
  'tracing-sampling-rate-per-million'?: number | undefined
  'profile-cpu'?: string | undefined
  'profile-mem'?: string | undefined
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
  const file = await configFileFor(askedConfigPath(flags.config, environment), note)
  const endpoint = flags['runtime-endpoint'] ?? environment.CONTAINER_RUNTIME_ENDPOINT
  const imageEndpoint = flags['image-endpoint'] ?? environment.IMAGE_SERVICE_ENDPOINT
  if (endpoint === '')
    throw new UsageError(
      `${flags['runtime-endpoint'] === '' ? '--runtime-endpoint' : 'CONTAINER_RUNTIME_ENDPOINT'} is empty: name a socket, or leave it out to have it found`,
    )
  if (imageEndpoint === '')
    throw new UsageError(
      `${flags['image-endpoint'] === '' ? '--image-endpoint' : 'IMAGE_SERVICE_ENDPOINT'} is empty: leave it out to use the runtime endpoint`,
    )
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

async function configFileFor(asked: string | undefined, note: (text: string) => void): Promise<ConfigFile> {
  if (asked !== undefined) return readConfigFile(asked)
  const path = foundConfigPath()
  if (path === undefined) return {}
  try {
    return await readConfigFile(path)
  } catch (error) {
    note(`ignoring ${(error as Error).message}`)
    return {}
  }
}
