import {createInterface} from 'node:readline'
import {Interrupted} from '../../errors/errors.js'

/** A line that is typed at a prompt; undefined for Ctrl-D. Ctrl-C throws Interrupted, and so does the signal its reason. */
export function askLine(
  prompt: string,
  {history, signal}: {history: string[]; signal: AbortSignal},
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: true,
      history: [...history],
      historySize: 100,
      prompt,
    })
    let isOver = false
    const finish = (settle: () => void): void => {
      if (isOver) return
      isOver = true
      signal.removeEventListener('abort', stop)
      try {
        lines.close()
      } catch {
        // A terminal that is gone cannot be put back.
      }
      process.stdin.pause()
      settle()
    }
    const stop = () => finish(() => reject(signal.reason))
    signal.addEventListener('abort', stop)
    lines
      .once('line', (line) => {
        if (line.trim() !== '') history.unshift(line)
        finish(() => resolve(line))
      })
      .once('SIGINT', () => {
        process.stdout.write('\n')
        finish(() => reject(new Interrupted('SIGINT')))
      })
      .once('close', () => {
        if (!isOver) process.stdout.write('\n')
        finish(() => resolve(undefined))
      })
    lines.prompt()
  })
}
