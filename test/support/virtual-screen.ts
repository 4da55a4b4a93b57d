/** What a terminal of this size shows of what was written to it: as much of ECMA-48 as our screens use. */
export class VirtualScreen {
  #columns: number
  #rows: number
  #cells: string[][] = []
  #row = 0
  #column = 0
  #pending = ''
  #first: {cells: string[][]; row: number; column: number} | undefined
  /** The other screen is shown, the cursor is hidden, long lines are cut. */
  readonly modes = new Set<string>()

  constructor(columns: number, rows: number) {
    this.#columns = columns
    this.#rows = rows
    this.#erase()
  }

  resize(columns: number, rows: number): void {
    this.#columns = columns
    this.#rows = rows
    this.#erase()
  }

  get lines(): string[] {
    return this.#cells.map((row) => row.join('').trimEnd())
  }

  get text(): string {
    return this.lines.join('\n')
  }

  write(text: string): void {
    let rest = this.#pending + text
    this.#pending = ''
    while (rest !== '') {
      const sequence = /^\u001b(?:\[([?0-9;]*)([A-Za-z])|[=>])/.exec(rest)
      if (sequence) {
        this.#control(sequence[1] ?? '', sequence[2] ?? '')
        rest = rest.slice(sequence[0].length)
      } else if (rest[0] === '\u001b') {
        this.#pending = rest
        return
      } else {
        const character = String.fromCodePoint(rest.codePointAt(0) ?? 0)
        this.#put(character)
        rest = rest.slice(character.length)
      }
    }
  }

  #control(parameters: string, letter: string): void {
    // The window's title, and which codes the keys of numbers send.
    if (letter === 't' || letter === '') return
    if (letter === 'h') {
      if (parameters === '?1049' && !this.modes.has(parameters)) this.#toOther()
      this.modes.add(parameters)
    } else if (letter === 'l') {
      if (parameters === '?1049' && this.modes.has(parameters)) this.#toFirst()
      this.modes.delete(parameters)
    } else if (letter === 'H') {
      const [row = 1, column = 1] = parameters.split(';').map((number) => Number(number || 1))
      this.#row = row - 1
      this.#column = column - 1
    } else if (letter === 'J') this.#erase()
    else if (letter === 'K') {
      const from = parameters === '2' ? 0 : this.#column
      this.#cells[this.#row]?.fill(' ', from)
    } else if (letter !== 'm') throw new Error(`the screen does not know CSI ${parameters}${letter}`)
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0
    else if (character === '\n') {
      if (this.#row < this.#rows - 1) this.#row++
      else this.#cells = [...this.#cells.slice(1), Array<string>(this.#columns).fill(' ')]
    } else {
      const row = this.#cells[this.#row]
      if (row) row[Math.min(this.#column, this.#columns - 1)] = character
      this.#column++
    }
  }

  #toOther(): void {
    this.#first = {cells: this.#cells, row: this.#row, column: this.#column}
    this.#erase()
  }

  #toFirst(): void {
    if (!this.#first) return
    this.#cells = this.#first.cells
    this.#row = this.#first.row
    this.#column = this.#first.column
  }

  #erase(): void {
    this.#row = 0
    this.#column = 0
    this.#cells = Array.from({length: this.#rows}, () => Array<string>(this.#columns).fill(' '))
  }
}
