import {StringDecoder} from 'node:string_decoder'

/** Of a line without end. */
const longestLine = 64 * 1024

/** Text that comes in pieces, as whole lines that begin with the node's name, so that those of several never mix. */
export class PrefixedLines {
  readonly #prefix: string
  readonly #write: (text: string) => Promise<void> | void
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  constructor(prefix: string, write: (text: string) => Promise<void> | void) {
    this.#prefix = prefix
    this.#write = write
  }

  async take(bytes: Buffer): Promise<void> {
    const text = this.#rest + this.#decoder.write(bytes)
    const end = text.lastIndexOf('\n') + 1
    this.#rest = text.slice(end)
    let lines = text.slice(0, end)
    if (this.#rest.length > longestLine) {
      lines += `${this.#rest}\n`
      this.#rest = ''
    }
    if (lines !== '') await this.#write(this.#label(lines))
  }

  async end(): Promise<void> {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    if (rest !== '') await this.#write(this.#label(`${rest}\n`))
  }

  #label(lines: string): string {
    return lines
      .slice(0, -1)
      .split('\n')
      .map((line) => `${this.#prefix}${line}\n`)
      .join('')
  }
}
