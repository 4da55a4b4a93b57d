import type {Interfaces} from '@oclif/core'
import * as Flags from '@oclif/core/flags'
import {MissingArgumentError, UsageError} from '../../errors/errors.js'
import type {CommandLine} from '../argv.js'
import {integerFrom} from './types.js'

const group = {helpGroup: 'TARGETS'}

/** The containers that are meant, by their names. */
export const containerNames = {
  multiple: true,
  description: 'ID, name, pod/name or namespace/pod/name',
} as const

export const parallelFlag = integerFrom(1)

/** How a verb goes through its targets; `parallel` is how many at once unless told otherwise. */
export const targetFlags = (parallel = 8) => ({
  parallel: parallelFlag({...group, default: parallel, description: 'how many at once'}),
  'ignore-missing': Flags.boolean({...group, description: 'an object that does not exist counts as done'}),
  wait: Flags.boolean({...group, description: 'return when the node shows the result, whoever did it'}),
  'dry-run': Flags.boolean({...group, description: 'only list the targets'}),
})

export type TargetFlags = Omit<Interfaces.InferredFlags<ReturnType<typeof targetFlags>>, 'wait'>

/** The names of filters, on whichever verb they are. */
const filters = [
  'all',
  'name',
  'namespace',
  'pod',
  'image',
  'state',
  'failed',
  'label',
  'pod-label',
  'latest',
  'last',
  'prune',
  'filter',
] as const

type ChoosingFlags = {[Name in (typeof filters)[number]]?: unknown}

/** The name of one that is given, undefined where there is none. */
export function givenFilter(flags: ChoosingFlags): string | undefined {
  return filters.find((name) => flags[name] !== undefined && flags[name] !== false)
}

/**
 * Whether targets are chosen by filters; false where they are named. Throws UsageError for neither, since nothing would
 * be meant, and for both, since it is not clear what would be: crictl's `rm -a ID` removes all. So does a filter that
 * is empty or 0, as of a script whose variable is not set: beside `--all` everything would be meant.
 */
export function chosenByFilters(
  noun: string,
  words: readonly string[] | undefined,
  flags: ChoosingFlags,
  {empty}: CommandLine,
): boolean {
  const nothing = filters.find((name) => empty.includes(name))
  if (nothing !== undefined)
    throw new UsageError(
      `--${nothing} is empty, which would leave no choice: name something, or leave it out`,
    )
  if (typeof flags.last === 'number' && flags.last < 1)
    throw new UsageError(`--last ${flags.last} would leave no choice: name 1 or more, or leave it out`)
  const filter = givenFilter(flags)
  if (words && filter !== undefined)
    throw new UsageError(`--${filter} chooses ${noun}s by itself: leave it out, or the names`)
  if (!words && filter === undefined)
    throw new MissingArgumentError(`which ${noun}? name it, or choose with --all, --label and other filters`)
  return !words
}
