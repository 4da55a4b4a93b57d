import type {Interfaces} from '@oclif/core'
import * as Flags from '@oclif/core/flags'
import {UsageError} from '../../errors/errors.js'
import {durationText, parseDurationMs} from '../../text/duration.js'
import {parseInteger} from '../../text/integer.js'
import {parseChoice, parsePairs} from '../../text/selectors.js'

// Types of flags. A command gets finished values; what is wrong with a word is said before it runs. The function that
// reads the word says what it should be, the type adds which flag it is.

/** What a flag's type says of a value that it does not take. `flag` is the variable where that stands for it. */
export class RefusedValue extends Error {
  readonly flag: string
  readonly reason: string

  constructor(flag: string, cause: UsageError) {
    super(cause.message, {cause})
    this.flag = flag
    // oclif's parser writes around the message.
    this.reason = cause.message
  }
}

/** The value is what `parse` makes of the word; its UsageError begins with the word and names no flag. */
export function valueFlag<Value>(
  parse: (text: string) => Value | Promise<Value>,
  help: {helpValue?: string; complete?: readonly string[]; takesEmpty?: boolean; bare?: string} = {},
) {
  return Flags.custom<Value>({
    ...help,
    parse: async (text, {token}, {name, env = ''}) => {
      try {
        // oclif would have the element of a list here; our values are no lists.
        return (await parse(text)) as never
      } catch (error) {
        throw error instanceof UsageError ? new RefusedValue(token ? `--${name}` : env, error) : error
      }
    },
  })
}

type ListOptions = Pick<Interfaces.OptionFlag<never>, 'description'> &
  Partial<Pick<Interfaces.OptionFlag<never>, 'aliases' | 'char' | 'helpGroup' | 'helpValue'>> & {
    complete?: unknown
  }

export interface ListFlag<Value> extends Interfaces.OptionFlag<Value | undefined> {
  /** Makes one value of those that the parser has read. */
  join: (items: readonly unknown[]) => Value
}

/**
 * The same for a flag that is given several times, or holds several values: all of them make one value. An empty one is
 * a mistake, as in crictl.
 */
export function listFlag<Item, Value>(
  parse: (text: string) => Item | Promise<Item>,
  join: (items: Item[]) => Value,
  options: ListOptions,
): ListFlag<Value> {
  const flag: unknown = valueFlag(parse, {takesEmpty: true})({...options, multiple: true})
  return {...(flag as Interfaces.OptionFlag<Value | undefined>), join: (items) => join(items as Item[])}
}

// crictl takes an empty text for none, but an empty number for a mistake.
const aNumber = {helpValue: 'N', takesEmpty: true}
const aDuration = {helpValue: 'DURATION', takesEmpty: true}

/** A whole number in any of Go's spellings. */
export const integerFlag = valueFlag(parseInteger, aNumber)

/** A Go duration, in milliseconds. */
export const durationFlag = valueFlag(parseDurationMs, aDuration)

/** Neither is less than `least`. */
export const integerFrom = (least: number) =>
  valueFlag((text) => notLess(text, parseInteger(text), least, String(least)), aNumber)

export const durationFrom = (leastMs: number) =>
  valueFlag((text) => notLess(text, parseDurationMs(text), leastMs, durationText(leastMs)), aDuration)

function notLess(text: string, value: number, least: number, leastText: string): number {
  if (value >= least) return value
  throw new UsageError(`"${text}" should ${least === 0 ? 'not be negative' : `be ${leastText} or more`}`)
}

/** Few commands are given one, so what reads it is loaded for those. */
export const regexpFlag = valueFlag(
  async (text) => (await import('../../text/regexp/index.js')).parseRegexp(text),
  {helpValue: 'REGEXP'},
)

/** One of a few words, each of which stands for a value. */
export const choiceFlag = <Value>(
  choices: Readonly<Record<string, Value>>,
  help: {helpValue?: string; bare?: string} = {},
) => valueFlag((text) => parseChoice(text, choices), {complete: Object.keys(choices), ...help})

/** KEY=VALUE, several with commas between. */
export const pairsFlag = (options: ListOptions) =>
  listFlag(parsePairs, (lists): Record<string, string> => Object.fromEntries(lists.flat()), {
    helpValue: 'KEY=VALUE',
    ...options,
  })
