import {UserError} from '../errors/errors.js'
import {headOf, type OpenLog, openLog, PlainLog} from './bytes.js'
import {
  despiteRotation,
  fileAt,
  hasCode,
  isSameFile,
  type LogFile,
  listRotatedFiles,
  newestRotation,
} from './files.js'
import type {StreamIndex} from './record.js'
import {Turns} from './turns.js'

/** A part of a file that is to be read. */
export interface Segment {
  file: LogFile
  start: number
  /** Left out: up to its end. */
  end?: number | undefined
  /** Only records of this stream. */
  only?: StreamIndex | undefined
}

/**
 * What a read brought: so many bytes; or that a file of the log ended and another one follows, that an attempt
 * did, that nothing more is there yet, or that all is read.
 */
export type Reading = number | 'file-end' | 'attempt-end' | 'wait' | 'end'

export interface ReaderOptions {
  /** Wait at the end for more, through rotation and truncation. */
  follow?: boolean
  /** Told in one line of what could not be read. */
  onNotice?: (text: string) => void
  /** Told of a file that is damaged or cut short instead; what follows in it is missing. */
  onFailure?: (error: UserError) => void
  /** Checked now and then; its reason is thrown. */
  signal?: AbortSignal | undefined
}

const headBytes = 64

/**
 * The bytes of a log's segments, one after another. When it follows it goes on with what is appended to the last
 * one, and with the files that take its place: a file that is renamed is read to its end before the next one, one
 * that is emptied is searched for among the rotated ones. Whoever makes one closes it.
 */
export class LogReader implements Disposable {
  readonly #queue: Segment[]
  readonly #follow: boolean
  readonly #onNotice: (text: string) => void
  readonly #onFailure: (error: UserError) => void
  #segment: Segment | undefined
  #open: OpenLog | undefined
  /** Where the file that is followed begins, by which it is known again in other places. */
  #head = Buffer.alloc(0)
  #newestRotation: string
  /** Another file has the name: seen once, and nothing came since. */
  #replaced = false
  /** The rotated file that was read last, and how far: what is copied takes a while to be whole. */
  #lastRotated: {identity: string; rotation: string; offset: number} | undefined
  readonly #turns: Turns

  constructor(
    segments: readonly Segment[],
    {
      follow = false,
      onNotice = () => undefined,
      onFailure = ({message}) => onNotice(message),
      signal,
    }: ReaderOptions = {},
  ) {
    this.#turns = new Turns(signal)
    this.#queue = [...segments]
    this.#follow = follow
    this.#onNotice = onNotice
    this.#onFailure = onFailure
    this.#newestRotation = newestRotation(segments.map(({file}) => file))
  }

  /** Of the bytes that came last. */
  get only(): StreamIndex | undefined {
    return this.#segment?.only
  }

  get attempt(): number | undefined {
    return this.#segment?.file.attempt
  }

