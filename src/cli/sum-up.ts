import {Interrupted} from '../errors/errors.js'
import {durationText} from '../text/duration.js'
import {isCrictlMode} from '../text/program.js'
import {writeMessage} from './messages.js'

/**
 * Says at the end how long it went on and what `counted` gives, to whoever sits at a terminal: what goes on until it is
 * ended has no last line of its own.
 */
export function sumUpAtEnd(counted: () => string, signal: AbortSignal): Disposable {
  const begunMs = performance.now()
  return {
    [Symbol.dispose]() {
      if (!process.stdout.isTTY || !process.stderr.isTTY || isCrictlMode()) return
      const {reason} = signal
      if (signal.aborted && !(reason instanceof Interrupted && seen.has(reason.signal))) return
      // The terminal has written ^C where the cursor stood.
      if (signal.aborted) process.stderr.write('\n')
      writeMessage(`${counted()} in ${durationText(performance.now() - begunMs)}`)
    },
  }
}

/** Ends after which somebody still looks. */
const seen: ReadonlySet<string> = new Set(['SIGINT', 'SIGTERM'])

/** `1 event`, `12 events`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
