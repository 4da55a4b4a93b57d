import {printable} from '../errors/printable.js'
import type {LogOrigin} from './lines.js'

/** How a log is called in notes. */
export function nameOf({namespace, pod, container}: LogOrigin): string {
  return [namespace, pod, container].filter((word) => word !== '').join('/')
}

/** How much of each log's name it takes to tell them apart. */
function originLabels(origins: readonly LogOrigin[]): string[] {
  const distinct = (values: readonly string[]) => new Set(values).size > 1
  const manyNamespaces = distinct(origins.map(({namespace}) => namespace))
  const manyPods = manyNamespaces || distinct(origins.map(({pod}) => pod))
  return origins.map(({namespace, pod, container}) =>
    printable([...(manyNamespaces ? [namespace] : []), ...(manyPods ? [pod] : []), container].join('/')),
  )
}

/** What stands in front of each log's lines: its name, in columns and colours that tell the logs apart. */
export class Prefixes {
  readonly #first: readonly LogOrigin[]
  readonly #labels: readonly string[]
  readonly #width: number
  readonly #colours: readonly ((text: string) => string)[]
  #made = 0

  /** `first` are the logs that are there from the beginning. */
  constructor(first: readonly LogOrigin[], colours: readonly ((text: string) => string)[] = []) {
    this.#first = first
    this.#labels = originLabels(first)
    this.#width = Math.max(...this.#labels.map((label) => label.length))
    this.#colours = colours
  }

  /** For the next log: one of the first, in their order, or one that has joined. */
  next(origin: LogOrigin): string {
    const index = this.#made++
    const label = this.#labels[index] ?? originLabels([...this.#first, origin]).at(-1) ?? ''
    const text = `${label.padEnd(this.#width)} | `
    return this.#colours[index % this.#colours.length]?.(text) ?? text
  }
}
