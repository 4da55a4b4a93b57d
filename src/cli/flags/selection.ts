import type {Interfaces} from '@oclif/core'
import * as Flags from '@oclif/core/flags'
import {UsageError} from '../../errors/errors.js'
import type {ContainerState, PodSandboxState} from '../../generated/cri.js'
import type {ContainerSelection, PodSelection} from '../../node/selection.js'
import {containerLabelFlag, labelFlag, latestFlags, podLabelFlag} from './common.js'
import {choiceFlag, regexpFlag} from './types.js'

const group = {helpGroup: 'FILTER'}

const containerStateFlag = choiceFlag<ContainerState>({
  created: 'CONTAINER_CREATED',
  running: 'CONTAINER_RUNNING',
  exited: 'CONTAINER_EXITED',
  unknown: 'CONTAINER_UNKNOWN',
})

const podStateFlag = choiceFlag<PodSandboxState>({ready: 'SANDBOX_READY', notready: 'SANDBOX_NOTREADY'})

const failedFlag = (what: string) => Flags.boolean({...group, description: what})

/** The filters of every verb that picks containers. */
export const containerFilterFlags = {
  name: regexpFlag({...group, description: 'only names that match this regular expression'}),
  namespace: regexpFlag({
    ...group,
    description: 'only namespaces that match this regular expression',
  }),
  pod: Flags.string({
    char: 'p',
    ...group,
    helpValue: 'POD',
    description: 'only containers of this pod: ID, name or namespace/name',
  }),
  image: Flags.string({
    ...group,
    helpValue: 'IMAGE',
    description: 'only containers of this image: tag, digest or ID',
  }),
  state: containerStateFlag({
    char: 's',
    ...group,
    helpValue: 'STATE',
    description: 'only created, running, exited or unknown ones',
  }),
  failed: failedFlag('only those that ended with an error'),
  label: containerLabelFlag,
  'pod-label': podLabelFlag,
  ...latestFlags,
}

/** The same for verbs that can do nothing with a container that has ended. */
export const livingFilterFlags = withoutFailed(containerFilterFlags)

function withoutFailed({failed: _, ...others}: typeof containerFilterFlags) {
  return others
}

/** The filters of every verb that picks pods. */
export const podFilterFlags = {
  name: regexpFlag({...group, description: 'only names that match this regular expression'}),
  namespace: regexpFlag({
    ...group,
    description: 'only namespaces that match this regular expression',
  }),
  state: podStateFlag({
    char: 's',
    ...group,
    helpValue: 'STATE',
    description: 'only ready or notready pods',
  }),
  failed: failedFlag('only pods with a container that ended with an error'),
  label: labelFlag,
  ...latestFlags,
}

type ContainerFilters = Partial<Interfaces.InferredFlags<typeof containerFilterFlags>>
type PodFilters = Partial<Interfaces.InferredFlags<typeof podFilterFlags>>

/**
 * Running ones unless `--all`, `--latest` or `--last` says otherwise; a `--state` that is named always counts
 * (crictl drops it beside `--latest`).
 */
export function containerSelection(
  flags: ContainerFilters & {id?: string | undefined; all?: boolean},
): ContainerSelection {
  const {id, name, namespace, pod, image, label: labels = {}, 'pod-label': podLabels, all, failed} = flags
  const newest = newestOf(flags)
  const state = flags.failed ? stateOfFailed(flags.state) : flags.state
  const states = state ?? (all || newest > 0 ? undefined : 'CONTAINER_RUNNING')
  return {id, name, namespace, labels, podLabels, pod, image, newest, failed, state: states}
}

function stateOfFailed(state: ContainerState | undefined): ContainerState {
  if (state !== undefined && state !== 'CONTAINER_EXITED')
    throw new UsageError('--failed chooses exited containers: leave --state out')
  return 'CONTAINER_EXITED'
}

export function podSelection(flags: PodFilters & {id?: string | undefined}): PodSelection {
  const {id, name, namespace, state, label: labels = {}, failed} = flags
  return {id, name, namespace, labels, newest: newestOf(flags), failed, state}
}

function newestOf({latest, last = 0}: Pick<PodFilters, 'latest' | 'last'>): number {
  return last > 0 ? last : latest ? 1 : 0
}
