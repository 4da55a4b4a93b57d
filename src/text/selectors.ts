import {UsageError} from '../errors/errors.js'

/**
 * crictl cuts a list at every comma and trims what it gets; a comma that starts no new `key=` belongs to the value
 * before it.
 */
export function splitList(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(/,(?=[^,=]+=)/).map((item) => item.trim()))
}

/** The same for a list of words, which hold no comma. */
export function splitWords(text: string): string[] {
  return text.split(',').map((word) => word.trim())
}

/** `key=value`, several with commas between, as labels and annotations are. Throws UsageError. */
export function parsePairs(text: string): (readonly [string, string])[] {
  return splitList([text]).map((item) => {
    const at = item.indexOf('=')
    if (at <= 0) throw new UsageError(`"${item}" should be KEY=VALUE, such as app=web`)
    return [item.slice(0, at), item.slice(at + 1)]
  })
}

export function hasLabels(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>> = {},
): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
}

/** One of a few words in any case. Throws UsageError. */
export function parseChoice<Value>(text: string, choices: Readonly<Record<string, Value>>): Value {
  const word = text.toLowerCase()
  if (!Object.hasOwn(choices, word))
    throw new UsageError(`"${text}" should be one of ${Object.keys(choices).join(', ')}`)
  return choices[word] as Value
}
