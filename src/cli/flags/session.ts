import {readFile} from 'node:fs/promises'
import {UsageError, UserError} from '../../errors/errors.js'
import type {Attachment, Streaming} from '../../sessions/session.js'
import {parseDetachKeys} from '../../text/detach-keys.js'
import type {StreamFlags} from './stream.js'

// What the flags of exec, attach and run say about a session.

/** Reads what the flags name. Throws UsageError, or UserError for a file that cannot be read. */
export async function parseStreaming(flags: StreamFlags): Promise<Streaming> {
  const {transport} = flags
  if (transport !== undefined && transport !== 'spdy' && transport !== 'websocket')
    throw new UsageError(`--transport: "${transport}" is neither spdy nor websocket`)
  if ((flags['tls-cert'] === undefined) !== (flags['tls-key'] === undefined))
    throw new UsageError('--tls-cert and --tls-key go together')
  const [ca, cert, key] = await Promise.all([
    pem('--tls-ca', flags['tls-ca']),
    pem('--tls-cert', flags['tls-cert']),
    pem('--tls-key', flags['tls-key']),
  ])
  const serverName = flags['tls-sni'] || ((ca ?? cert) ? 'localhost' : undefined)
  return {transport, tls: {ca, cert, key, serverName, insecure: flags['tls-insecure']}}
}

async function pem(flag: string, path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined || path === '') return undefined
  try {
    return await readFile(path)
  } catch (error) {
    throw new UserError(`${flag}: cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    })
  }
}

/** What must be known before the runtime is asked for a session that would then be of no use. */
export function checkTerminal({stdin, tty}: {stdin: boolean; tty: boolean}): void {
  if (stdin && tty && !process.stdin.isTTY)
    throw new UsageError(
      '-t with -i needs a terminal on stdin: leave out -t where there is none, as in a script',
    )
}

/** What must be right before anything is made. Throws UsageError. */
export async function prepareSession(
  flags: StreamFlags & {stdin: boolean; tty: boolean; 'detach-keys': string},
): Promise<Pick<Attachment, 'stdin' | 'tty' | 'detachKeys' | 'streaming'>> {
  const {stdin, tty} = flags
  checkTerminal({stdin, tty})
  const detachKeys = parseDetachKeys(flags['detach-keys'])
  return {stdin, tty, detachKeys, streaming: await parseStreaming(flags)}
}
