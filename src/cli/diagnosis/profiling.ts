import {closeSync, constants, fstatSync, openSync, writeFileSync} from 'node:fs'
import {Session} from 'node:inspector/promises'
import {Socket} from 'node:net'
import {finished} from 'node:stream/promises'
import {UserError} from '../../errors/errors.js'
import {bun} from '../../text/standalone.js'

export interface ProfileFiles {
  cpu?: string | undefined
  memory?: string | undefined
}

/** Profiles this process from now on; what it returns ends that and writes the files. Throws UserError. */
export async function startProfiling({cpu, memory}: ProfileFiles): Promise<() => Promise<void>> {
  if (bun && memory !== undefined)
    throw new UserError('--profile-mem: the standalone crisp makes no heap profile: run crisp with Node.js')
  const session = new Session()
  session.connect()
  if (cpu !== undefined) {
    await session.post('Profiler.enable')
    await session.post('Profiler.start')
  }
  if (memory !== undefined) await session.post('HeapProfiler.startSampling')
  return async () => {
    if (cpu !== undefined)
      await writeProfile('--profile-cpu', cpu, (await session.post('Profiler.stop')).profile)
    if (memory !== undefined)
      await writeProfile('--profile-mem', memory, (await session.post('HeapProfiler.stopSampling')).profile)
    session.disconnect()
  }
}

async function writeProfile(flag: string, path: string, profile: object): Promise<void> {
  try {
    await writeWhole(path, JSON.stringify(profile))
  } catch (error) {
    throw new UserError(`${flag}: cannot write ${path}: ${(error as Error).message}`, {cause: error})
  }
}

/** Never waits for a reader, should it be a FIFO: a signal could not end that. */
async function writeWhole(path: string, text: string): Promise<void> {
  const {O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK} = constants
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0o666)
  if (fstatSync(descriptor).isFIFO())
    return finished(new Socket({fd: descriptor, readable: false, writable: true}).end(text))
  try {
    writeFileSync(descriptor, text)
  } finally {
    closeSync(descriptor)
  }
}
