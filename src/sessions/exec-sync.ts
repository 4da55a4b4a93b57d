import type {Writable} from 'node:stream'
import type {CriClient} from '../client/connect.js'
import {exitCode, RpcError, rpcCode, UserError} from '../errors/errors.js'

export interface SyncCommand {
  containerId: string
  command: readonly string[]
  /** 0: no limit. */
  timeoutSeconds: number
  stdout: Writable
  stderr: Writable
}

/** Runs a command by one ExecSync call, which gives its output when it has ended. Resolves with its exit code. */
export async function execSync(client: CriClient, sync: SyncCommand): Promise<number> {
  const {containerId, command, timeoutSeconds} = sync
  const response = await client.runtime
    .execSync({containerId, cmd: [...command], timeout: String(timeoutSeconds)})
    .catch((error: unknown) => {
      throw syncFailure(error, timeoutSeconds)
    })
  // CRI-O says so for a command that ran out of time, and `command timed out` on stderr without the end of the line.
  const ranOut = response.exitCode < 0
  const stderr = ranOut ? withLineEnd(response.stderr) : response.stderr
  await Promise.all([writeBytes(sync.stdout, response.stdout), writeBytes(sync.stderr, stderr)])
  if (ranOut) throw timeLimitError(timeoutSeconds)
  return response.exitCode
}

function syncFailure(error: unknown, timeoutSeconds: number): unknown {
  if (!(error instanceof RpcError)) return error
  if (error.code === rpcCode.deadlineExceeded && timeoutSeconds > 0) return timeLimitError(timeoutSeconds)
  if (error.code === rpcCode.resourceExhausted)
    return new UserError('the output is larger than one answer of the runtime may be (16 MiB)', {
      facts: {about: 'large exec answer'},
      cause: error,
    })
  return error
}

function timeLimitError(seconds: number): UserError {
  return new UserError(`the command did not end within ${seconds} s and was killed`, {
    exitCode: exitCode.timedOut,
    facts: {about: 'command time limit', seconds},
  })
}

function withLineEnd(bytes: Uint8Array): Uint8Array {
  return bytes.length === 0 || bytes.at(-1) === 0x0a ? bytes : Buffer.concat([bytes, Buffer.from('\n')])
}

function writeBytes(output: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}
