import type {ReadStream} from 'node:tty'
import {Interrupted} from '../errors/errors.js'

/**
 * A line typed on a terminal that does not show it. Resolves at Return or Ctrl-D; rejects with Interrupted at Ctrl-C,
 * which raw mode makes a character, or with the signal's reason. The terminal is as before in every case.
 */
export function askSecret(
  question: string,
  {input, output, signal}: {input: ReadStream; output: NodeJS.WritableStream; signal: AbortSignal},
): Promise<string> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    let typed = ''
    const finish = (settle: () => void) => {
      signal.removeEventListener('abort', stop)
      input.off('data', read)
      input.setRawMode(false)
      input.pause()
      output.write('\n')
      settle()
    }
    const read = (chunk: string) => {
      for (const character of chunk) {
        switch (character) {
          case '\r':
          case '\n':
          case '\u0004':
            return finish(() => resolve(typed))
          case '\u0003':
            return finish(() => reject(new Interrupted('SIGINT')))
          case '\u007f':
          case '\b':
            typed = [...typed].slice(0, -1).join('')
            break
          case '\u0015':
            typed = ''
            break
          default:
            typed += character
        }
      }
    }
    const stop = () => finish(() => reject(signal.reason))
    signal.addEventListener('abort', stop)
    // First silent, then the question: who sees it may type at once.
    input.setRawMode(true)
    output.write(question)
    input.setEncoding('utf8')
    input.on('data', read)
    input.resume()
  })
}
