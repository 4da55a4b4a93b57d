import {posix} from 'node:path'
import {type Readable, Writable} from 'node:stream'
import type {CriClient} from '../../client/connect.js'
import {UserError} from '../../errors/errors.js'
import {printableLines} from '../../errors/printable.js'
import {runRemoteCommand, StreamError} from '../../streaming/index.js'
import {type Streaming, transportFor} from '../session.js'

/** The container has no such program to copy with. */
export class NoTarError extends Error {
  override name = 'NoTarError'
}

export interface CopyContext {
  client: CriClient
  streaming: Streaming
  containerId: string
  /** As the user wrote it. */
  reference: string
  signal: AbortSignal
}

const statusPatienceMs = 5000
const saidLimitBytes = 4096

/** Whether there is such a directory. Throws NoTarError where nothing in the container can tell. */
export async function isContainerDirectory(context: CopyContext, path: string): Promise<boolean> {
  try {
    return (await run(context, ['test', '-d', path], {})).exitCode === 0
  } catch (error) {
    if (!(error instanceof NoTarError)) throw error
  }
  const {exitCode} = await run(context, ['tar', '-cf', '/dev/null', '--no-recursion', `${path}/.`], {})
  return exitCode === 0
}

/** Has the container's tar archive a path. Throws NoTarError, or UserError with tar's own words. */
export async function archiveFrom(
  context: CopyContext,
  source: {directory: string; name: string | undefined; follow: boolean},
  output: Writable,
): Promise<void> {
  const {directory, name, follow} = source
  const what = name === undefined ? '.' : `./${name}`
  const outcome = await run(context, ['tar', follow ? '-chf' : '-cf', '-', '-C', directory, what], {
    stdout: output,
  })
  if (outcome.exitCode !== 0) throw tarFailure(context, posix.join(directory, name ?? ''), outcome)
}

/** Has the container's tar unpack an archive. Throws as `archiveFrom` does. */
export async function unpackInto(context: CopyContext, directory: string, archive: Readable): Promise<void> {
  const outcome = await run(context, ['tar', '-xpf', '-', '-C', directory], {stdin: archive})
  if (outcome.exitCode !== 0) throw tarFailure(context, directory, outcome)
}

interface TarOutcome {
  exitCode: number
  said: string
}

async function run(
  {client, streaming, containerId, signal}: CopyContext,
  command: readonly string[],
  {stdin, stdout}: {stdin?: Readable; stdout?: Writable},
): Promise<TarOutcome> {
  let said = ''
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (said.length < saidLimitBytes) said += chunk
      done()
    },
  })
  try {
    const {url} = await client.runtime.exec({
      containerId,
      cmd: [...command],
      stdin: stdin !== undefined,
      stdout: stdout !== undefined,
      stderr: true,
      tty: false,
    })
    const exit = await runRemoteCommand({
      url,
      transport: streaming.transport ?? (await transportFor(client, url)),
      tls: streaming.tls,
      stdin,
      stdout,
      stderr,
      tty: false,
      signal,
      statusPatienceMs,
    })
    return {exitCode: exit.kind === 'exited' ? exit.exitCode : 1, said}
  } catch (error) {
    if (!(error instanceof StreamError)) throw error
    if (error.startFailure !== undefined) throw new NoTarError(undefined, {cause: error})
    // It ended before it had read all of the archive, and has said why.
    if (error.kind === 'noStatus' && said !== '') return {exitCode: 1, said}
    throw error
  } finally {
    stdin?.destroy()
  }
}

function tarFailure({reference}: CopyContext, path: string, {exitCode, said}: TarOutcome): UserError {
  const [first = `exit code ${exitCode}`] = printableLines(said)
    .split('\n')
    .filter((line) => line.trim() !== '')
  return new UserError(`${reference}:${path}: tar in the container failed: ${first.replace(/^tar: /, '')}`)
}
