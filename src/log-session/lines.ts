import {isUtf8} from 'node:buffer'
import {escapeUnit} from '../formats/json.js'
import type {LogLine} from '../logs/lines.js'
import {streamNames} from '../logs/record.js'
import {stampText} from '../logs/time.js'
import type {Regexp, Span} from '../text/regexp/index.js'

export interface LogOrigin {
  namespace: string
  pod: string
  container: string
  attempt: number
}

/** Colours for a terminal that wants them. */
export interface LogStyle {
  /** Of what a line was chosen for. */
  match: (text: string) => string
  /** Of the names in front of lines, one for each log in turn. */
  origins: readonly ((text: string) => string)[]
}

export interface LinePieces {
  /** Printed as it is, with its own colours. */
  prefix: string
  timestamps: boolean
  /** Marks what matches an expression. */
  highlight: ((text: string) => string) | undefined
  /** A line without an end gets one, since another log's may follow. */
  alwaysEnd: boolean
}

const lineEnd = '\n'

/** A line for people: its own bytes, with what was asked for in front. */
export function linePieces(
  line: LogLine,
  {prefix, timestamps, highlight, alwaysEnd}: LinePieces,
): (Uint8Array | string)[] {
  const pieces: (Uint8Array | string)[] = []
  if (!line.continued || alwaysEnd) {
    if (prefix !== '') pieces.push(prefix)
    if (timestamps) pieces.push(`${stampText(line, line.offsetMinutes)} `)
  }
  pieces.push(highlight && isUtf8(line.content) ? highlight(line.content.toString('utf8')) : line.content)
  if (line.ended || alwaysEnd) pieces.push(lineEnd)
  return pieces
}

/** One JSON object a line. A message that is no UTF-8 comes whole as `messageBase64`; one that is JSON as `parsed` too. */
export function lineJson(line: LogLine, {namespace, pod, container, attempt}: LogOrigin): string {
  const message = line.content.toString('utf8')
  const fields = JSON.stringify({
    time: stampText(line, line.offsetMinutes),
    stream: streamNames[line.stream],
    namespace,
    pod,
    container,
    attempt,
    message,
    ...(isUtf8(line.content) ? {} : {messageBase64: line.content.toString('base64')}),
    ...(line.ended ? {} : {partial: true}),
  })
  // Its own text, so that no number loses a digit.
  const parsed = isJsonDocument(message) ? `,"parsed":${message.trim()}` : ''
  return `${fields.slice(0, -1)}${parsed}}`.replace(/[\u007f-\u009f]/g, escapeUnit) + lineEnd
}

function isJsonDocument(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    // Only looks like it.
    return false
  }
}

/** All that matches one of the expressions, marked. */
export function highlighter(
  expressions: readonly Regexp[],
  mark: (text: string) => string,
): (text: string) => string {
  return (text) => {
    let [marked, end] = ['', 0]
    for (const [from, to] of joinSpans(expressions.flatMap((expression) => expression.spans(text)))) {
      marked += text.slice(end, from) + mark(text.slice(from, to))
      end = to
    }
    return marked + text.slice(end)
  }
}

/** Those that overlap are one; none is empty. */
function joinSpans(spans: readonly Span[]): Span[] {
  const sorted = spans.filter(([from, to]) => from < to).sort(([a], [b]) => a - b)
  const whole: [number, number][] = []
  for (const [from, to] of sorted) {
    const last = whole.at(-1)
    if (last && from < last[1]) last[1] = Math.max(last[1], to)
    else whole.push([from, to])
  }
  return whole
}
