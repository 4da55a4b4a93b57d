import type {ReadStream, WriteStream} from 'node:tty'
import type {CriClient} from '../client/connect.js'
import {Interrupted, RpcError} from '../errors/errors.js'
import {LogTail} from '../logs/last-lines.js'
import {KnownEndings} from '../node/endings.js'
import {isRuntimeLost} from '../node/lost-runtime.js'
import {NodeSampler, type NodeState, nodeState} from '../node/sample.js'
import {type Key, KeyDecoder, type Pointed} from '../terminal/keys.js'
import {Screen} from '../terminal/screen.js'
import type {Units} from '../text/units.js'
import {type TopDetail, type TopFrame, type TopStyle, topLines, topPage, topTarget} from './frame.js'
import {NodeHistory, type TopPod} from './node.js'
import {type TopRow, topRows} from './rows.js'
import {keepSelection, paste, point, press, selectedIndex, type TopEffect, type TopState} from './state.js'
import type {Visited} from './visit.js'

export interface TopSessionOptions {
  client: CriClient
  input: ReadStream
  output: WriteStream
  signal: AbortSignal
  /** Tells that the process ends, or goes on after a stop. */
  program: Pick<NodeJS.Process, 'on' | 'off'>
  state: TopState
  /** Which pods and containers count at all. */
  filter: (pods: TopPod[]) => TopPod[]
  intervalMs: number
  units: Units
  style: TopStyle
  machine: TopFrame['machine']
  /** Runs crisp itself on the terminal; resolves when the user has seen what it printed, or soon after the signal. */
  visit: (what: Visited, row: TopRow, signal: AbortSignal) => Promise<void>
  /** What to say of a call that the runtime refused. */
  describe: (error: RpcError) => string
  /** Stops the process as Ctrl-Z does; returns when it goes on. */
  suspend: () => Promise<void>
}

/** Figures of the runtime that change slowly are asked for only every so many samples. */
const slowEvery = 5
const escapeMs = 50
/** As many as the pane of a very high terminal shows. */
const logLines = 100
/** How long a sample may wait for how containers have ended; what is not told by then is asked for at the next. */
const endingsWithinMs = 500

