import {messageFields} from '../../client/descriptor.js'
import {type JsonValue, jsonText, parseJson} from '../../formats/json.js'
import type {AuthConfig} from '../../generated/cri.js'
import {secretsOf, withoutSecret} from '../../node/registry/secrets.js'

// What must not be shown of calls: values of environment variables, credentials of registries, the tokens of streaming
// addresses, and what commands print. Commands' arguments and annotations are shown.

const mask = '(secret)'

/** Those in requests that the proto marks as secrets. */
const redacted = (type: string, name: string) => Boolean(messageFields(type)?.[name]?.options?.debug_redact)

const outputs: ReadonlySet<string> = new Set(['ExecSyncResponse.stdout', 'ExecSyncResponse.stderr'])
const addresses: ReadonlySet<string> = new Set([
  'ExecResponse.url',
  'AttachResponse.url',
  'PortForwardResponse.url',
])

/** A shorter value is in too many words to be taken out of a text. */
const shortestSecret = 4

/** What becomes of that before it is shown. */
export interface Mask {
  /** A message of this type. */
  message(type: string, value: object): Record<string, unknown>
  /** Words of a runtime, which may say again what it was sent. */
  text(text: string): string
  /** A streaming address. */
  address(url: string): string
}

/** For whoever asks for it. */
export const unmasked: Mask = {
  message: (_, value) => value as Record<string, unknown>,
  text: (text) => text,
  address: (url) => url,
}

/** Hides secrets in what is shown of calls; what it has hidden once it finds again in words. */
export class SecretsMask implements Mask {
  readonly #known = new Set<string>()

  message(type: string, value: object): Record<string, unknown> {
    if (type === 'AuthConfig') for (const secret of secretsOf(value as AuthConfig)) this.#keep(secret)
    const entries = Object.entries(value).map(([name, item]) => [name, this.#field(type, name, item)])
    return Object.fromEntries(entries)
  }

  text(text: string): string {
    return [...this.#known].sort((a, b) => b.length - a.length).reduce(withoutSecret, text)
  }

  /** Its last part lets in whoever knows it. */
  address(url: string): string {
    const [, place = '', token = ''] = /^(.*[/?=])([^/?=]*)$/s.exec(url) ?? []
    const [, query = ''] = url.split('?')
    if (query !== '') {
      this.#keep(query)
      return `${this.address(url.slice(0, -query.length - 1))}?${mask}`
    }
    this.#keep(token)
    return token === '' ? url : `${place}${mask}`
  }

  #field(type: string, name: string, value: unknown): unknown {
    const field = messageFields(type)?.[name]
    const full = `${type}.${name}`
    if (value === null || value === undefined || value === '' || !field) return value
    if (full === 'KeyValue.value') return this.#environmentValue(value)
    if (redacted(type, name)) return mask
    if (addresses.has(full)) return this.address(String(value))
    if (outputs.has(full)) return (value as Uint8Array).length === 0 ? value : sizeText(value as Uint8Array)
    if (field.keyType !== undefined) {
      if (name !== 'info') return value
      return Object.fromEntries(
        Object.entries(value as object).map(([key, text]) => [key, maskJson(String(text))]),
      )
    }
    if (!messageFields(field.type)) return value
    if (Array.isArray(value)) return value.map((item) => this.message(field.type, item))
    return this.message(field.type, value as object)
  }

  #environmentValue(value: unknown): string {
    const text = value instanceof Uint8Array ? Buffer.from(value).toString() : String(value)
    this.#keep(text)
    return text === '' ? '' : mask
  }

  #keep(secret: string): void {
    if (secret.length >= shortestSecret) this.#known.add(secret)
  }
}

function sizeText(bytes: Uint8Array): string {
  return `(${bytes.length} bytes)`
}

const secretName = /passw|secret|token|credential|authorization|^auth$|private_?key/i

/** What runtimes say at length is JSON, with the OCI specification and their own settings in it. */
function maskJson(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return jsonText(maskValue('', parseJson(text)), 0).trimEnd()
  } catch {
    // Nothing in it can be told from anything else.
    return `(${text.length} characters)`
  }
}

function maskValue(key: string, value: JsonValue): JsonValue {
  if (/^env$/i.test(key) && Array.isArray(value))
    return value.map((item) => (typeof item === 'string' ? item.replace(/=.+$/s, `=${mask}`) : item))
  if (/^envs$/i.test(key) && Array.isArray(value)) return value.map(maskPair)
  // Of an image's history.
  if (key === 'created_by' && typeof value === 'string')
    return value.replace(/\b(ENV|ARG) .*$/s, (_, word) => `${word} ${mask}`)
  const isSecret = secretName.test(key)
  if (typeof value === 'string') return isSecret && value !== '' ? mask : value
  if (Array.isArray(value)) return value.map((item) => maskValue(isSecret ? key : '', item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, maskValue(name, item)]))
}

/** A variable: `{key, value}`. */
function maskPair(pair: JsonValue): JsonValue {
  const isPair = typeof pair === 'object' && pair !== null && 'value' in pair
  return isPair ? {...pair, value: mask} : pair
}
