import {bun} from './standalone.js'

/**
 * The words that start this very program again: the standalone file itself, or Node and the file that it runs. Without
 * the -- Node takes an --env-file among the arguments for its own.
 */
export function ownCommand({
  execPath,
  argv,
}: Pick<NodeJS.Process, 'execPath' | 'argv'>): [string, ...string[]] {
  const [, script = ''] = argv
  return bun ? [execPath] : [execPath, '--', script]
}
