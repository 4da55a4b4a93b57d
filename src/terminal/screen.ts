/**
 * The other screen without a cursor, lines cut instead of wrapped, what is pasted told from what is typed, the mouse's
 * buttons and wheel told by column and row (SGR); a terminal that has none of these heeds none.
 */
const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[?2004h\u001b[?1000h\u001b[?1006h\u001b[H\u001b[2J'
const leave = '\u001b[?1006l\u001b[?1000l\u001b[?2004l\u001b[?7h\u001b[?25h\u001b[?1049l'

/**
 * The other screen of a terminal, on which lines are drawn from the top. What stands there already is not drawn
 * again, which over SSH is the difference between a line and a screenful. Lines must fit: they are not cut here.
 */
export class Screen {
  readonly #write: (text: string) => void
  #shown: readonly string[] = []
  #entered = false

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  enter(): void {
    if (this.#entered) return
    this.#entered = true
    this.#shown = []
    this.#write(enter)
  }

  /** Brings back the screen of before, and the cursor. May be called in every ending, also twice. */
  leave(): void {
    if (!this.#entered) return
    this.#entered = false
    this.#write(leave)
  }

  /** The terminal has another size, or something else has written on it. */
  redrawAll(): void {
    this.#shown = []
    if (this.#entered) this.#write('\u001b[2J')
  }

  draw(lines: readonly string[]): void {
    if (!this.#entered) return
    const shown = this.#shown
    let text = ''
    for (let index = 0; index < Math.max(lines.length, shown.length); index++) {
      const line = lines[index] ?? ''
      if (line !== shown[index]) text += `\u001b[${index + 1};1H\u001b[2K${line.trimEnd()}`
    }
    this.#shown = [...lines]
    if (text !== '') this.#write(text)
  }
}
