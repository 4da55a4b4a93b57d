import {verbCalls} from '../../src/explain/verbs.js'

// What a command's trace says of its calls, beside what `explain` says of its verb.

interface TracedCall {
  call: number
  method: string
  service: string
}

/** Methods in the order of their first calls, from what `--trace=json` wrote. */
export function callsMade(stderr: string): string[] {
  const calls = new Map<number, string>()
  for (const line of stderr.split('\n').filter((text) => text.startsWith('{"time"'))) {
    const {call, method, service} = JSON.parse(line) as TracedCall
    if (service !== 'stream') calls.set(call, method)
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
  const told = methods.filter((method) => made.includes(method))
  const known = made.filter((method) => methods.includes(method))
  const isOrdered = orderOf(told) === orderOf(known)
  return [
    ...unknown,
    ...missing,
    ...(isOrdered ? [] : [`told in the order ${told.join(' ')}, called ${known.join(' ')}`]),
  ]
}

/** Without lists: those are asked for at once, or together with what they give names to. */
function orderOf(methods: readonly string[]): string {
  return [...new Set(methods)].filter((method) => !method.startsWith('List')).join(' ')
}
