import type {Socket} from 'node:net'
import {Readable} from 'node:stream'
import type {RunOnNode} from '../../nodes/run.js'
import type {LocalSource} from '../../sessions/cp/copy.js'
import {takeTerminal} from '../../terminal/raw.js'
import {archiveFor} from './copy.js'

interface InputOptions {
  /** The command line is one for which the terminal may be taken. */
  givesKeys: boolean
  /** What the command line copies into a container. */
  source: LocalSource | undefined
  /** Instead of stdin: one connection of a port-forward. */
  socket: Socket | undefined
  /** Instead of stdin: a file of this machine. */
  file?: Readable | undefined
  /** Instead of stdin: nothing. */
  isEmpty?: boolean
}

type Origin = AsyncIterable<Buffer | string> & {destroy?: () => void}

/** What the user's stdin holds, or a file to copy, to the node as far as the program there asks for it. */
export class InputForNode implements Disposable {
  readonly #run: RunOnNode
  readonly #options: InputOptions
  #wanted = 0
  /** What is read at present; undefined before anything was asked for. */
  #origin: Origin | undefined
  #over = false
  #answerHoles: ((takes: boolean) => void) | undefined
  #wake: (() => void) | undefined
  #restoreTerminal: (() => void) | undefined

  constructor(run: RunOnNode, options: InputOptions) {
    this.#run = run
    this.#options = options
  }

  /**
   * `input N`: that many bytes more. `raw on`, `raw off`: each key as it is, or lines as the terminal makes them.
   * `over`: nothing more comes of the connection. `pack …`: from now on the tar stream of what is copied. `holes true`: whether that may have some.
   */
  hear(mark: string): void {
    const space = mark.indexOf(' ')
    const [word, value] = space < 0 ? [mark, ''] : [mark.slice(0, space), mark.slice(space + 1)]
    switch (word) {
      case 'over':
        this.#options.socket?.end()
        return
      case 'raw':
        this.#setRaw(value === 'on')
        return
      case 'pack':
        this.#pack(value)
        return
      case 'holes':
        this.#answerHoles?.(value === 'true')
        return
      case 'input':
        if (!/^\d{1,9}$/.test(value)) return
        this.#wanted += Number(value)
        this.#wake?.()
        if (!this.#origin) this.#read(this.#stdin())
    }
  }

  #pack(request: string): void {
    const {source} = this.#options
    const archive = source && archiveFor(source, request, () => this.#askForHoles())
    if (!archive) return
    // A stream before it was given up.
    this.#wanted = 0
    void this.#run.send({kind: 'archive'})
    this.#read(archive)
  }

  async #askForHoles(): Promise<boolean> {
    await this.#run.send({kind: 'holes'})
    return await new Promise((resolve) => {
      this.#answerHoles = resolve
    })
  }

  /** A connection goes on in the other direction when this one has ended. */
  #stdin(): Origin {
    if (this.#options.file) return this.#options.file
    if (this.#options.isEmpty) return Readable.from([])
    return this.#options.socket?.iterator({destroyOnReturn: false}) ?? process.stdin
  }

  #read(origin: Origin): void {
    const before = this.#origin
    this.#origin = origin
    this.#wake?.()
    if (before !== process.stdin) before?.destroy?.()
    void this.#pass(origin)
  }

  async #pass(origin: Origin): Promise<void> {
    const isOver = () => this.#over || this.#origin !== origin
    try {
      for await (const chunk of origin) {
        let rest = chunk as Buffer
        while (rest.length > 0) {
          while (this.#wanted === 0 && !isOver()) await this.#untilWanted()
          if (isOver()) return
          const bytes = rest.subarray(0, Math.min(this.#wanted, rest.length))
          this.#wanted -= bytes.length
          await this.#run.send({kind: 'data', bytes})
          rest = rest.subarray(bytes.length)
        }
      }
    } catch (error) {
      // An archive that ends too early must not look whole; stdin that can't be read any more is at its end.
      if ((this.#options.source || this.#options.file) && origin !== process.stdin && !isOver())
        this.#run.stop(error)
    }
    if (!isOver()) await this.#run.send({kind: 'end'})
  }

  #untilWanted(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #setRaw(on: boolean): void {
    if (on && this.#options.givesKeys && process.stdin.isTTY && !this.#over)
      this.#restoreTerminal ??= takeTerminal(process.stdin)
    if (on) return
    this.#restoreTerminal?.()
    this.#restoreTerminal = undefined
  }

  [Symbol.dispose](): void {
    this.#over = true
    this.#setRaw(false)
    this.#wake?.()
    this.#options.file?.destroy()
    if (this.#origin === process.stdin) process.stdin.destroy()
  }
}
