/** A key press: a character as it is, or the name of a key that has none. */
export type Key = string

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

/** CSI and SS3 sequences, complete or as far as they have come. */
const complete = /^(?:\[[0-9;?]*[ -/]*[@-~]|O[ -~])/
const unfinished = /^(?:\[[0-9;?]*[ -/]*|O)?$/

/**
 * Terminal input as keys. Over a slow line a sequence may arrive in pieces; the beginning of one is kept until the
 * rest comes, or until `flush` says that nothing will: then it was the Escape key.
 */
export class KeyDecoder {
  #pending = ''

  /** Whether what has come so far could be the Escape key, or the beginning of more. */
  get waiting(): boolean {
    return this.#pending !== ''
  }

  feed(text: string): Key[] {
    let rest = this.#pending + text
    this.#pending = ''
    const keys: Key[] = []
    while (rest !== '') {
      if (rest[0] === '\u001b') {
        const after = rest.slice(1)
        const sequence = complete.exec(after)?.[0]
        if (sequence !== undefined) {
          keys.push(sequences[sequence] ?? 'unknown')
          rest = after.slice(sequence.length)
        } else if (unfinished.test(after)) {
          this.#pending = rest
          return keys
        } else {
          keys.push('escape')
          rest = after
        }
        continue
      }
      const character = String.fromCodePoint(rest.codePointAt(0) ?? 0)
      keys.push(controls[character] ?? (character < ' ' ? 'unknown' : character))
      rest = rest.slice(character.length)
    }
    return keys
  }

  flush(): Key[] {
    const pending = this.#pending
    this.#pending = ''
    if (pending === '') return []
    return ['escape', ...pending.slice(1)]
  }
}
