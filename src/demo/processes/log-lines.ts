import {localDateTime, zoneText} from '../../text/time.js'
import type {OutputName} from './attached-clients.js'

/** containerd keeps the beginning of a line until the rest comes, CRI-O's conmon writes it as a piece of its own. */
export type LogStyle = 'containerd' | 'conmon'

/** Longer lines are cut into pieces, as by default. */
const maxLineBytes = {containerd: 16 * 1024, conmon: 8 * 1024} as const

const newline = 0x0a
const carriageReturn = 0x0d

/** Cuts what one stream of a container prints into lines of a CRI log. */
export class LogLines {
  readonly #stream: OutputName
  readonly #style: LogStyle
  readonly #timestamp: () => string
  #rest: Buffer = Buffer.alloc(0)

  constructor(stream: OutputName, style: LogStyle, timestamp: () => string = () => localTimestamp(style)) {
    this.#stream = stream
    this.#style = style
    this.#timestamp = timestamp
  }

  /** The lines that this chunk completes. */
  take(chunk: Buffer): Buffer {
    const pieces: Buffer[] = []
    const maxBytes = maxLineBytes[this.#style]
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    for (;;) {
      const end = rest.subarray(0, maxBytes + 1).indexOf(newline)
      if (end !== -1) {
        const line = rest.subarray(0, end)
        pieces.push(...this.#line('F', this.#style === 'conmon' ? line : withoutReturn(line)))
        rest = rest.subarray(end + 1)
      } else if (rest.length > maxBytes) {
        pieces.push(...this.#line('P', rest.subarray(0, maxBytes)))
        rest = rest.subarray(maxBytes)
      } else break
    }
    this.#rest = Buffer.from(rest)
    if (this.#style === 'conmon') pieces.push(this.end())
    return Buffer.concat(pieces)
  }

  /** What was printed after the last newline. */
  end(): Buffer {
    const pieces = this.#rest.length === 0 ? [] : this.#line('P', this.#rest)
    this.#rest = Buffer.alloc(0)
    return Buffer.concat(pieces)
  }

  #line(tag: 'P' | 'F', content: Buffer): Buffer[] {
    return [Buffer.from(`${this.#timestamp()} ${this.#stream} ${tag} `), content, Buffer.from('\n')]
  }
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line
}

/** RFC 3339 in local time: with as many digits of the second as it has, up to nine; or with all nine, and no `Z`. */
export function localTimestamp(style: LogStyle = 'containerd'): string {
  const microseconds = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1_000))
  const date = new Date(Number(microseconds / 1_000n))
  const local = localDateTime(date)
  const zone = zoneText(-date.getTimezoneOffset())
  const digits = String(microseconds % 1_000_000n).padStart(6, '0')
  if (style === 'conmon') return `${local}.${digits}000${zone.replace('Z', '+00:00')}`
  const fraction = digits.replace(/0+$/, '')
  return `${local}${fraction === '' ? '' : `.${fraction}`}${zone}`
}
