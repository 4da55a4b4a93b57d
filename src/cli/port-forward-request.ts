import {MissingArgumentError} from '../errors/errors.js'
import {type PortMapping, parsePortMapping} from '../text/port-mapping.js'
import {programName} from '../text/program.js'

export interface PortForwardRequest {
  pod: string
  mappings: readonly PortMapping[]
  /** To listen on, where a mapping names none. */
  addresses: readonly string[]
}

/** What the arguments and the addresses of a port-forward ask for, whichever side listens. Throws UsageError. */
export function portForwardRequest(
  [pod, ...ports]: readonly string[],
  addresses: readonly string[],
): PortForwardRequest {
  if (pod === undefined || ports.length === 0)
    throw new MissingArgumentError(`which pod and ports? ${programName()} port-forward POD LOCAL:REMOTE`)
  return {
    pod,
    mappings: ports.map(parsePortMapping),
    addresses: addresses.length > 0 ? [...new Set(addresses)] : ['localhost'],
  }
}
