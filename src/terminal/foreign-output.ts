import {StringDecoder} from 'node:string_decoder'
import {printableLines} from '../errors/printable.js'

/** What our own views write: colours, the cursor, erasing, the screen of `top`. */
const ours = /\u001b\[(?:[\d;]*[mHJK]|\?(?:7|25|1049|2004)[hl])|\r/g
/** The beginning of one, at the end of a piece. */
const cut = /\u001b(?:\[[\d;?]{0,20})?$/

/** What another machine prints for our terminal: it may do there what our own views do, and nothing else. */
export class ForeignOutput {
  readonly #decoder = new StringDecoder('utf8')
  #held = ''

  /** What can be shown of it now. */
  take(bytes: Buffer): string {
    const text = this.#held + this.#decoder.write(bytes)
    this.#held = cut.exec(text)?.[0] ?? ''
    return makeHarmless(text.slice(0, text.length - this.#held.length))
  }

  end(): string {
    const text = this.#held + this.#decoder.end()
    this.#held = ''
    return makeHarmless(text)
  }
}

function makeHarmless(text: string): string {
  let shown = ''
  let from = 0
  for (const {index, 0: sequence} of text.matchAll(ours)) {
    shown += printableLines(text.slice(from, index)) + sequence
    from = index + sequence.length
  }
  return shown + printableLines(text.slice(from))
}
