import {durationText} from '../../text/duration.js'
import {nodesInMessage} from './nodes-in-message.js'

// Lines of several nodes are in the order of the times that they say; whoever reads them is told where clocks differ.

/** A node says its time this often: each time but the first answers a question from here. */
const mostTimes = 4
/** What is said of a difference that is surely larger. */
const tellingMs = 100

/** How far a clock is ahead of the one here: between the two. */
export interface ClockRange {
  leastMs: number
  mostMs: number
}

/** Asks a node for its time, and takes the answer that came soonest. */
export class NodeClock {
  readonly #ask: () => void
  readonly #now: () => number
  #askedAtMs: number | undefined
  #times = 0
  #tripMs = Number.POSITIVE_INFINITY
  range: ClockRange | undefined

  constructor(ask: () => void, now: () => number = nowMs) {
    this.#ask = ask
    this.#now = now
  }

  /** True when it was asked often enough. */
  hear(timeMs: number): boolean {
    const now = this.#now()
    const tripMs = now - (this.#askedAtMs ?? Number.NEGATIVE_INFINITY)
    // The clock was read at some moment of the way there and back, however much of it was the one or the other.
    if (tripMs < this.#tripMs) {
      this.#tripMs = tripMs
      this.range = {leastMs: timeMs - now, mostMs: timeMs - now + tripMs}
    }
    this.#times++
    if (this.#times >= mostTimes) return true
    this.#askedAtMs = now
    this.#ask()
    return false
  }
}

/** The clocks of several nodes, of which one line is said as soon as all are known or their nodes are done. */
export class Clocks {
  readonly #clocks = new Map<string, NodeClock>()
  readonly #awaited: Set<string>
  readonly #say: (text: string) => void

  constructor(nodes: readonly string[], say: (text: string) => void) {
    this.#awaited = new Set(nodes)
    this.#say = say
  }

  /** What a program there says of its time; false for a mark that is about something else. */
  listen(node: string, ask: () => void): (mark: string) => boolean {
    const clock = new NodeClock(ask)
    this.#clocks.set(node, clock)
    return (mark) => {
      const [, time] = /^clock (\d{1,15})$/.exec(mark) ?? []
      if (time === undefined) return false
      if (clock.hear(Number(time))) this.settle(node)
      return true
    }
  }

  settle(node: string): void {
    if (!this.#awaited.delete(node) || this.#awaited.size > 0) return
    const known = [...this.#clocks].flatMap(([name, {range}]) => (range ? [[name, range] as const] : []))
    const text = clocksText(new Map(known))
    if (text !== undefined) this.#say(text)
  }
}

/** Goes on evenly while the clock here is set. */
function nowMs(): number {
  return performance.timeOrigin + performance.now()
}

/** One line; undefined where no two clocks surely differ by more than 100 ms. */
export function clocksText(ranges: ReadonlyMap<string, ClockRange>): string | undefined {
  const all = [...ranges]
  const apart = Math.max(...all.map(([, a]) => a.leastMs)) - Math.min(...all.map(([, b]) => b.mostMs))
  if (!(apart > tellingMs)) return undefined
  const common = commonRange(all.map(([, range]) => range))
  const rest: string[] = []
  const others = new Map<string, string[]>()
  for (const [node, range] of all) {
    const away = Math.max(range.leastMs - common.mostMs, common.leastMs - range.mostMs)
    // Of two that are so far apart one is half as far from what most say.
    if (away <= tellingMs / 2) {
      rest.push(node)
      continue
    }
    const differenceMs = middle(range) - middle(common)
    const text = `${roundedText(Math.abs(differenceMs))} ${differenceMs > 0 ? 'ahead' : 'behind'}`
    others.set(text, [...(others.get(text) ?? []), node])
  }
  const parts = [...others].map(([text, nodes]) => `that of ${nodesInMessage(nodes)} is ${text}`)
  return `clocks differ: compared to ${nodesInMessage(rest)} ${parts.join(', ')}: each line has its place by the time of its own node`
}

/** That which most of them agree on; where no more agree elsewhere, of those in the middle. */
function commonRange(ranges: readonly ClockRange[]): ClockRange {
  const sorted = ranges.toSorted((a, b) => a.leastMs - b.leastMs)
  const middleIndex = (sorted.length - 1) >> 1
  const groups = sorted.map(({leastMs: at}, index) => ({
    at,
    from: Math.abs(index - middleIndex),
    there: ranges.filter(({leastMs, mostMs}) => leastMs <= at && at <= mostMs),
  }))
  const [best] = groups.toSorted((a, b) => b.there.length - a.there.length || a.from - b.from)
  return {
    leastMs: best?.at ?? 0,
    mostMs: Math.min(...(best?.there ?? []).map(({mostMs}) => mostMs)),
  }
}

function middle({leastMs, mostMs}: ClockRange): number {
  return (leastMs + mostMs) / 2
}

function roundedText(ms: number): string {
  return durationText(ms < 1_000 ? Math.round(ms / 10) * 10 : ms)
}
