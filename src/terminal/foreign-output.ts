import {StringDecoder} from 'node:string_decoder'
import {printableLines} from '../errors/printable.js'

/** What our own views write: colours, the cursor, erasing, the screen of `top`. */
const ours = /\u001b\[(?:[\d;]*[mHJK]|\?(?:7|25|1000|1006|1049|2004)[hl])|\r/g
/** The beginning of one, at the end of a piece. */
const cut = /\u001b(?:\[[\d;?]{0,20})?$/

/** What another machine prints for our terminal: it may do there what our own views do, and nothing else. */
export class ForeignOutput {
  readonly #decoder = new StringDecoder('utf8')
  /** What it has changed of the terminal, and not changed back, the last first. */
  #undo: string[] = []
  #held = ''

  /** What can be shown of it now. */
  take(bytes: Buffer): string {
    const text = this.#held + this.#decoder.write(bytes)
    this.#held = cut.exec(text)?.[0] ?? ''
    return makeHarmless(text.slice(0, text.length - this.#held.length), this.#note)
  }

  end(): string {
    const text = this.#held + this.#decoder.end()
    this.#held = ''
    // Whoever is cut off leaves nothing behind.
    return makeHarmless(text, this.#note) + this.#undo.join('')
  }

  readonly #note = (sequence: string): void => {
    const [, mode, letter] = /^\u001b\[\?(\d+)([hl])$/.exec(sequence) ?? []
    if (mode === undefined) return
    const usual = onUsually.has(mode) ? 'h' : 'l'
    const back = `\u001b[?${mode}${usual}`
    this.#undo = this.#undo.filter((other) => other !== back)
    if (letter !== usual) this.#undo.unshift(back)
  }
}

/** The cursor is shown, long lines go on in the next one. */
const onUsually: ReadonlySet<string> = new Set(['7', '25'])

function makeHarmless(text: string, onOurs: (sequence: string) => void): string {
  let shown = ''
  let from = 0
  for (const {index, 0: sequence} of text.matchAll(ours)) {
    shown += printableLines(text.slice(from, index)) + sequence
    onOurs(sequence)
    from = index + sequence.length
  }
  return shown + printableLines(text.slice(from))
}
