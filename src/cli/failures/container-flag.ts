import {UserError} from '../../errors/errors.js'
import {isCrictlMode, programName} from '../../text/program.js'
import {type CommandLine, givenValue} from '../argv.js'
import {NoConfigFile} from '../settings/file.js'

/** Verbs of which kubectl takes `POD -c CONTAINER`. */
const verbs: ReadonlySet<string> = new Set(['attach', 'cp', 'describe', 'inspect', 'logs', 'top'])

/** kubectl's -c names a container, ours the settings: says what to type where there is no such file. */
export function containerMeant(error: unknown, {id, given, arguments: words}: CommandLine): unknown {
  if (!(error instanceof NoConfigFile) || error.path !== givenValue(given, 'config') || isCrictlMode())
    return error
  const name = error.path
  const [pod = ''] = words
  if (!verbs.has(id) || pod === '' || !/^[a-z0-9][a-z0-9-]*$/.test(name)) return error
  const command = `${programName()} ${id} ${pod}/${name}`
  return new UserError(
    `${error.message}; -c is --config, and a container is named with its pod: ${command}`,
    {
      cause: error,
    },
  )
}
