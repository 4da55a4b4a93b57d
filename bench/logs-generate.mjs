// Writes log files as a runtime does, always the same for the same arguments:
//   node bench/logs-generate.mjs FILE KIND BYTES [--step-back SECONDS@PART]
// KIND: short (lines of about 80 bytes), long (8 KiB), partial (lines of 40 KiB in parts of 16), mixed, or endless (one
// line of that size). 10 % is stderr, times have as many digits as containerd leaves, lines are text with UTF-8 in it.
import {closeSync, openSync, writeSync} from 'node:fs'
import {pathToFileURL} from 'node:url'

const words =
  'the quick brown fox jumps over a lazy dog — naïve café, 12345 requests in 0.25 s, übermäßig '.repeat(600)
const source = Buffer.from(words)

/** The first place from there on where no character is cut. */
function characterAt(place) {
  let at = place
  while ((source[at] & 0xc0) === 0x80) at++
  return at
}

export function generate(file, kind, sizeBytes, {stepBack = 0, at = 0.5} = {}) {
  const descriptor = openSync(file, 'w')
  const block = Buffer.allocUnsafe(4 * 1024 * 1024)
  let filled = 0
  let written = 0
  const put = (piece) => {
    if (filled + piece.length > block.length) {
      writeSync(descriptor, block, 0, filled)
      filled = 0
    }
    filled += typeof piece === 'string' ? block.write(piece, filled, 'latin1') : piece.copy(block, filled)
    written += piece.length
  }
  const random = seeded(1)
  // A day for the whole file, whatever its size.
  const secondsPerByte = 86_400 / sizeBytes
  let records = 0
  const record = (stream, tag, length) => {
    const back = written / sizeBytes >= at ? stepBack : 0
    put(`${stamp(written * secondsPerByte - back)} ${stream} ${tag} `)
    const from = characterAt(Math.floor(random() * 1000))
    for (let left = length; left > 0; ) {
      const piece = source.subarray(from, characterAt(from + left))
      put(piece)
      left -= piece.length
    }
    put('\n')
    records++
  }
  while (written < sizeBytes) {
    const stream = random() < 0.1 ? 'stderr' : 'stdout'
    const shape = kind === 'mixed' ? mixture(random()) : kind
    if (shape === 'short') record(stream, 'F', Math.floor(random() * 160))
    else if (shape === 'long') record(stream, 'F', 8192)
    else if (shape === 'endless') record('stdout', 'F', sizeBytes)
    else for (const [tag, length] of parts) record(stream, tag, length)
  }
  writeSync(descriptor, block, 0, filled)
  closeSync(descriptor)
  return {records, sizeBytes: written}
}

const parts = [
  ['P', 16_384],
  ['P', 16_384],
  ['F', 8_192],
]

function mixture(chance) {
  return chance < 0.95 ? 'short' : chance < 0.995 ? 'long' : 'partial'
}

export const start = Date.UTC(2026, 0, 2)

/** RFC 3339 so many seconds into 2 January 2026, its zeros cut off as Go does. */
export function stamp(seconds) {
  const whole = Math.floor(seconds)
  const nanos = Math.floor((seconds - whole) * 1e9)
  const fraction = nanos === 0 ? '' : `.${nanos.toString().padStart(9, '0').replace(/0+$/, '')}`
  return `${minute(Math.floor(whole / 60))}${(((whole % 60) + 60) % 60).toString().padStart(2, '0')}${fraction}Z`
}

let known = Number.NaN
let text = ''
function minute(minutes) {
  if (minutes !== known) {
    known = minutes
    text = new Date(start + minutes * 60_000).toISOString().slice(0, 17)
  }
  return text
}

function seeded(seed) {
  let state = seed * 1_000_003
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [file, kind, bytes, flag, step] = process.argv.slice(2)
  if (!file || !kind || !bytes)
    throw new Error('usage: logs-generate.mjs FILE KIND BYTES [--step-back SECONDS@PART]')
  const [stepBack = 0, at = 0.5] = flag === '--step-back' ? step.split('@').map(Number) : []
  const {records, sizeBytes} = generate(file, kind, Number(bytes), {stepBack, at})
  console.log(`${file}: ${records} records, ${sizeBytes} bytes`)
}
