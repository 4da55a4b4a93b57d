import {UserError} from '../../errors/errors.js'
import {catalogue, type ImageDefinition} from './image-catalogue.js'
import {repositoryOf} from './image-names.js'
import type {Runtime} from './runtime.js'

export interface SeedContainer {
  name: string
  image: string
  command?: string[]
  args?: string[]
  env?: Record<string, string>
  labels?: Record<string, string>
  annotations?: Record<string, string>
  attempt?: number
  tty?: boolean
  stdin?: boolean
  /** How far it has got at the start; running by default. */
  state?: 'created' | 'running' | 'exited'
  /** Runs to its end before the containers after it start. */
  init?: boolean
  /** Made anew whenever it has ended, by the kubelet; so is by default what runs at the start. */
  restart?: boolean
}

export interface SeedPod {
  name: string
  namespace?: string
  uid?: string
  attempt?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  hostNetwork?: boolean
  /** false for a sandbox that was stopped. */
  ready?: boolean
  containers?: SeedContainer[]
}

/** What is on the node at the start. */
export interface Seed {
  /** Names that the registry offers; all that it gives without a login by default. */
  images?: string[]
  pods?: SeedPod[]
}

export function seedImages(runtime: Runtime, {images}: Seed): void {
  const wanted = images ?? catalogue.filter(({credentials}) => credentials === undefined).flatMap(namesOf)
  for (const name of wanted) {
    const definition = runtime.images.findOffered(name)
    if (!definition) throw new UserError(`seed: the registry has no image "${name}"`)
    runtime.images.pull(definition, name)
  }
}

function namesOf({tags, digest, superseded}: ImageDefinition): readonly string[] {
  return superseded ? tags.map((tag) => `${repositoryOf(tag)}@${digest}`) : tags
}
