import type {RpcCode} from '../../errors/errors.js'

/** What goes wrong on purpose. A method name is the proto's, such as `ListContainers`; `*` is every one. */
export interface Faults {
  /** Before a method's answer. */
  latencyMs?: Readonly<Record<string, number>>
  /** A status instead of a method's answer. */
  codes?: Readonly<Record<string, {code: RpcCode; details?: string}>>
  /** How many messages a stream sends before it breaks with Unavailable. */
  cutAfter?: Readonly<Record<string, number>>
}

export function faultOf<Value>(
  byMethod: Readonly<Record<string, Value>> | undefined,
  method: string,
): Value | undefined {
  if (!byMethod) return undefined
  if (Object.hasOwn(byMethod, method)) return byMethod[method]
  return Object.hasOwn(byMethod, '*') ? byMethod['*'] : undefined
}
