import {type Column, type TableOptions, table} from '../formats/table.js'
import type {View} from '../formats/view.js'
import type {Moment, Timeline} from '../node/timeline.js'
import {durationText} from '../text/duration.js'
import {exitText} from '../text/exit.js'
import {rfc3339} from '../text/time.js'

export interface TimelineContext extends TableOptions {
  nowMs: number
}

const columns: readonly Column[] = [
  {title: 'TIME'},
  {title: 'CONTAINER', min: 9},
  {title: 'WHAT', min: 15},
  {title: 'TOOK', drop: 1},
]

export function timelineView(timeline: Timeline, {nowMs, ...options}: TimelineContext): View {
  return {
    document: () => documentOf(timeline),
    items: () => momentsOf(timeline),
    names: () => [timeline.pod],
    table: () => `${timeline.pod}\n${table(columns, rowsOf(timeline, nowMs), options)}`,
  }
}

function rowsOf({moments, running, next}: Timeline, nowMs: number): string[][] {
  let day = ''
  const rows = moments.flatMap((moment) => {
    const time = rfc3339(String(moment.timeNs))
    const isNewDay = time.slice(0, 10) !== day
    day = time.slice(0, 10)
    const row = [clock(time), moment.container ?? '', whatOf(moment), tookOf(moment)]
    return isNewDay ? [[day, '', '', ''], row] : [row]
  })
  const now = running.map(({container, startedAtNs}) => [
    'now',
    container,
    `runs for ${durationText(Math.max(0, nowMs - Number(startedAtNs / 1_000_000n)))}`,
    '',
  ])
  const then = next.map(({container, attempt, atNs}) => [
    inTime(Number(atNs / 1_000_000n) - nowMs),
    container,
    `attempt ${attempt}, by the usual back-off`,
    '',
  ])
  return [...rows, ...now, ...then]
}

function inTime(ms: number): string {
  return ms <= 0 ? 'due' : `in ${durationText(Math.ceil(ms / 1000) * 1000)}`
}

/** `02:51:09.042` of a time in RFC 3339. */
function clock(time: string): string {
  const [, seconds = '', fraction = ''] = /T([\d:]+)(?:\.(\d+))?/.exec(time) ?? []
  return `${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}`
}

function whatOf({kind, attempt, status, text = ''}: Moment): string {
  const which = attempt > 0 ? `, attempt ${attempt}` : ''
  switch (kind) {
    case 'asked':
      return `pod asked for${which}`
    case 'pulling':
      return `pull of ${text} begun`
    case 'pulled':
      return `${text} pulled`
    case 'out of memory':
      return `out of memory${which}`
    case 'said':
      return text
    case 'sandbox':
      return `pod created${which}`
    case 'first line':
    case 'last line':
      return `${kind.replace(' ', ' log ')}${which}`
    case 'ended':
      return `${status ? exitText(status) : 'ended'}${which}`
    default:
      return `${kind}${which}`
  }
}

const waits: Readonly<Partial<Record<Moment['kind'], string>>> = {
  sandbox: 'network and pause',
  pulled: 'to pull',
  started: 'to start',
  'first line': 'to the first line',
  ended: 'running',
}

function tookOf({kind, since, timeNs}: Moment): string {
  if (!since) return ''
  const took = durationText(Number((timeNs - since.timeNs) / 1_000n) / 1000)
  const why = kind === 'created' ? afterWhat(since.kind) : waits[kind]
  return `${took} ${why}`
}

function afterWhat(kind: Moment['kind']): string {
  switch (kind) {
    case 'sandbox':
      return 'after the pod'
    case 'pulled':
      return 'after the pull'
    default:
      return 'back-off'
  }
}

function documentOf(timeline: Timeline): unknown {
  return {
    pod: timeline.pod,
    moments: [...momentsOf(timeline)],
    running: timeline.running.map(({container, attempt, startedAtNs}) => ({
      container,
      attempt,
      startedAt: rfc3339(String(startedAtNs)),
    })),
    next: timeline.next.map(({container, attempt, atNs}) => ({
      container,
      attempt,
      at: rfc3339(String(atNs)),
    })),
  }
}

function* momentsOf({moments}: Timeline): Generator<unknown> {
  for (const {timeNs, kind, container, attempt, source, status, since, text} of moments)
    yield {
      time: rfc3339(String(timeNs)),
      what: kind,
      ...(container === undefined ? {} : {container}),
      attempt,
      source,
      ...(text === undefined ? {} : {text}),
      ...(status ? {exitCode: status.exitCode, reason: status.reason} : {}),
      ...(since ? {since: since.kind, tookMs: Number((timeNs - since.timeNs) / 1_000n) / 1000} : {}),
    }
}
