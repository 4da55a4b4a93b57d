import {printableLines} from '../../errors/printable.js'
import type {TraceSink} from '../diagnosis/trace-sink.js'

// What --trace-file is for, on its way: marks that hold a piece of text each.

const word = 'trace '
/** Of a mark, where it is escaped. */
const pieceLength = 8 * 1024
/** Of a line that a node does not end. */
const longestText = 16 * 1024 * 1024

/** On the node. */
export function traceToMarks(mark: string): TraceSink {
  return (text) => {
    for (let at = 0; at < text.length; at += pieceLength)
      process.stderr.write(`${mark}${word}${JSON.stringify(text.slice(at, at + pieceLength))}\n`)
  }
}

/** Here: writes whole lines to the file. */
export class TraceOfNode {
  readonly #write: TraceSink
  readonly #node: string | undefined
  #held = ''

  /** With the name of the node before each line where it is one of several. */
  constructor(write: TraceSink, node: string | undefined) {
    this.#write = write
    this.#node = node
  }

  /** False where the mark is another. */
  hear(mark: string): boolean {
    if (!mark.startsWith(word)) return false
    this.#held += textOf(mark.slice(word.length))
    if (this.#held.endsWith('\n') || this.#held.length > longestText) this.#writeHeld()
    return true
  }

  #writeHeld(): void {
    const text = printableLines(this.#held)
    this.#held = ''
    const node = this.#node
    this.#write(
      node === undefined ? text : text.replace(/^(\{(?="))?(?=.)/gm, (brace) => labelled(brace, node)),
    )
  }
}

/** Nothing where a node says something else. */
function textOf(json: string): string {
  try {
    return String(JSON.parse(json))
  } catch {
    return ''
  }
}

/** An object of `--trace=json` says it in a field. */
function labelled(brace: string, node: string): string {
  return brace === '{' ? `{"node":${JSON.stringify(node)},` : `${node}: `
}
