import {bun} from './standalone.js'

/** What a process knows of its start. */
export type Started = Pick<NodeJS.Process, 'execPath' | 'argv' | 'argv0'>

/**
 * The words that start this very program again: the standalone file itself, or Node and the file that it runs. Without
 * the -- Node takes an --env-file among the arguments for its own.
 */
export function ownCommand({execPath, argv}: Started): [string, ...string[]] {
  const [, script = ''] = argv
  return bun ? [execPath] : [execPath, '--', script]
}

/** The path of the program by the name that it was called by, a symlink's for example. */
export function calledPath({execPath, argv, argv0}: Started): string {
  const [, script = ''] = argv
  return bun ? folderOf(execPath) + argv0.slice(folderOf(argv0).length) : script
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1)
}
