import type {AuthConfig, Input} from '../../generated/cri.js'

/** Text of a runtime or registry, with every secret of these credentials in any of its forms taken out. */
export function withoutSecrets(text: string, auth: Input<AuthConfig> | null | undefined): string {
  return secretsOf(auth).reduce(withoutSecret, text)
}

/** A shorter one may be a part of any word, and what is left of that word would tell it. */
const certainLength = 8
const letter = String.raw`[\p{L}\p{N}]`

/** The text with every one of this secret taken out, a short one where it stands by itself. */
export function withoutSecret(text: string, secret: string): string {
  if (secret.length >= certainLength) return text.replaceAll(secret, '(secret)')
  const literal = secret.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  const begins = new RegExp(`^${letter}`, 'u').test(secret) ? `(?<!${letter})` : ''
  const ends = new RegExp(`${letter}$`, 'u').test(secret) ? `(?!${letter})` : ''
  return text.replaceAll(new RegExp(begins + literal + ends, 'gu'), '(secret)')
}

/** In all their forms, longest first, so that one which contains another is taken out whole. */
export function secretsOf(auth: Input<AuthConfig> | null | undefined): string[] {
  const {username = '', password = '', auth: pair = '', identityToken = '', registryToken = ''} = auth ?? {}
  const decoded = Buffer.from(pair, 'base64').toString('utf8')
  const encoded = password === '' ? '' : Buffer.from(`${username}:${password}`).toString('base64')
  const inPair = decoded.includes(':') ? decoded.slice(decoded.indexOf(':') + 1) : ''
  const secrets = [pair, inPair, encoded, password, identityToken, registryToken]
  return [...new Set(secrets)].filter((secret) => secret !== '').sort((a, b) => b.length - a.length)
}
