import {load} from 'js-yaml'
import {UserError} from '../../errors/errors.js'
import type {Seed} from './seed.js'
import {checkSeed} from './seed-check.js'

/** Pods and images from a file's YAML or JSON. Throws UserError where it says something else. */
export function parseSeed(text: string, path: string): Seed {
  let content: unknown
  try {
    content = load(text)
  } catch (error) {
    const {reason, message} = error as {reason?: string; message: string}
    throw new UserError(`seed file ${path}: ${reason ? `not YAML: ${reason}` : message}`, {cause: error})
  }
  try {
    return checkSeed(content ?? {})
  } catch (error) {
    throw new UserError(`seed file ${path}: ${(error as Error).message}`, {cause: error})
  }
}
