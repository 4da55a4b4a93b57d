import {StringDecoder} from 'node:string_decoder'

/** A key press: a character as it is, or the name of a key that has none. */
export type Key = string

/** What was pasted is text whatever it says, and presses no key. */
export interface Pasted {
  pasted: string
}

/** What the mouse did, and where, the first column and row being 1. */
export interface Pointed {
  mouse: 'click' | 'wheel-up' | 'wheel-down'
  column: number
  row: number
}

const sequences: Readonly<Record<string, Key>> = {
  '[A': 'up',
  '[B': 'down',
  '[C': 'right',
  '[D': 'left',
  OA: 'up',
  OB: 'down',
  OC: 'right',
  OD: 'left',
  '[H': 'home',
  '[F': 'end',
  OH: 'home',
  OF: 'end',
  '[1~': 'home',
  '[4~': 'end',
  '[7~': 'home',
  '[8~': 'end',
  '[5~': 'page-up',
  '[6~': 'page-down',
  '[3~': 'delete',
  '[Z': 'back-tab',
}

const controls: Readonly<Record<string, Key>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\u007f': 'backspace',
  '\b': 'backspace',
  '\u0003': 'ctrl-c',
  '\u000c': 'ctrl-l',
  '\u0015': 'ctrl-u',
  '\u0017': 'ctrl-w',
  '\u001a': 'ctrl-z',
}

/** What may follow an escape character: what it begins with, as far as that goes, and what ends it there. */
const shapes: readonly {begun: RegExp; end: RegExp}[] = [
  // A mouse report of X10: three bytes behind the sequence, of almost any value.
  {begun: /^\[M[ -\xff]{0,2}/, end: /^[ -\xff]/},
  // The Linux console's F1 to F5.
  {begun: /^\[\[/, end: /^[A-E]/},
  // CSI and SS3 of ECMA-48.
  {begun: /^\[[0-?]*[ -/]*/, end: /^[@-~]/},
  {begun: /^O[0-9;]*/, end: /^[@-~]/},
  // Late answers to a program that was here before and asked for a colour, a version or a picture.
  {
    begun: /^(?:\](?:[0-9][ -\xff]*)?|P(?:[0-9>!][ -\xff]*)?|_(?:G[ -\xff]*)?)/,
    end: /^(?:\u0007|\u001b\\)/,
  },
]

/** The sequence with which text begins that came after an escape character; undefined where that was the key. */
function sequenceIn(text: string): string | undefined {
  if (text === '') return 'unfinished'
  for (const {begun, end} of shapes) {
    const beginning = begun.exec(text)?.[0] ?? ''
    if (beginning === '') continue
    const rest = text.slice(beginning.length)
    if (rest === '' || (rest === '\u001b' && end.test(`${rest}\\`))) return 'unfinished'
    const ending = end.exec(rest)?.[0]
    if (ending !== undefined) return beginning + ending
    // One that is broken off was no key either, unless it is short enough to be two.
    if (beginning.length > 1) return beginning
  }
  return undefined
}

const buttons: Readonly<Record<number, Pointed['mouse']>> = {0: 'click', 64: 'wheel-up', 65: 'wheel-down'}
/** Shift, Meta and Ctrl, with which they do the same. */
const modifiers = 4 | 8 | 16

/** A mouse report in SGR's form, as far as it means something: that a button is let go does not. */
function pointedIn(sequence: string): Pointed | undefined {
  const [, button, column, row] = /^\[<(\d+);(\d+);(\d+)M$/.exec(sequence) ?? []
  const mouse = buttons[Number(button) & ~modifiers]
  return button !== undefined && mouse ? {mouse, column: Number(column), row: Number(row)} : undefined
}

const pasteBegin = '[200~'
const pasteEnd = '\u001b[201~'

/**
 * Terminal input as keys. Over a slow line a sequence may arrive in pieces; the beginning of one is kept until the
 * rest comes, or until `flush` says that nothing will: then it was the Escape key. Bytes and not characters, because
 * mouse reports are no UTF-8.
 */
export class KeyDecoder {
  readonly #characters = new StringDecoder('utf8')
  /** One character for each byte. */
  #pending = ''
  #pasted: string | undefined

  /** Whether what has come so far could be the Escape key. More than that is a sequence, of which the rest will come. */
  get waiting(): boolean {
    return this.#pasted === undefined && this.#pending !== '' && this.#pending.length <= 2
  }

  feed(bytes: Buffer): (Key | Pasted | Pointed)[] {
    let rest = this.#pending + bytes.toString('latin1')
    this.#pending = ''
    const inputs: (Key | Pasted | Pointed)[] = []
    while (rest !== '') {
      if (this.#pasted !== undefined) rest = this.#paste(rest, inputs)
      else if (rest[0] === '\u001b') rest = this.#escape(rest, inputs)
      else rest = this.#press(rest, inputs)
    }
    return inputs
  }

  flush(): Key[] {
    const pending = this.#pending
    this.#pending = ''
    if (pending === '') return []
    return ['escape', ...pending.slice(1)]
  }

  #press(input: string, inputs: (Key | Pasted | Pointed)[]): string {
    const text = /^[^\u0000-\u001f\u007f]+/.exec(input)?.[0]
    if (text !== undefined) {
      inputs.push(...this.#characters.write(Buffer.from(text, 'latin1')))
      return input.slice(text.length)
    }
    inputs.push(controls[input[0] ?? ''] ?? 'unknown')
    return input.slice(1)
  }

  #escape(input: string, inputs: (Key | Pasted | Pointed)[]): string {
    const after = input.slice(1)
    if (after.startsWith(pasteBegin)) {
      this.#pasted = ''
      return after.slice(pasteBegin.length)
    }
    const sequence = sequenceIn(after)
    if (sequence === 'unfinished') {
      this.#pending = input
      return ''
    }
    if (sequence !== undefined) {
      inputs.push(pointedIn(sequence) ?? sequences[sequence] ?? 'unknown')
      return after.slice(sequence.length)
    }
    inputs.push('escape')
    return after
  }

  /** Terminals take Ctrl-C out of what is pasted, so that one is pressed, by somebody who has enough of it. */
  #paste(input: string, inputs: (Key | Pasted | Pointed)[]): string {
    const pressed = input.indexOf('\u0003')
    const end = input.indexOf(pasteEnd)
    const until = [pressed, end].filter((index) => index !== -1)
    if (until.length === 0) {
      const kept = Math.max(0, input.length - pasteEnd.length + 1)
      this.#pasted += input.slice(0, kept)
      this.#pending = input.slice(kept)
      return ''
    }
    const length = Math.min(...until)
    const text = `${this.#pasted}${input.slice(0, length)}`
    inputs.push({pasted: Buffer.from(text, 'latin1').toString('utf8')})
    this.#pasted = undefined
    return input.slice(length === end ? end + pasteEnd.length : length)
  }
}
