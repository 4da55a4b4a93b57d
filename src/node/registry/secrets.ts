import type {AuthConfig, Input} from '../../generated/cri.js'

/** Text of a runtime or registry, with every secret of these credentials in any of its forms taken out. */
export function withoutSecrets(text: string, auth: Input<AuthConfig> | null | undefined): string {
  return secretsOf(auth).reduce((clean, secret) => clean.replaceAll(secret, '(secret)'), text)
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
