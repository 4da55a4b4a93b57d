import {UsageError} from '../errors/errors.js'

/** crictl cuts a list at every comma; a comma that starts no new `key=` belongs to the value before it. */
export function splitList(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(/,(?=[^,=]+=)/))
}

/** `key=value` words as a label selector. */
export function parseLabels(values: readonly string[] = []): Record<string, string> {
  return parsePairs('label', values)
}

export function parseAnnotations(values: readonly string[] = []): Record<string, string> {
  return parsePairs('annotation', values)
}

function parsePairs(noun: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    splitList(values).map((item) => {
      const at = item.indexOf('=')
      if (at <= 0) throw new UsageError(`${noun} "${item}" should be KEY=VALUE, such as app=web`)
      return [item.slice(0, at), item.slice(at + 1)]
    }),
  )
}

/** One of a few words in any case. */
export function parseChoice<Value>(
  flag: string,
  text: string,
  choices: Readonly<Record<string, Value>>,
): Value {
  const word = text.toLowerCase()
  if (!Object.hasOwn(choices, word))
    throw new UsageError(`${flag} "${text}" should be one of ${Object.keys(choices).join(', ')}`)
  return choices[word] as Value
}
