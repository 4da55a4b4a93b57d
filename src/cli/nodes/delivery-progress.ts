import {bytesText, type Units} from '../../text/units.js'

/** One line on a terminal while the program is on its way, to one node or to several at once. */
export class DeliveryProgress {
  readonly #isQuiet: boolean
  readonly #units: Units
  readonly #sent = new Map<string, {bytes: number; total: number}>()
  readonly #ended = new Set<string>()
  #shown = ''

  /** Quiet where others print meanwhile. */
  constructor({isQuiet, units = 'si'}: {isQuiet: boolean; units: Units | undefined}) {
    this.#isQuiet = isQuiet
    this.#units = units
  }

  show(node: string, bytes: number, total: number): void {
    if (!process.stderr.isTTY || this.#isQuiet) return
    this.#sent.set(node, {bytes, total})
    const all = {bytes: 0, total: 0}
    for (const share of this.#sent.values()) {
      all.bytes += share.bytes
      all.total += share.total
    }
    const what =
      this.#sent.size === 1 ? `${node}: sending crisp` : `sending crisp to ${this.#sent.size} nodes`
    const percent = Math.floor((100 * all.bytes) / all.total)
    const whole = `${what} (${bytesText(all.total, this.#units, 2)}): ${percent}%`
    // Of a second line of the terminal nothing would be cleared.
    const text = whole.slice(0, (process.stderr.columns || 80) - 1)
    if (text !== this.#shown) process.stderr.write(`\r\u001b[2K${text}`)
    this.#shown = text
  }

  /** For a message, until there is more to show. */
  hide(): void {
    if (this.#shown !== '') process.stderr.write('\r\u001b[2K')
    this.#shown = ''
  }

  /** Nothing more goes to that node. */
  end(node: string): void {
    this.#ended.add(node)
    if (![...this.#sent.keys()].every((each) => this.#ended.has(each))) return
    this.hide()
    this.#sent.clear()
    this.#ended.clear()
  }
}
