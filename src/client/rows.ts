import {letGo} from '../text/garbage.js'
import {Reader} from '../wire/reader.js'

/** How a list's entries are read: all of one, or the fields whose bits are wanted. */
export interface EntryType<Entry> {
  read: (reader: Reader, wanted: number) => Entry
  /** By name, as the proto numbers them. */
  fields: Readonly<Record<keyof Entry, number>>
}

/** Makes the failure of what turns out to be no message only when it is read. */
export type Unreadable = (error: unknown) => Error

export interface Rows<Entry> {
  rows: Entry[]
  /** Of all entries, those that were not kept too. */
  count: number
}

/**
 * What reads lists of this type as rows: the bytes as they came and, for each entry, where it is. A row has the entry's
 * fields, each read when it is asked for, and nothing of its own to copy or to print. What was asked of the last row is
 * read of the next one at once: whoever goes through a list goes once through its bytes.
 */
export function rowReader<Entry extends object>({read, fields}: EntryType<Entry>) {
  class Row {
    readonly #source: Source<Entry>
    readonly #start: number
    readonly #end: number

    constructor(source: Source<Entry>, start: number, end: number) {
      this.#source = source
      this.#start = start
      this.#end = end
    }

    /** Rows with bytes of their own, so that those of the others are not held. */
    static copy(rows: readonly Row[], bytes: Buffer, unreadable: Unreadable): Row[] {
      const parts = rows.map((row) => bytes.subarray(row.#start, row.#end))
      const source = new Source(Buffer.concat(parts), read, unreadable)
      let end = 0
      return parts.map(({length}) => {
        end += length
        return new Row(source, end - length, end)
      })
    }

    static {
      for (const [name, number] of Object.entries<number>(fields))
        Object.defineProperty(Row.prototype, name, {
          get(this: Row) {
            return this.#source.entry(this, this.#start, this.#end, 1 << number)[name as keyof Entry]
          },
        })
    }
  }

  /** The rows of the message's field with this number that pass. */
  return (
    bytes: Buffer,
    listField: number,
    unreadable: Unreadable,
    keep: (entry: Entry) => boolean = () => true,
  ): Rows<Entry> => {
    const source = new Source(bytes, read, unreadable)
    const rows: Row[] = []
    const reader = new Reader(bytes)
    let count = 0
    let keptBytes = 0
    while (reader.at < reader.end) {
      const tag = reader.uint32()
      if (tag >>> 3 !== listField) {
        reader.skip(tag & 7)
        continue
      }
      count++
      const start = reader.at
      const row = reader.message((inner) => {
        const first = inner.at
        inner.at = inner.end
        return new Row(source, first, inner.end)
      })
      if (!keep(row as unknown as Entry)) continue
      rows.push(row)
      keptBytes += reader.at - start
    }
    const kept = keptBytes < bytes.length / 2 ? Row.copy(rows, bytes, unreadable) : rows
    return {rows: kept as unknown as Entry[], count}
  }
}

/** A message, and of its entries the one that was read last. */
class Source<Entry> {
  readonly #reader: Reader
  readonly #read: EntryType<Entry>['read']
  readonly #unreadable: Unreadable
  #row: object | undefined
  #entry: Entry | undefined
  /** The fields that were read of it, and those of them that were asked for. */
  #known = 0
  #asked = 0

  constructor(bytes: Buffer, read: EntryType<Entry>['read'], unreadable: Unreadable) {
    this.#reader = new Reader(bytes)
    this.#read = read
    this.#unreadable = unreadable
  }

  entry(row: object, start: number, end: number, field: number): Entry {
    if (row !== this.#row) {
      this.#known = this.#asked
      this.#asked = 0
      this.#row = row
      this.#entry = undefined
    }
    this.#asked |= field
    if (this.#entry === undefined || (this.#known & field) === 0) {
      this.#known |= this.#asked
      this.#reader.at = start
      this.#reader.end = end
      // What is read of it has about the size of its bytes.
      letGo(end - start)
      try {
        this.#entry = this.#read(this.#reader, this.#known)
      } catch (error) {
        throw this.#unreadable(error)
      }
    }
    return this.#entry
  }
}
