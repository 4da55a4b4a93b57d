import * as Flags from '@oclif/core/flags'

const connection = {helpGroup: 'STREAM'}
const file = {...connection, helpValue: 'FILE'}

/** How to reach and trust the runtime's streaming server; the same for every verb that streams. */
export const streamFlags = {
  transport: Flags.string({
    char: 'r',
    ...connection,
    helpValue: 'NAME',
    description: 'spdy or websocket; by itself spdy, or websocket where the runtime has nothing else',
    complete: ['spdy', 'websocket'],
  }),
  'tls-ca': Flags.string({...file, description: 'trust the authorities in this PEM file'}),
  'tls-cert': Flags.string({...file, description: 'our own certificate, as PEM'}),
  'tls-key': Flags.string({...file, description: 'the key of --tls-cert'}),
  'tls-sni': Flags.string({
    aliases: ['tls-server-name'],
    ...connection,
    helpValue: 'NAME',
    description:
      'the name on the server\'s certificate (also --tls-server-name); "localhost" with the files above, else the address',
  }),
  'tls-insecure': Flags.boolean({...connection, description: 'trust any certificate'}),
}

/** Of `exec`, `attach` and `run`. */
export const detachKeysFlag = Flags.string({
  helpGroup: 'STREAM',
  helpValue: 'KEYS',
  description: 'what leaves a terminal session and lets it go on; "" for none',
  default: 'ctrl-p,ctrl-q',
})

export interface StreamFlags {
  transport?: string | undefined
  'tls-ca'?: string | undefined
  'tls-cert'?: string | undefined
  'tls-key'?: string | undefined
  'tls-sni'?: string | undefined
  'tls-insecure'?: boolean
}
