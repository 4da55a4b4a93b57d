import type {ReadStream} from 'node:tty'
import {Interrupted} from '../errors/errors.js'

/**
 * A line typed on a terminal that does not show it. Resolves at Return or Ctrl-D; rejects with Interrupted at Ctrl-C,
 * which raw mode makes a character. The terminal is as before in every case.
 */
export function askSecret(
  question: string,
  {input, output}: {input: ReadStream; output: NodeJS.WritableStream},
): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = ''
    const finish = (settle: () => void) => {
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
    // First silent, then the question: who sees it may type at once.
    input.setRawMode(true)
    output.write(question)
    input.setEncoding('utf8')
    input.on('data', read)
    input.resume()
  })
}
