import {verbCalls} from '../../src/explain/verbs.js'

// What a command's trace says of its calls, beside what `explain` says of its verb.

interface TracedCall {
  call: number
  status?: string
  method: string
  service: string
}

/**
 * Methods in the order of their first calls, from what `--trace=json` wrote. Left out is what any verb does after a call
 * that the runtime does not have: it asks for the runtime's name, to say so.
 */
export function callsMade(stderr: string): string[] {
  const calls = new Map<number, string>()
  let isRefused = false
  for (const line of stderr.split('\n').filter((text) => text.startsWith('{"time"'))) {
    const {call, method, service, status} = JSON.parse(line) as TracedCall
    if (service !== 'stream' && !(isRefused && method === 'Version')) calls.set(call, method)
    isRefused = status === 'Unimplemented'
  }
  return [...new Set([...calls].sort(([a], [b]) => a - b).map(([, method]) => method))]
}

/** What of it the verb's table does not say, in words; nothing where all is as it says. */
export function unlikeTable(verb: string, made: readonly string[]): string[] {
  const table = verbCalls[verb] ?? []
  const methods = table.flatMap(({method}) => method ?? [])
  const unknown = made.filter((method) => !methods.includes(method)).map((method) => `${method} is not told`)
  const missing = table
    .filter(({method, when}) => method !== undefined && when === undefined && !made.includes(method))
    .map(({method}) => `${method} is told and was not called`)
  const known = made.filter((method) => methods.includes(method))
  return [
    ...unknown,
    ...missing,
    ...(isInOrder(known, methods)
      ? []
      : [`told in the order ${methods.join(' ')}, called ${known.join(' ')}`]),
  ]
}

/** But for lists: those are asked for at once, or together with what they give names to. */
function isInOrder(made: readonly string[], told: readonly string[]): boolean {
  let at = 0
  for (const method of made.filter((each) => !each.startsWith('List'))) {
    at = told.indexOf(method, at) + 1
    if (at === 0) return false
  }
  return true
}
