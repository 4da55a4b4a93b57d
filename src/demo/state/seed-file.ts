import {readFile} from 'node:fs/promises'
import {load} from 'js-yaml'
import {UserError} from '../../errors/errors.js'
import type {Seed} from './seed.js'
import {checkSeed} from './seed-check.js'

/** Pods and images from a YAML or JSON file. Throws UserError where it says something else. */
export async function readSeedFile(path: string): Promise<Seed> {
  let content: unknown
  try {
    content = load(await readFile(path, 'utf8'))
  } catch (error) {
    const {code, reason, message} = error as {code?: string; reason?: string; message: string}
    const problem = code === 'ENOENT' ? 'does not exist' : reason ? `not YAML: ${reason}` : message
    throw new UserError(`seed file ${path}: ${problem}`, {cause: error})
  }
  try {
    return checkSeed(content ?? {})
  } catch (error) {
    throw new UserError(`seed file ${path}: ${(error as Error).message}`, {cause: error})
  }
}