  /** The path that the log has for the runtime. */
  get #log(): string {
    return this.#segment?.file.log ?? ''
  }

  async next(into: Uint8Array): Promise<Reading> {
    const reading = await this.#next(into)
    if (typeof reading === 'number' && this.#turns.due) await this.#turns.giveWay()
    return reading
  }

  async #next(into: Uint8Array): Promise<Reading> {
    for (;;) {
      const open = this.#open
      const reading = open ? await this.#readOn(open, into) : await this.#openMore()
      if (reading !== undefined) return reading
    }
  }

  /** Undefined where something else is to be read now. */
  async #readOn(open: OpenLog, into: Uint8Array): Promise<Reading | undefined> {
    if (this.#isLive()) return this.#readLive(open as PlainLog, into)
    const count = await this.#read(open, into)
    return count > 0 ? count : this.#endSegment()
  }

  /** Undefined where something has been opened, or was found to be missing. */
  async #openMore(): Promise<Reading | undefined> {
    if (await this.#openNext()) return undefined
    if (!this.#follow || !this.#segment) return 'end'
    const named = fileAt(this.#log)
    if (!named) return 'wait'
    this.#enqueue([{file: named, start: 0}])
    return undefined
  }

  close(): void {
    this.#open?.close()
    this.#open = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Whether what is open is the last file, which may grow. */
  #isLive(): boolean {
    return (
      this.#follow &&
      this.#queue.length === 0 &&
      this.#segment?.end === undefined &&
      this.#open instanceof PlainLog
    )
  }

  async #read(open: OpenLog, into: Uint8Array): Promise<number> {
    const left = (this.#segment?.end ?? Number.POSITIVE_INFINITY) - open.offset
    if (left <= 0) return 0
    try {
      return await open.read(left < into.length ? into.subarray(0, left) : into)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      this.#onFailure(new UserError(`${error.message}; what follows in it is missing`, {cause: error}))
      return 0
    }
  }

  #endSegment(): Reading | undefined {
    const ended = this.#segment
    if (this.#open instanceof PlainLog && this.#open.sizeBytes() < this.#open.offset)
      this.#onNotice(`the log ${this.#open.path} became shorter while it was read: some of it may be missing`)
    if (this.#open instanceof PlainLog && ended?.end === undefined && ended?.file.rotation)
      this.#lastRotated = {
        identity: this.#open.identity,
        rotation: ended.file.rotation,
        offset: this.#open.offset,
      }
    this.close()
    const next = this.#queue[0]
    if (!next || !ended || isSameFile(next.file.identity, ended.file.identity)) return undefined
    return next.file.attempt === ended.file.attempt ? 'file-end' : 'attempt-end'
  }

  /** False where there is nothing to open. */
  async #openNext(): Promise<boolean> {
    const segment = this.#queue.shift()
    if (!segment) return false
    const opened = await despiteRotation(() => this.#openWhereItIs(segment))
    this.#segment = segment
    if (!opened) return true
    this.#open = opened
    if (!this.#isLive()) return true
    this.#learnHead(opened as PlainLog)
    if (!(await this.#finishRotated(opened as PlainLog, segment))) await this.#insertNewer(segment)
    return true
  }

  /** Since files were listed they may have been renamed, compressed or removed. */
  #openWhereItIs(segment: Segment): OpenLog | undefined {
    const {file, start} = segment
    try {
      const opened = openLog(file, start)
      if (!(opened instanceof PlainLog) || isSameFile(opened.identity, file.identity)) return opened
      opened.close()
    } catch (error) {
      if (!(error instanceof UserError && hasCode(error.cause, 'ENOENT'))) throw error
    }
    const rotated = listRotatedFiles(file.log)
    const moved =
      rotated.find(({identity}) => isSameFile(identity, file.identity)) ??
      rotated.find(({rotation}) => rotation !== '' && rotation === file.rotation)
    if (moved) return openLog(moved, start)
    // It was renamed and compressed: by now it is the first of those that are new.
    const [compressed, ...later] = file.rotation === '' ? this.#newer(rotated) : []
    if (compressed) {
      if (this.#follow) {
        const named = fileAt(file.path)
        this.#enqueue([...later, ...(named ? [named] : [])].map((next) => ({file: next, start: 0})))
      }
      return openLog(compressed, start)
    }
    const anew = this.#follow && file.rotation === '' ? fileAt(file.path) : undefined
    if (anew) {
      segment.start = 0
      segment.file = {...anew, attempt: file.attempt}
      return openLog(anew, 0)
    }
    this.#onNotice(`the log ${file.path} was removed before it was read: it is missing here`)
    return undefined
  }

  async #readLive(live: PlainLog, into: Uint8Array): Promise<Reading | undefined> {
    if (await this.#wasRefilled(live)) return undefined
    if (this.#wasEmptied(live)) return this.#goOnInCopy(live)
    const count = live.read(into)
    if (count > 0) {
      this.#replaced = false
      return count
    }
    const named = fileAt(this.#log)
    if (named && isSameFile(named.identity, live.identity)) return this.#waitForMore(live)
    const isEmpty = !named || named.sizeBytes === 0
    if (isEmpty && (await this.#between(listRotatedFiles(this.#log), live)).length === 0) return 'wait'
    // The runtime may write a last line to the old file after it has made the new one.
    if (!this.#replaced) {
      this.#replaced = true
      return 'wait'
    }
    this.#replaced = false
    await this.#goOnInNext(live)
    return 'file-end'
  }

  /** What came into an empty file, was copied and emptied between two looks is in a rotated one. */
  async #waitForMore(live: PlainLog): Promise<Reading | undefined> {
    if (live.offset > 0 || !this.#segment) return 'wait'
    await this.#insertNewer(this.#segment)
    return this.#open === undefined ? undefined : 'wait'
  }

  /** A file that was empty when it was opened may have been filled, copied and emptied before this look. */
  async #wasRefilled(live: PlainLog): Promise<boolean> {
    if (this.#head.length > 0 || live.offset > 0 || !this.#segment) return false
    this.#learnHead(live)
    if (this.#head.length > 0) await this.#insertNewer(this.#segment)
    return this.#open === undefined
  }

  #wasEmptied(live: PlainLog): boolean {
    if (live.sizeBytes() < live.offset) return true
    const known = this.#head
    this.#learnHead(live)
    if (this.#head.subarray(0, known.length).equals(known)) return false
    this.#head = known
    return true
  }

  #learnHead(live: PlainLog): void {
    const head = Buffer.alloc(headBytes)
    this.#head = head.subarray(0, live.readAt(head, 0))
  }

  /** Its name belongs to another file now. What was rotated meanwhile comes before that one. */
  async #goOnInNext(live: PlainLog): Promise<void> {
    const named = fileAt(this.#log)
    const rotated = listRotatedFiles(this.#log)
    const between = await this.#between(rotated, live)
    if (between.length > 0 && (await this.#indexOf(rotated, live.identity)) === undefined)
      this.#onNotice(
        `the log ${this.#log} was rotated faster than it was read: lines from before its oldest file may be missing here`,
      )
    this.#knowRotations(rotated)
    const isAmong = between.some(({identity}) => named && isSameFile(identity, named.identity))
    this.#enqueue([...between, ...(!named || isAmong ? [] : [named])].map((file) => ({file, start: 0})))
  }

  /** Of the rotated files those that came after the one that is open. */
  async #between(rotated: readonly LogFile[], live: PlainLog): Promise<LogFile[]> {
    const at = await this.#indexOf(rotated, live.identity)
    return at === undefined ? this.#newer(rotated) : rotated.slice(at + 1)
  }

  /** It was copied to a rotated file and emptied; what was not read of it is in the copy. */
  async #goOnInCopy(live: PlainLog): Promise<Reading | undefined> {
    const offset = live.offset
    const rotated = listRotatedFiles(this.#log)
    const at = await this.#indexOf(rotated)
    const named = fileAt(this.#log)
    const rest = named ? [{file: named, start: 0}] : []
    if (at === undefined) {
      this.#onNotice(`the log ${live.path} was emptied: reading on from its beginning`)
      this.#enqueue(rest)
      return 'file-end'
    }
    const [copy, ...newer] = rotated.slice(at)
    this.#enqueue([
      {file: copy as LogFile, start: offset},
      ...newer.map((file) => ({file, start: 0})),
      ...rest,
    ])
    return undefined
  }

  /** Which of the files, oldest first, is the one that was followed. */
  async #indexOf(files: readonly LogFile[], identity?: string): Promise<number | undefined> {
    const same = files.findIndex((file) => identity !== undefined && isSameFile(file.identity, identity))
    if (same !== -1) return same
    if (this.#head.length === 0) return undefined
    for (const [index, file] of [...files.entries()].reverse()) {
      if (identity !== undefined && !file.compressed) continue
      if (await this.#beginsAlike(file)) return index
    }
    return undefined
  }

  async #beginsAlike(file: LogFile): Promise<boolean> {
    if (this.#head.length === 0) return false
    try {
      return (await headOf(file, this.#head.length)).equals(this.#head)
    } catch (error) {
      // Gone, or damaged.
      if (error instanceof UserError) return false
      throw error
    }
  }

  #newer(rotated: readonly LogFile[]): LogFile[] {
    return rotated.filter(({rotation}) => rotation > this.#newestRotation)
  }

  #enqueue(segments: readonly Segment[]): void {
    const attempt = this.attempt
    this.#queue.push(...segments.map((segment) => ({...segment, file: {...segment.file, attempt}})))
    this.#knowRotations(segments.map(({file}) => file))
    this.close()
  }

  /** Files that are read, or are going to be. */
  #knowRotations(files: readonly LogFile[]): void {
    const newest = newestRotation(files)
    if (newest > this.#newestRotation) this.#newestRotation = newest
  }

  /**
   * The copy that was read before may not have been whole yet. True where it is read on first; where the file has
   * not been emptied since, it is read on itself, behind what was read of its copy.
   */
  async #finishRotated(live: PlainLog, segment: Segment): Promise<boolean> {
    const last = this.#lastRotated
    this.#lastRotated = undefined
    if (!last || segment.start > 0) return false
    const rotated = listRotatedFiles(segment.file.log)
    // Docker's numbers are those of other files after the next rotation.
    const copy =
      rotated.find(({identity}) => isSameFile(identity, last.identity)) ??
      rotated.find(
        ({rotation, compressed}) => compressed && rotation === last.rotation && rotation.length > 3,
      )
    if (!copy) return false
    if ((await this.#beginsAlike(copy)) && isSameBefore(last.offset, live, copy)) {
      live.offset = last.offset
      return false
    }
    if (!copy.compressed && copy.sizeBytes <= last.offset) return false
    this.#enqueue([{file: copy, start: last.offset}, segment])
    return true
  }

  /** Files may have been rotated between the listing and the opening of the live one: they come first. */
  async #insertNewer(live: Segment): Promise<void> {
    const opened = this.#open as PlainLog
    const before: LogFile[] = []
    for (const file of this.#newer(listRotatedFiles(live.file.log))) {
      if (isSameFile(file.identity, opened.identity) || (await this.#beginsAlike(file))) break
      before.push(file)
    }
    if (before.length === 0) return
    this.#enqueue([...before.map((file) => ({file, start: 0})), live])
  }
}

/** Docker's lines end with their time, so two files may begin alike. */
function isSameBefore(offset: number, log: PlainLog, file: LogFile): boolean {
  if (file.compressed) return false
  const from = Math.max(0, offset - headBytes)
  const endOf = (each: PlainLog) => {
    const bytes = Buffer.alloc(offset - from)
    return bytes.subarray(0, each.readAt(bytes, from))
  }
  const known = endOf(log)
  if (known.length < offset - from) return false
  try {
    using other = new PlainLog(file.path, 0)
    return endOf(other).equals(known)
  } catch (error) {
    // Gone meanwhile.
    if (error instanceof UserError) return false
    throw error
  }
}
