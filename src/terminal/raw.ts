import {spawnSync} from 'node:child_process'
import type {ReadStream, WriteStream} from 'node:tty'
import {findOnPath} from '../node/host/root-programs.js'
import type {TerminalSize} from '../streaming/index.js'

/**
 * Hands the user's terminal, which is our stdin, to a remote one: every key is passed on, nothing is echoed or translated here. Returns
 * what gives it back, which also happens by itself when the process ends.
 */
export function takeTerminal(input: ReadStream): () => void {
  const take = (): void => {
    input.setRawMode(true)
    // Node leaves the translation of \n into \r\n on, which throws full-screen programs to the wrong column. Where
    // there is no stty the rest still works.
    const {path} = findOnPath('stty', process.env, process.geteuid?.())
    if (path !== undefined) spawnSync(path, ['-opost'], {stdio: ['inherit', 'ignore', 'ignore']})
  }
  // Its default would end us with the terminal as it is.
  const quit = (): void => void process.kill(process.pid, 'SIGTERM')
  const restore = (): void => {
    process.off('exit', restore).off('SIGCONT', take).off('SIGQUIT', quit)
    // A terminal that was closed has no mode any more.
    input.once('error', () => {})
    if (!input.destroyed) input.setRawMode(false)
  }

  process.on('exit', restore).on('SIGCONT', take).on('SIGQUIT', quit)
  take()
  return restore
}

/** Reports the size of the terminal at once and after each change; for `runRemoteCommand`. */
export function terminalSizes(terminal: WriteStream): (report: (size: TerminalSize) => void) => () => void {
  return (report) => {
    const tell = (): void => {
      const {columns, rows} = terminal
      if (columns > 0 && rows > 0) report({columns, rows})
    }
    tell()
    terminal.on('resize', tell)
    return () => terminal.off('resize', tell)
  }
}
