import {writeFile} from 'node:fs/promises'
import {Session} from 'node:inspector/promises'
import {UserError} from '../../errors/errors.js'

export interface ProfileFiles {
  cpu?: string | undefined
  memory?: string | undefined
}

/** Profiles this process from now on; what it returns ends that and writes the files. Throws UserError. */
export async function startProfiling({cpu, memory}: ProfileFiles): Promise<() => Promise<void>> {
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
    await writeFile(path, JSON.stringify(profile))
  } catch (error) {
    throw new UserError(`${flag}: cannot write ${path}: ${(error as Error).message}`, {cause: error})
  }
}
