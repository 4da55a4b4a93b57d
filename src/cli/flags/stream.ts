import type {Interfaces} from '@oclif/core'
import * as Flags from '@oclif/core/flags'
import {UsageError, UserError} from '../../errors/errors.js'
import {readFileBytes} from '../../node/read-file.js'
import type {Streaming, StreamObserver} from '../../sessions/session.js'
import {parseDetachKeys} from '../../text/detach-keys.js'
import {choiceFlag, valueFlag} from './types.js'

const connection = {helpGroup: 'STREAM'}
const file = {...connection, helpValue: 'FILE'}

/** How to reach and trust the runtime's streaming server; the same for every verb that streams. */
export const streamFlags = {
  transport: choiceFlag<'spdy' | 'websocket'>({spdy: 'spdy', websocket: 'websocket'})({
    char: 'r',
    ...connection,
    helpValue: 'NAME',
    description: 'spdy or websocket; spdy by default, websocket where the runtime has only that',
  }),
  'tls-ca': Flags.string({...file, description: 'trust the authorities in this PEM file'}),
  'tls-cert': Flags.string({...file, description: 'client certificate, as PEM'}),
  'tls-key': Flags.string({...file, description: 'the key of --tls-cert'}),
  'tls-sni': Flags.string({
    aliases: ['tls-server-name'],
    ...connection,
    helpValue: 'NAME',
    description:
      'name expected in the server\'s certificate (also --tls-server-name); "localhost" with the files above, else the address',
  }),
  'tls-insecure': Flags.boolean({...connection, description: 'trust any certificate'}),
}

/** Of `exec`, `attach` and `run`. */
export const detachKeysFlag = valueFlag(parseDetachKeys, {helpValue: 'KEYS', takesEmpty: true})({
  ...connection,
  description: 'keys that detach from a terminal session; "" for none',
  default: parseDetachKeys('ctrl-p,ctrl-q'),
  defaultHelp: async () => 'ctrl-p,ctrl-q',
})

export type StreamFlags = Interfaces.InferredFlags<typeof streamFlags>

/**
 * Reads the files that the flags name. Throws UsageError, UserError for a file that cannot be read, or the signal's
 * reason.
 */
export async function streamingOf(
  flags: StreamFlags,
  {signal, onStream}: {signal: AbortSignal; onStream: StreamObserver | undefined},
): Promise<Streaming> {
  if ((flags['tls-cert'] === undefined) !== (flags['tls-key'] === undefined))
    throw new UsageError('--tls-cert and --tls-key go together')
  const [ca, cert, key] = await Promise.all(
    (['tls-ca', 'tls-cert', 'tls-key'] as const).map((flag) => pem(flag, flags[flag], signal)),
  )
  const serverName = flags['tls-sni'] || ((ca ?? cert) ? 'localhost' : undefined)
  const tls = {ca, cert, key, serverName, insecure: flags['tls-insecure']}
  return {transport: flags.transport, tls, onStream}
}

async function pem(flag: string, path: string | undefined, signal: AbortSignal): Promise<Buffer | undefined> {
  if (path === undefined || path === '') return undefined
  try {
    return await readFileBytes(path, {signal})
  } catch (error) {
    signal.throwIfAborted()
    throw new UserError(`--${flag}: cannot read ${path}: ${(error as Error).message}`, {cause: error})
  }
}

/** What must be known before the runtime is asked for a session that would then be of no use. */
export function checkTerminal({stdin, tty}: {stdin: boolean; tty: boolean}): void {
  if (stdin && tty && !process.stdin.isTTY)
    throw new UsageError(
      '-t with -i needs a terminal on stdin: leave out -t where there is none, as in a script',
    )
}
