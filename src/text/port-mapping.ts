import {UsageError} from '../errors/errors.js'

export interface PortMapping {
  /** Where to listen; undefined where the word does not say. */
  address: string | undefined
  /** 0: any free one. */
  localPort: number
  remotePort: number
}

/** `80`, `8080:80`, `:80`, or one with an address before it: `0.0.0.0:8080:80`, `[::1]:8080:80`. Throws UsageError. */
export function parsePortMapping(text: string): PortMapping {
  const wrong = (what: string) =>
    new UsageError(`"${text}": ${what}; write REMOTE, LOCAL:REMOTE, :REMOTE or ADDRESS:LOCAL:REMOTE`)
  const match = /^(?:(?:\[([^\]]*)\]|([^:]*)):(?=[^:]*:))?(?:(\d*):)?(\d+)$/.exec(text)
  if (!match) throw wrong('not a port')
  const [, bracketed, plain, local, remote = ''] = match
  const address = bracketed ?? plain
  if (address === '') throw wrong('no address')
  if (/^\d+$/.test(address ?? '')) throw wrong('three ports')
  const remotePort = port(remote)
  const localPort = local === undefined ? remotePort : local === '' ? 0 : port(local)
  if (!(remotePort > 0 && localPort >= 0)) throw wrong('ports are 1 to 65535')
  return {address, localPort, remotePort}
}

function port(digits: string): number {
  const value = Number(digits)
  return value <= 65_535 ? value : Number.NaN
}
