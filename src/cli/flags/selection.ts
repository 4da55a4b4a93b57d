import * as Flags from '@oclif/core/flags'
import type {ContainerState, PodSandboxState} from '../../generated/cri.js'
import type {ContainerSelection, PodSelection} from '../../node/selection.js'
import {parseRegexp} from '../../text/regexp.js'
import {parseChoice, parseLabels} from '../../text/selectors.js'
import {labelFlag, latestFlags} from './common.js'

const containerStates: Readonly<Record<string, ContainerState>> = {
  created: 'CONTAINER_CREATED',
  running: 'CONTAINER_RUNNING',
  exited: 'CONTAINER_EXITED',
  unknown: 'CONTAINER_UNKNOWN',
}

const podStates: Readonly<Record<string, PodSandboxState>> = {
  ready: 'SANDBOX_READY',
  notready: 'SANDBOX_NOTREADY',
}

const filter = (description: string, helpValue = 'TEXT') =>
  Flags.string({helpGroup: 'FILTER', helpValue, description})

/** The filters of every verb that picks containers. */
export const containerFilterFlags = {
  name: filter('only containers whose name matches this regular expression', 'REGEXP'),
  namespace: filter('only containers of namespaces that match this regular expression', 'REGEXP'),
  pod: Flags.string({
    char: 'p',
    helpGroup: 'FILTER',
    helpValue: 'POD',
    description: 'only containers of this pod: ID, name or namespace/name',
  }),
  image: filter('only containers of this image: tag, digest or ID', 'IMAGE'),
  state: Flags.string({
    char: 's',
    helpGroup: 'FILTER',
    helpValue: 'STATE',
    description: 'only created, running, exited or unknown ones',
    complete: Object.keys(containerStates),
  }),
  label: labelFlag,
  ...latestFlags,
}

/** The filters of every verb that picks pods. */
export const podFilterFlags = {
  name: filter('only pods whose name matches this regular expression', 'REGEXP'),
  namespace: filter('only pods of namespaces that match this regular expression', 'REGEXP'),
  state: Flags.string({
    char: 's',
    helpGroup: 'FILTER',
    helpValue: 'STATE',
    description: 'only ready or notready pods',
    complete: Object.keys(podStates),
  }),
  label: labelFlag,
  ...latestFlags,
}

interface FilterFlags {
  id?: string | undefined
  name?: string | undefined
  namespace?: string | undefined
  pod?: string | undefined
  image?: string | undefined
  state?: string | undefined
  label?: string[] | undefined
  latest?: boolean
  last?: number | undefined
  all?: boolean
}

/**
 * Running ones unless `--all`, `--latest` or `--last` says otherwise; a `--state` that is named always counts
 * (crictl drops it beside `--latest`).
 */
export function containerSelection(flags: FilterFlags): ContainerSelection {
  const newest = newestOf(flags)
  const state = flags.state === undefined ? undefined : parseChoice('--state', flags.state, containerStates)
  return {
    ...commonSelection(flags),
    pod: flags.pod,
    image: flags.image,
    newest,
    state: state ?? (flags.all || newest > 0 ? undefined : 'CONTAINER_RUNNING'),
  }
}

export function podSelection(flags: FilterFlags): PodSelection {
  return {
    ...commonSelection(flags),
    newest: newestOf(flags),
    state: flags.state === undefined ? undefined : parseChoice('--state', flags.state, podStates),
  }
}

function commonSelection({
  id,
  name,
  namespace,
  label,
}: FilterFlags): Pick<PodSelection, 'id' | 'name' | 'namespace' | 'labels'> {
  return {
    id,
    name: name === undefined ? undefined : parseRegexp('--name', name),
    namespace: namespace === undefined ? undefined : parseRegexp('--namespace', namespace),
    labels: parseLabels(label),
  }
}

function newestOf({latest, last = 0}: FilterFlags): number {
  return last > 0 ? last : latest ? 1 : 0
}