/** `top` on a terminal, from the first sample to the user's last key. */
export class TopSession {
  readonly #options: TopSessionOptions
  readonly #screen: Screen
  readonly #keys = new KeyDecoder()
  readonly #sampler: NodeSampler
  readonly #history = new NodeHistory()
  readonly #endings = new KnownEndings()
  readonly #logTail = new LogTail()
  readonly #done = defer()
  #state: TopState
  #node: NodeState | undefined
  #pods: TopPod[] = []
  /** The rows, and what they were made of. */
  #made: {pods: TopPod[]; state: TopState | undefined; rows: TopRow[]} = {
    pods: [],
    state: undefined,
    rows: [],
  }
  #detail: TopDetail | undefined
  #notice: string | undefined
  #lostAtMs: number | undefined
  #samples = 0
  #timer: NodeJS.Timeout | undefined
  #escapeTimer: NodeJS.Timeout | undefined
  /** Somebody else has the terminal. */
  #away = false
  readonly #over = new AbortController()

  constructor(options: TopSessionOptions) {
    this.#options = options
    this.#state = options.state
    this.#sampler = new NodeSampler(options.client)
    this.#screen = new Screen((text) => options.output.write(text))
  }

  /** Resolves when the user quits, rejects with the signal's reason. The terminal is as before in every ending. */
  async run(): Promise<void> {
    const {signal, program, input, output} = this.#options
    await this.#sample()
    const abort = () => this.#done.reject(signal.reason)
    const resize = () => this.#redrawAll()
    // Whoever had the terminal meanwhile has its own modes and its own text there.
    const takeAgain = () => {
      if (this.#away) return
      this.#leave()
      this.#enter()
    }
    // The process may also end where no promise is waited for, as after a second Ctrl-C.
    const leave = () => this.#leave()
    signal.addEventListener('abort', abort, {once: true})
    program.on('exit', leave).on('SIGCONT', takeAgain)
    output.on('resize', resize)
    // Also while somebody else has the terminal: an error that nobody listens for ends the process.
    input.on('error', this.#onHangup)
    try {
      signal.throwIfAborted()
      this.#enter()
      this.#schedule(Math.min(1_000, this.#options.intervalMs))
      this.#lookAtSelected()
      await this.#done.promise
    } finally {
      this.#over.abort()
      clearTimeout(this.#timer)
      clearTimeout(this.#escapeTimer)
      signal.removeEventListener('abort', abort)
      output.off('resize', resize)
      leave()
      input.off('error', this.#onHangup)
      program.off('exit', leave).off('SIGCONT', takeAgain)
    }
  }

  /** Shown at the bottom until the next sample. */
  notice(text: string): void {
    this.#notice = text
    this.#draw()
  }

  #enter(): void {
    if (this.#over.signal.aborted) return
    const {input} = this.#options
    this.#away = false
    input.setRawMode(true)
    input.on('data', this.#onData).on('end', this.#onHangup)
    input.resume()
    this.#screen.enter()
    this.#draw()
  }

  #leave(): void {
    const {input} = this.#options
    this.#away = true
    this.#screen.leave()
    input.off('data', this.#onData).off('end', this.#onHangup)
    if (!input.destroyed) input.setRawMode(false)
    input.pause()
  }

  readonly #onHangup = () => this.#done.reject(new Interrupted('SIGHUP'))

  readonly #onData = (bytes: Buffer) => {
    clearTimeout(this.#escapeTimer)
    for (const key of this.#keys.feed(bytes)) {
      if (typeof key === 'string') this.#press(key)
      else if ('mouse' in key) this.#point(key)
      else this.#paste(key.pasted)
    }
    if (!this.#keys.waiting) return
    this.#escapeTimer = setTimeout(() => {
      for (const key of this.#keys.flush()) this.#press(key)
    }, escapeMs)
  }

  #press(key: Key): void {
    if (this.#away) return
    const before = this.#selected
    const {state, effect} = press(this.#state, key, this.#rows(), topPage(this.#size(), this.#state))
    this.#state = state
    this.#draw()
    if (this.#selected?.id !== before?.id) this.#lookAtSelected()
    if (effect) this.#carryOut(effect).catch((error) => this.#done.reject(error))
  }

  #point(pointed: Pointed): void {
    const frame = this.#frame()
    if (this.#away || !frame) return
    const before = this.#selected
    this.#state = point(this.#state, pointed, topTarget(frame, this.#size(), pointed), this.#rows())
    this.#draw()
    if (this.#selected?.id !== before?.id) this.#lookAtSelected()
  }

  #paste(text: string): void {
    if (this.#away) return
    this.#state = paste(this.#state, text)
    this.#draw()
  }

  async #carryOut(effect: TopEffect): Promise<void> {
    switch (effect.do) {
      case 'quit':
        return this.#done.resolve()
      case 'interrupt':
        return this.#done.reject(new Interrupted('SIGINT'))
      case 'redraw':
        return this.#redrawAll()
      case 'suspend':
        return this.#without(this.#options.suspend)
      case 'logs':
      case 'exec':
      case 'inspect':
      case 'describe':
        return this.#without(() => this.#options.visit(effect.do, effect.row, this.#over.signal))
    }
  }

  /** Lends the terminal to something else. */
  async #without(work: () => Promise<void>): Promise<void> {
    this.#leave()
    try {
      await work()
    } finally {
      this.#enter()
    }
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#tick().catch((error) => this.#done.reject(error))
    }, delayMs)
  }

  async #tick(): Promise<void> {
    try {
      await this.#sample()
      await this.#refreshDetail()
      this.#notice = undefined
      this.#lostAtMs = undefined
    } catch (error) {
      this.#notice = this.#trouble(error)
    }
    this.#draw()
    this.#schedule(this.#options.intervalMs)
  }

  /** A runtime that is restarted comes back, and one call that it refuses may succeed the next time. */
  #trouble(error: unknown): string {
    if (isRuntimeLost(error)) {
      this.#lostAtMs ??= performance.now()
      const seconds = Math.round((performance.now() - this.#lostAtMs) / 1000)
      return `the runtime has not answered for ${seconds} s: asking again (what stands here is old)`
    }
    if (error instanceof RpcError) return this.#options.describe(error)
    throw error
  }

  async #sample(): Promise<void> {
    const {client, filter} = this.#options
    const [sample, node] = await Promise.all([
      this.#sampler.sample(),
      this.#samples % slowEvery === 0 || !this.#node ? nodeState(client) : this.#node,
    ])
    this.#samples++
    this.#node = node
    const before = this.#rows()
    const endings = await this.#endings.of(client, sample, {withinMs: endingsWithinMs, nowMs: Date.now()})
    this.#pods = filter(this.#history.take(sample, endings))
    this.#state = keepSelection(this.#state, before, this.#rows())
  }

  #lookAtSelected(): void {
    this.#refreshDetail().then(
      () => this.#draw(),
      (error) => this.#done.reject(error),
    )
  }

  /** The state of the selected row and the end of its log. What fails here is missing, no more. */
  async #refreshDetail(): Promise<void> {
    const row = this.#selected
    if (!row || this.#away || !this.#state.pane) return
    const detail = await this.#detailOf(row)
    if (this.#selected?.id === row.id) this.#detail = detail
  }

  async #detailOf(row: TopRow): Promise<TopDetail | undefined> {
    const {client} = this.#options
    try {
      if (row.kind === 'pod') {
        const {status} = await client.runtime.podSandboxStatus({podSandboxId: row.id})
        return {id: row.id, pod: status ?? undefined, log: []}
      }
      const {status} = await client.runtime.containerStatus({containerId: row.id})
      return {
        id: row.id,
        container: status ?? undefined,
        log: await this.#logTail.read(status?.logPath ?? '', logLines),
      }
    } catch (error) {
      if (error instanceof RpcError) return undefined
      throw error
    }
  }

  get #selected(): TopRow | undefined {
    const rows = this.#rows()
    return rows[selectedIndex(rows, this.#state.selectedId)]
  }

  #rows(): TopRow[] {
    const {pods, state} = this.#made
    if (pods !== this.#pods || state !== this.#state)
      this.#made = {pods: this.#pods, state: this.#state, rows: topRows(this.#pods, this.#state)}
    return this.#made.rows
  }

  #size(): {columns: number; rows: number} {
    const {columns, rows} = this.#options.output
    return {columns: columns || 80, rows: rows || 24}
  }

  #redrawAll(): void {
    this.#screen.redrawAll()
    this.#draw()
  }

  #frame(): TopFrame | undefined {
    if (!this.#node) return undefined
    const {machine, units} = this.#options
    return {
      node: this.#node,
      machine,
      pods: this.#pods,
      rows: this.#rows(),
      state: this.#state,
      detail: this.#detail,
      notice: this.#notice,
      units,
      nowMs: Date.now(),
    }
  }

  #draw(): void {
    const frame = this.#frame()
    if (this.#away || !frame) return
    this.#screen.draw(topLines(frame, this.#size(), this.#options.style))
  }
}

/** Promise.withResolvers comes with Node 22. */
function defer(): {promise: Promise<void>; resolve: () => void; reject: (reason: unknown) => void} {
  let resolve = (): void => undefined
  let reject = (_reason: unknown): void => undefined
  const promise = new Promise<void>((onDone, onFailed) => {
    resolve = onDone
    reject = onFailed
  })
  return {promise, resolve, reject}
}
