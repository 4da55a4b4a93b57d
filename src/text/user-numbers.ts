import {UsageError} from '../errors/errors.js'

const most = 4_294_967_294

/** `UID` or `UID:GID`: a name would be looked up in the container's files. Throws UsageError. */
export function parseUserNumbers(text: string): string {
  const numbers = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text)?.slice(1) ?? []
  if (numbers.length === 0 || numbers.some((number) => Number(number ?? 0) > most))
    throw new UsageError(`should be UID or UID:GID in numbers, not "${text}"`)
  return text
}
