import {EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE} from 'js-yaml'

// YAML, and with it JSON, as a tree that knows where each thing stands and how it was written. Scalars keep their
// text: what `010` or `yes` means is decided by the field it is for, and no digit is lost on the way.

export interface ScalarNode {
  kind: 'scalar'
  text: string
  /** Without quotes: `null` and `true` mean something else than in quotes. */
  plain: boolean
  /** `!!binary` and its like, as written. */
  tag: string
  line: number
}
export interface SequenceNode {
  kind: 'sequence'
  items: Node[]
  tag: string
  line: number
}
export interface MappingNode {
  kind: 'mapping'
  entries: Entry[]
  tag: string
  line: number
}
export interface Entry {
  key: string
  value: Node
  line: number
  /** `<<` without quotes, which is no key. */
  merge?: true
}
export type Node = ScalarNode | SequenceNode | MappingNode

/** What is wrong with the text itself, in which line if that is known. */
export class TreeError extends Error {
  override name = 'TreeError'
  readonly line: number | undefined

  constructor(message: string, line?: number) {
    super(message)
    this.line = line
  }
}

/** The documents of a text. Throws TreeError. */
export function parseTree(text: string): Node[] {
  return new TreeBuilder(text, eventsOf(text)).documents()
}

function eventsOf(text: string): Event[] {
  try {
    return parseEvents(text, {maxDepth: 100})
  } catch (error) {
    const {reason, mark, message} = error as {reason?: string; mark?: {line: number}; message: string}
    throw new TreeError(`not YAML or JSON: ${reason ?? message}`, mark ? mark.line + 1 : undefined)
  }
}

/** Far more than files have that people write; what merges multiply could take for ever. */
const maxMerged = 200_000

class TreeBuilder {
  readonly #text: string
  readonly #events: Event[]
  readonly #lineStarts: number[] = [0]
  #next = 0
  #line = 1
  #merged = 0
  /** By name; null while the node is still being read, as a node cannot hold itself. */
  #anchors = new Map<string, Node | null>()

  constructor(text: string, events: Event[]) {
    this.#text = text
    this.#events = events
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1))
      this.#lineStarts.push(at + 1)
  }

  documents(): Node[] {
    const documents: Node[] = []
    while (this.#next < this.#events.length) {
      this.#next++
      this.#anchors = new Map()
      if (this.#at(EVENT_ID.POP)) this.#next++
      else {
        documents.push(this.#node())
        this.#next++
      }
    }
    return documents
  }

  #at(type: number): boolean {
    return this.#events[this.#next]?.type === type
  }

  #node(): Node {
    const event = this.#events[this.#next++] as Event
    if (event.type === EVENT_ID.ALIAS) return this.#resolveAlias(event.anchorStart, event.anchorEnd)
    if (event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP)
      throw new TreeError('not YAML or JSON: it ends too early', this.#line)
    const anchor = event.anchorStart < 0 ? undefined : this.#text.slice(event.anchorStart, event.anchorEnd)
    if (anchor !== undefined) this.#anchors.set(anchor, null)
    const tag = event.tagStart < 0 ? '' : this.#text.slice(event.tagStart, event.tagEnd)
    const node = this.#content(event, tag)
    if (anchor !== undefined) this.#anchors.set(anchor, node)
    return node
  }

  #content(event: Exclude<Event, {type: 1 | 5 | 6}>, tag: string): Node {
    switch (event.type) {
      case EVENT_ID.SCALAR: {
        if (event.valueStart >= 0) this.#line = this.#lineOf(event.valueStart)
        const text = event.valueStart < 0 ? '' : getScalarValue(this.#text, event)
        return {kind: 'scalar', text, plain: event.style === SCALAR_STYLE.PLAIN, tag, line: this.#line}
      }
      case EVENT_ID.SEQUENCE: {
        const node: SequenceNode = {kind: 'sequence', items: [], tag, line: this.#lineOf(event.start)}
        while (!this.#at(EVENT_ID.POP)) node.items.push(this.#node())
        this.#next++
        return node
      }
      case EVENT_ID.MAPPING: {
        const node: MappingNode = {kind: 'mapping', entries: [], tag, line: this.#lineOf(event.start)}
        while (!this.#at(EVENT_ID.POP)) node.entries.push(this.#entry())
        this.#next++
        return this.#applyMerges(node)
      }
    }
  }

  #entry(): Entry {
    const key = this.#node()
    if (key.kind !== 'scalar') throw new TreeError('a key should be a single word', key.line)
    const merge = key.plain && key.text === '<<' ? {merge: true as const} : {}
    return {key: key.text, value: this.#node(), line: key.line, ...merge}
  }

  #resolveAlias(start: number, end: number): Node {
    const name = this.#text.slice(start, end)
    const line = this.#lineOf(start)
    const node = this.#anchors.get(name)
    if (node === null) throw new TreeError(`*${name} stands inside what it means: it would never end`, line)
    if (node === undefined)
      throw new TreeError(`*${name} means nothing: there is no &${name} before it`, line)
    return node
  }

  /** `<<: *defaults` brings in the entries of another mapping that this one does not have itself. */
  #applyMerges(node: MappingNode): MappingNode {
    if (!node.entries.some(({merge}) => merge)) return node
    const own = node.entries.filter(({merge}) => !merge)
    const known = new Set(own.map(({key}) => key))
    for (const {value, line} of node.entries.filter(({merge}) => merge)) {
      for (const source of value.kind === 'sequence' ? value.items : [value]) {
        for (const entry of this.#entriesToMerge(source, line)) {
          if (known.has(entry.key)) continue
          known.add(entry.key)
          own.push(entry)
        }
      }
    }
    return {...node, entries: own}
  }

  #entriesToMerge(source: Node, line: number): Entry[] {
    if (source.kind !== 'mapping') throw new TreeError('<< should bring in a mapping', line)
    this.#merged += source.entries.length
    if (this.#merged > maxMerged) throw new TreeError('is too much: its merges multiply', line)
    return source.entries
  }

  #lineOf(offset: number): number {
    let low = 0
    let high = this.#lineStarts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#lineStarts[middle] as number) <= offset) low = middle
      else high = middle - 1
    }
    return low + 1
  }
}
