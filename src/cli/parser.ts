import type {Interfaces} from '@oclif/core'
import {parse} from '@oclif/core/parser'
import {MissingArgumentError, UsageError} from '../errors/errors.js'
import {programName} from '../text/program.js'
import {type ListFlag, RefusedValue} from './flags/types.js'

/**
 * oclif's parser without its plugins' hooks, for words as argv.ts hands them over; it would read an argument that is not
 * there from stdin. What is wrong is said in one line,
 * made from what its errors hold: their text is wrapped at 80 columns, and written around that of a flag's type.
 */
export async function parseWords<
  F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
  B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
  A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
>(
  words: readonly string[],
  command: string,
  input: Interfaces.Input<F, B, A>,
): Promise<Interfaces.ParserOutput<F, B, A>> {
  const flagsEnd = words.indexOf('--')
  const marked = words.map((word, index) => (index < flagsEnd ? word.replace('=', '==') : word))
  const flags: Interfaces.FlagInput = input.flags ?? {}
  const args = Object.entries(input.args ?? {}).map(([name, arg]) => [name, {...arg, ignoreStdin: true}])
  const known = {...input, flags: unmarkValues(flags), args: Object.fromEntries(args)}
  const output = await parse([...marked], known).catch((error) => {
    throw usageError(error, command)
  })
  const values: Record<string, unknown> = output.flags
  for (const [name, {join}] of Object.entries(flags as Record<string, Partial<ListFlag<unknown>>>))
    if (join && values[name] !== undefined) values[name] = join(values[name] as unknown[])
  return output as Interfaces.ParserOutput<F, B, A>
}

/** oclif takes a value that is some flag's name, as in `--grep=--all`, for that flag: behind a second = it does not. */
function unmarkValues(flags: Interfaces.FlagInput): Interfaces.FlagInput {
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => {
      if (flag.type === 'boolean') return [name, flag]
      // A flag's variable is no word of ours: it comes without a token.
      const parse: typeof flag.parse = (text, context, options) =>
        flag.parse(context.token ? text.slice(1) : text, context, options)
      return [name, {...flag, parse}]
    }),
  )
}

function usageError(error: unknown, command: string): unknown {
  if (error instanceof RefusedValue)
    return new UsageError(`${error.flag} ${error.reason}`, {cause: error.cause})
  // Definitions of arguments that are missing, or the words of those that are too many.
  const {args} = error as {args?: unknown}
  if (!Array.isArray(args)) return error
  const extra = args.filter((arg) => typeof arg === 'string')
  const missing = args.filter((arg) => typeof arg !== 'string').map(({name}) => name.toUpperCase())
  const problem =
    missing.length > 0
      ? `${command} needs ${missing.join(' and ')}`
      : `unexpected argument${extra.length === 1 ? '' : 's'}: ${extra.join(', ')}`
  const Problem = missing.length > 0 ? MissingArgumentError : UsageError
  return new Problem(`${problem} (${programName()} ${command} --help)`, {cause: error})
}
