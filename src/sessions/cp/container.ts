import {isUtf8} from 'node:buffer'
import {posix} from 'node:path'
import {type Readable, Writable} from 'node:stream'
import type {CriClient} from '../../client/connect.js'
import {UserError} from '../../errors/errors.js'
import {printableLines} from '../../errors/printable.js'
import {runRemoteCommand, StreamError} from '../../streaming/index.js'
import {checkStarted, observeStream, type Streaming, transportFor} from '../session.js'
import {passingName} from './replace.js'

/** The container has no such program to copy with, or none can run in it; `cause` says why. */
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
const longestPrintedBytes = 16 * 1024 * 1024

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

/**
 * Whether a path leads to something that is neither file nor directory, and that no copy may replace. Where nothing can
 * tell, what is below /dev does.
 */
export async function isContainerDevice(context: CopyContext, path: string): Promise<boolean> {
  const mayBeReplaced = ['test', '!', '-e', path, '-o', '-f', path, '-o', '-d', path]
  const outcome = await run(context, mayBeReplaced, {}).catch(unless(NoTarError, undefined))
  if (outcome?.exitCode === 0) return false
  return outcome?.exitCode === 1 || posix.normalize(path).startsWith('/dev/')
}

/** What the symlinks of a path lead to; the path itself where the container cannot tell. */
export async function endOfContainerLinks(context: CopyContext, path: string): Promise<string> {
  const printed = await print(context, ['readlink', '-f', path]).catch(unless(NoTarError, undefined))
  if (printed?.exitCode !== 0 || !isUtf8(printed.bytes)) return path
  const target = printed.bytes.toString().replace(/\n$/, '')
  return posix.isAbsolute(target) ? target : path
}

/** Has the container's tar archive a path. Throws NoTarError, or UserError with tar's own words. */
export async function archiveFrom(
  context: CopyContext,
  source: {directory: string; name: string | undefined; follow: boolean},
  output: Writable,
): Promise<void> {
  const {directory, name, follow} = source
  const what = name === undefined ? '.' : `./${name}`
  const without = directory === '/' && name === undefined ? await withoutKernelFiles(context) : []
  const outcome = await run(
    context,
    ['tar', follow ? '-chf' : '-cf', '-', ...without, '-C', directory, what],
    {stdout: output},
  )
  if (outcome.exitCode !== 0) throw failureOf(context, posix.join(directory, name ?? ''), 'tar', outcome)
}

/** For tar of all that there is: what the kernel makes up has no end, and tar makes empty files of it. */
async function withoutKernelFiles(context: CopyContext): Promise<readonly string[]> {
  const without = ['--exclude=./proc/*', '--exclude=./sys/*']
  const trial = ['tar', '-cf', '/dev/null', ...without, '--no-recursion', '-C', '/', '.']
  if ((await run(context, trial, {})).exitCode === 0) return without
  throw new NoTarError(`${context.reference} has a tar that cannot leave out /proc and /sys`)
}

/** Has the container print a file whose size tar could not know. Throws as `archiveFrom` does. */
export async function readFrom(context: CopyContext, path: string): Promise<Buffer> {
  const printed = await print(context, ['cat', path])
  if (printed.exitCode !== 0) throw failureOf(context, path, 'cat', printed)
  return printed.bytes
}

/** Has the container's tar unpack an archive. Throws as `archiveFrom` does. */
export async function unpackInto(context: CopyContext, directory: string, archive: Readable): Promise<void> {
  const outcome = await runUnpacking(context, directory, archive)
  if (outcome.exitCode !== 0) throw failureOf(context, directory, 'tar', outcome)
}

function runUnpacking(context: CopyContext, directory: string, archive: Readable): Promise<Outcome> {
  return run(context, ['tar', '-xpf', '-', '-C', directory], {stdin: archive})
}

/** Has the container's tar unpack one file, which takes its name when it is whole. Throws as `archiveFrom` does. */
export async function unpackFile(
  context: CopyContext,
  {directory, name}: {directory: string; name: string},
  archiveAs: (name: string) => Readable,
): Promise<void> {
  const passing = passingName()
  const [path, target] = [posix.join(directory, passing), posix.join(directory, name)]
  try {
    const unpacked = await runUnpacking(context, directory, archiveAs(passing))
    const said = unpacked.said.replaceAll(passing, name)
    if (unpacked.exitCode !== 0) throw failureOf(context, target, 'tar', {...unpacked, said})
    const moved = await run(context, ['mv', '-f', path, target], {})
    if (moved.exitCode !== 0) throw failureOf(context, target, 'mv', moved)
  } catch (error) {
    if (!context.signal.aborted) await run(context, ['rm', '-f', path], {}).catch(() => undefined)
    throw error
  }
}

/** Whether the container's tar makes holes where the archive has them; it does not matter where there is none. */
export async function takesHoles(context: CopyContext): Promise<boolean> {
  const printed = await print(context, ['tar', '--version']).catch(unless(NoTarError, undefined))
  return !printed || (printed.exitCode === 0 && /GNU tar|bsdtar/.test(printed.bytes.toString()))
}

function unless<Value>(type: new () => Error, value: Value): (error: unknown) => Value {
  return (error) => {
    if (error instanceof type) return value
    throw error
  }
}

interface Outcome {
  exitCode: number
  said: string
}

async function print(context: CopyContext, command: readonly string[]): Promise<Outcome & {bytes: Buffer}> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length
      chunks.push(chunk)
      done(sizeBytes > longestPrintedBytes ? new UserError(`${command.join(' ')} prints without end`) : null)
    },
  })
  const outcome = await run(context, command, {stdout})
  return {...outcome, bytes: Buffer.concat(chunks)}
}

async function run(
  {client, streaming, containerId, signal}: CopyContext,
  command: readonly string[],
  {stdin, stdout}: {stdin?: Readable; stdout?: Writable},
): Promise<Outcome> {
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
    const transport = streaming.transport ?? (await transportFor(client, url))
    const exit = await observeStream(streaming, {url, transport}, () =>
      runRemoteCommand({
        url,
        transport,
        tls: streaming.tls,
        stdin,
        stdout,
        stderr,
        tty: false,
        signal,
        statusPatienceMs,
      }),
    )
    if (exit.kind !== 'exited') return {exitCode: 1, said}
    if (exit.exitCode === 255) await checkStarted(client, said)
    return {exitCode: exit.exitCode, said}
  } catch (error) {
    if (!(error instanceof StreamError)) throw error
    // It did not run, for want of the program or, say, of the directory that the container works in.
    if (error.kind === 'failed') throw new NoTarError(undefined, {cause: error})
    // It ended before it had read all of the archive, and has said why.
    if (error.kind === 'noStatus' && said !== '') return {exitCode: 1, said}
    throw error
  } finally {
    stdin?.destroy()
  }
}

function failureOf(
  {reference}: CopyContext,
  path: string,
  program: string,
  {exitCode, said}: Outcome,
): UserError {
  const [first = `exit code ${exitCode}`] = printableLines(said)
    .split('\n')
    .filter((line) => line.trim() !== '')
  const why = first.replace(new RegExp(`^${program}: `), '')
  return new UserError(`${reference}:${path}: ${program} in the container failed: ${why}`)
}
