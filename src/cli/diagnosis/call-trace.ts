import type {CallObserver} from '../../client/call-options.js'
import {messageFields} from '../../client/descriptor.js'
import type {AuthConfig} from '../../generated/cri.js'
import {withoutSecrets} from '../../node/registry/secrets.js'
import {describeError} from '../failures/describe.js'

// The names of fields that the proto marks as secrets; they never leave the process but on the wire.
const secretFields = new Set(
  Object.entries(messageFields('AuthConfig') ?? {})
    .filter(([, field]) => field.options?.debug_redact)
    .map(([name]) => name),
)

/** What `--debug` prints: every call with its request, its answer or failure, and how long it took. */
export function traceCalls(note: (text: string) => void): CallObserver {
  return (method, request) => {
    const start = performance.now()
    note(`-> ${method} ${compact(request)}`)
    return ({response, error}) => {
      const took = `${Math.round(performance.now() - start)} ms`
      note(
        error === undefined
          ? `<- ${method} ${took} ${response ? compact(response) : ''}`
          : `<- ${method} ${took} ${withoutSecrets(describeError(error).text, (request as {auth?: AuthConfig | null}).auth)}`,
      )
    }
  }
}

function compact(message: object): string {
  return JSON.stringify(message, (key, value) => {
    if (secretFields.has(key) && typeof value === 'string' && value !== '') return '(secret)'
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
  })
}
