import {randomUUID} from 'node:crypto'
import {UserError} from '../errors/errors.js'
import type {ContainerConfig, Input, PodSandboxConfig} from '../generated/cri.js'
import {defaultValidation, parseMessage, type Validation} from './file.js'
import {type Reading, readSource, type SourceText} from './source.js'

/** The pod that a file or standard input (`-`) describes, with a `uid` of its own if it has none. Throws UserError. */
export async function readPodConfig(
  path: string,
  reading: Reading,
  validation?: Validation,
): Promise<Input<PodSandboxConfig>> {
  return parsePodConfig(await readSource(path, reading), validation)
}

/** The container that a file or standard input (`-`) describes. Throws UserError. */
export async function readContainerConfig(
  path: string,
  reading: Reading,
  validation?: Validation,
): Promise<Input<ContainerConfig>> {
  return parseContainerConfig(await readSource(path, reading), validation)
}

export function parsePodConfig(source: SourceText, validation = defaultValidation): Input<PodSandboxConfig> {
  const config: Input<PodSandboxConfig> = parseMessage('PodSandboxConfig', source, validation)
  requireFields(source.name, {
    'metadata.name': config.metadata?.name,
    'metadata.namespace': config.metadata?.namespace,
  })
  return {...config, metadata: {...config.metadata, uid: config.metadata?.uid || randomUUID()}}
}

export function parseContainerConfig(
  source: SourceText,
  validation = defaultValidation,
): Input<ContainerConfig> {
  const config: Input<ContainerConfig> = parseMessage('ContainerConfig', source, validation)
  requireFields(source.name, {
    'metadata.name': config.metadata?.name,
    'image.image': config.image?.image,
  })
  return config
}

function requireFields(file: string, fields: Readonly<Record<string, string | undefined>>): void {
  for (const [path, value] of Object.entries(fields))
    if (!value) throw new UserError(`${file}: ${path} is missing, and no runtime does without it`)
}
