// The hot path of `crisp logs`: a log file's bytes in, the lines' own bytes out. AssemblyScript, compiled by
// build/wasm.mjs; src/logs/line-copier.ts calls it and says what is where. Everything rare is left to the caller.
//
// Reads `2026-01-02T03:04:05.123456789Z stdout F text`. Nothing here holds a line: text goes out as far as it is
// there, and `rest` remembers what its remainder is to become.

const NEWLINE: u8 = 10
const SPACE: u8 = 32
/** A record that has gone on for so long without its text is damaged. */
const LONGEST_HEADER: usize = 256

// Why `copy` has come back.
const NEEDS_MORE: i32 = 0
const DAMAGED: i32 = 1

// What the bytes up to the next newline are.
const NEW_RECORD: i32 = 0
const TEXT: i32 = 1
const HIDDEN: i32 = 2
const CANDIDATE_TEXT: i32 = 3

// Where a stream's line stands.
const BETWEEN: i32 = 0
const IN_SHOWN: i32 = 1
const IN_HIDDEN: i32 = 2
/** It lies among the candidates until its end shows whether it holds what is looked for. */
const IN_CANDIDATE: i32 = 3

// What was asked for.
let wanted: i32 = 3
let stamps: bool = false
let timed: bool = false
let sinceNs: i64 = 0
let untilNs: i64 = 0
/** Both streams go to one place: a line of one must not begin inside a line of the other. */
let shared: bool = false

/** Only lines that hold these bytes; none if it has no size. */
let needle: usize = 0
let needleSize: usize = 0

// What goes on from one call to the next.
let rest: i32 = NEW_RECORD
let restStream: i32 = 0
let restEnds: bool = false
let line0: i32 = BETWEEN
let line1: i32 = BETWEEN
/** With one place: the stream whose line is open there, -1 for none. */
let owner: i32 = -1
/** Lines of the other stream that wait for it to end. */
let heldStart: usize = 0
let heldEnd: usize = 0
let heldLimit: usize = 0
/** For each stream a line whose end has not been seen: where its place is, its text begins and ends. */
let candidate0: usize = 0
let candidate1: usize = 0
let candidateText0: usize = 0
let candidateText1: usize = 0
let candidateEnd0: usize = 0
let candidateEnd1: usize = 0
let candidateBytes: usize = 0

// Where the output of this call ends so far.
let out0: usize = 0
let out1: usize = 0

// Of the header that was read last.
let textAt: usize = 0
let fractionAt: usize = 0
let fractionDigits: i32 = 0
let zoneAt: usize = 0
let stream: i32 = 0
let partial: bool = false
/** Behind the newline that was found last; 0 if there was none. */
let behind: usize = 0

export function setUp(
  wantedStreams: i32,
  withStamps: bool,
  withTimes: bool,
  since: i64,
  until: i64,
  oneOutput: bool,
  held: usize,
  heldBytes: usize,
): void {
  wanted = wantedStreams
  stamps = withStamps
  timed = withTimes
  sinceNs = since
  untilNs = until
  shared = oneOutput
  heldStart = held
  heldLimit = held + heldBytes
  if (heldEnd < heldStart) heldEnd = heldStart
}

/** Looks for bytes; `place` has room for a candidate of each stream. */
export function lookFor(at: usize, size: usize, place: usize, placeBytes: usize): void {
  needle = at
  needleSize = size
  candidate0 = place
  candidate1 = place + placeBytes
  candidateBytes = placeBytes
}

/** How `copy` ended, when it did not take all bytes. */
export let reason: i32 = NEEDS_MORE

export function outEnd(index: i32): usize {
  return index === 0 ? out0 : out1
}

/** Whether a line of that stream has begun and not ended. */
export function isOpen(index: i32): bool {
  return (index === 0 ? line0 : line1) === IN_SHOWN || (rest === TEXT && restStream === index)
}

/** The rest of the damaged record at which `copy` stopped is left out. */
export function skipRecord(): void {
  rest = HIDDEN
  restEnds = false
  restStream = -1
}

/** The file has ended inside a record: whatever comes next is a new one. */
export function endRecord(stdoutAt: usize, stderrAt: usize): void {
  out0 = stdoutAt
  out1 = stderrAt
  if (rest === CANDIDATE_TEXT) {
    if (restEnds) judge(restStream, true)
  } else if (rest !== NEW_RECORD && restStream >= 0) finishRecord(restStream, rest === TEXT, restEnds)
  rest = NEW_RECORD
}

/** Nothing more belongs to the lines that are open. What waited for one of them to end comes on a line of its own. */
export function endLines(stdoutAt: usize, stderrAt: usize): void {
  out0 = stdoutAt
  out1 = stderrAt
  if (heldEnd > heldStart) store<u8>(out0++, NEWLINE)
  releaseHeld()
  if (line0 === IN_CANDIDATE) judge(0, false)
  if (line1 === IN_CANDIDATE) judge(1, false)
  line0 = BETWEEN
  line1 = BETWEEN
  owner = -1
}

/** Copies the text of the records from `at` to `end` and gives the first byte that was not used. */
export function copy(at: usize, end: usize, stdoutAt: usize, stderrAt: usize): usize {
  out0 = stdoutAt
  out1 = stderrAt
  reason = NEEDS_MORE
  if (rest !== NEW_RECORD) {
    at = goOn(at, end)
    if (rest !== NEW_RECORD) return at
  }
  while (at < end) {
    if (!readHeader(at, end)) {
      if (end - at < LONGEST_HEADER && !hasNewline(at, end)) return at
      reason = DAMAGED
      return at
    }
    const line = stream === 0 ? line0 : line1
    const show = line === BETWEEN ? isWanted(at) : line === IN_SHOWN
    if (needleSize > 0 && (line === IN_CANDIDATE || (line === BETWEEN && show))) {
      at = copyIfFound(at, end, line)
      continue
    }
    if (show) {
      let out = destination(stream, textAt, end)
      if (stamps && line === BETWEEN) out = putStamp(at, out)
      out = copyText(textAt, end, out)
      setDestination(stream, out)
    } else {
      skipText(textAt, end)
    }
    if (behind === 0) {
      rest = show ? TEXT : HIDDEN
      restStream = stream
      restEnds = !partial
      return end
    }
    at = behind
    finishRecord(stream, show, !partial)
  }
  return at
}

/** A record of a line of which is not known yet whether it is to be shown. */
function copyIfFound(at: usize, end: usize, line: i32): usize {
  skipText(textAt, end)
  const next = behind
  const textEnd = next === 0 ? end : next - 1
  if (line === BETWEEN) {
    if (next !== 0 && !partial) {
      if (!holdsNeedle(textAt, textEnd)) return next
      let out = destination(stream, textAt, end)
      if (stamps) out = putStamp(at, out)
      setDestination(stream, copyText(textAt, end, out))
      finishRecord(stream, true, true)
      return next
    }
    beginCandidate(stream, at)
  }
  appendCandidate(stream, textAt, textEnd)
  if (next === 0) {
    rest = (stream === 0 ? line0 : line1) === IN_SHOWN ? TEXT : CANDIDATE_TEXT
    restStream = stream
    restEnds = !partial
    return end
  }
  const known = (stream === 0 ? line0 : line1) === IN_SHOWN
  if (known) finishRecord(stream, true, !partial)
  else if (!partial) judge(stream, true)
  return next
}

function beginCandidate(which: i32, at: usize): void {
  const start = which === 0 ? candidate0 : candidate1
  const text = stamps ? putStamp(at, start) : start
  if (which === 0) {
    line0 = IN_CANDIDATE
    candidateText0 = text
    candidateEnd0 = text
  } else {
    line1 = IN_CANDIDATE
    candidateText1 = text
    candidateEnd1 = text
  }
}

/** A line that is too long for its place is judged piece by piece: once one is shown, all that follows is. */
function appendCandidate(which: i32, from: usize, to: usize): void {
  const start = which === 0 ? candidate0 : candidate1
  const size = to - from
  if ((which === 0 ? candidateEnd0 : candidateEnd1) + size + 64 > start + candidateBytes) {
    const text = which === 0 ? candidateText0 : candidateText1
    const textEnd = which === 0 ? candidateEnd0 : candidateEnd1
    if (holdsNeedle(text, textEnd) || holdsNeedle(from, to)) {
      const out = destination(which, from, to)
      memory.copy(out, start, textEnd - start)
      memory.copy(out + textEnd - start, from, size)
      setDestination(which, out + textEnd - start + size)
      if (which === 0) line0 = IN_SHOWN
      else line1 = IN_SHOWN
      return
    }
    if (which === 0) candidateEnd0 = text
    else candidateEnd1 = text
    if (text + size + 64 > start + candidateBytes) return
  }
  const at = which === 0 ? candidateEnd0 : candidateEnd1
  memory.copy(at, from, size)
  if (which === 0) candidateEnd0 = at + size
  else candidateEnd1 = at + size
}

/** The candidate has ended: shows it if it holds what is looked for. */
function judge(which: i32, ends: bool): void {
  const start = which === 0 ? candidate0 : candidate1
  const textEnd = which === 0 ? candidateEnd0 : candidateEnd1
  const found = holdsNeedle(which === 0 ? candidateText0 : candidateText1, textEnd)
  if (which === 0) line0 = BETWEEN
  else line1 = BETWEEN
  if (!found) return
  let out = destination(which, start, textEnd)
  memory.copy(out, start, textEnd - start)
  out += textEnd - start
  if (ends) store<u8>(out++, NEWLINE)
  setDestination(which, out)
}

/** Where its first and its last byte lie at the right distance, all of it is compared. */
function holdsNeedle(from: usize, to: usize): bool {
  const first = i8x16.splat(load<u8>(needle))
  const last = i8x16.splat(load<u8>(needle + needleSize - 1))
  for (let at = from; at + needleSize <= to; at += 16) {
    let found = i8x16.bitmask(
      v128.and(i8x16.eq(v128.load(at), first), i8x16.eq(v128.load(at + needleSize - 1), last)),
    )
    for (; found !== 0; found &= found - 1) {
      const place = at + <usize>ctz(found)
      if (place + needleSize > to) return false
      if (memory.compare(place, needle, needleSize) === 0) return true
    }
  }
  return false
}

/** The remainder of a record whose beginning came before. */
function goOn(at: usize, end: usize): usize {
  if (rest === CANDIDATE_TEXT) return goOnCandidate(at, end)
  if (rest === TEXT) {
    let out = destination(restStream, at, end)
    out = copyText(at, end, out)
    setDestination(restStream, out)
  } else {
    skipText(at, end)
  }
  const next = behind
  if (next === 0) return end
  if (restStream >= 0) finishRecord(restStream, rest === TEXT, restEnds)
  rest = NEW_RECORD
  return next
}

function goOnCandidate(at: usize, end: usize): usize {
  skipText(at, end)
  const next = behind
  appendCandidate(restStream, at, next === 0 ? end : next - 1)
  const known = (restStream === 0 ? line0 : line1) === IN_SHOWN
  if (next === 0) {
    if (known) rest = TEXT
    return end
  }
  rest = NEW_RECORD
  if (known) finishRecord(restStream, true, restEnds)
  else if (restEnds) judge(restStream, true)
  return next
}

/** Behind a record's text: the line ends, or goes on in the next record of its stream. */
function finishRecord(which: i32, shown: bool, ends: bool): void {
  if (ends && shown) {
    const out = destination(which, 0, 0)
    store<u8>(out, NEWLINE)
    setDestination(which, out + 1)
  }
  const state = ends ? BETWEEN : shown ? IN_SHOWN : IN_HIDDEN
  if (which === 0) line0 = state
  else line1 = state
  if (shared && shown) giveWay(which, ends)
}

function giveWay(which: i32, ends: bool): void {
  if (!ends) {
    if (owner < 0) owner = which
    return
  }
  if (owner !== which) return
  releaseHeld()
  // The other stream's line may be open in what was held.
  owner = (which === 0 ? line1 : line0) === IN_SHOWN ? 1 - which : -1
}

function releaseHeld(): void {
  const size = heldEnd - heldStart
  if (size === 0) return
  memory.copy(out0, heldStart, size)
  out0 += size
  heldEnd = heldStart
}

@inline
function destination(which: i32, at: usize, end: usize): usize {
  if (!shared) return which === 0 ? out0 : out1
  if (owner < 0 || owner === which) return out0
  skipText(at, end)
  if (heldEnd + (behind === 0 ? end : behind) - at + 64 <= heldLimit) return heldEnd
  // Too much to hold: the open line is broken off.
  store<u8>(out0++, NEWLINE)
  releaseHeld()
  owner = which
  return out0
}

@inline
function setDestination(which: i32, out: usize): void {
  if (!shared) {
    if (which === 0) out0 = out
    else out1 = out
  } else if (owner < 0 || owner === which) out0 = out
  else heldEnd = out
}

/** From `at` up to a newline or the end; sets `behind`. Up to 16 bytes more are written than counted. */
@inline
function copyText(at: usize, end: usize, out: usize): usize {
  const newlines = i8x16.splat(NEWLINE)
  const ahead = out - at
  for (; at < end; at += 16) {
    const bytes = v128.load(at)
    v128.store(at + ahead, bytes)
    const found = i8x16.bitmask(i8x16.eq(bytes, newlines))
    if (found === 0) continue
    const place = at + <usize>ctz(found)
    if (place >= end) break
    behind = place + 1
    return place + ahead
  }
  behind = 0
  return end + ahead
}

function skipText(at: usize, end: usize): void {
  const newlines = i8x16.splat(NEWLINE)
  for (; at < end; at += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), newlines))
    if (found === 0) continue
    const place = at + <usize>ctz(found)
    behind = place < end ? place + 1 : 0
    return
  }
  behind = 0
}

function hasNewline(at: usize, end: usize): bool {
  for (; at < end; at++) if (load<u8>(at) === NEWLINE) return true
  return false
}

/** False for a damaged record, and for one that is not there yet up to its text. */
function readHeader(at: usize, end: usize): bool {
  // Each byte less the lowest that may be there must not be above the width of its range: digits, or one sign.
  const first = i8x16.sub(v128.load(at), i8x16(48, 48, 48, 48, 45, 48, 48, 45, 48, 48, 84, 48, 48, 58, 48, 48))
  const allowed = i8x16(9, 9, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9)
  if (!i8x16.all_true(i8x16.le_u(first, allowed))) return false
  if (load<u8>(at + 16) !== 58 || !isDigit(at + 17) || !isDigit(at + 18)) return false
  let p = at + 19
  fractionDigits = 0
  if (load<u8>(p) === 46) {
    fractionAt = p + 1
    const digits = i8x16.le_u(i8x16.sub(v128.load(fractionAt), i8x16.splat(48)), i8x16.splat(9))
    fractionDigits = ctz(~i8x16.bitmask(digits))
    if (fractionDigits > 9) return false
    p = fractionAt + <usize>fractionDigits
  }
  zoneAt = p
  const zone = load<u8>(p)
  if (zone === 90) p += 1
  else {
    if (zone !== 43 && zone !== 45) return false
    if (!isDigit(p + 1) || !isDigit(p + 2) || load<u8>(p + 3) !== 58 || !isDigit(p + 4) || !isDigit(p + 5)) return false
    p += 6
  }
  // ` stdout ` and ` stderr ` as numbers.
  const word = load<u64>(p)
  if (word === 0x2074756f64747320) stream = 0
  else if (word === 0x2072726564747320) stream = 1
  else return false
  p += 8
  const tag = load<u16>(p)
  partial = tag === 0x2050 || tag === 0x3a50
  if ((tag >> 8) === SPACE && (tag & 0xff) !== SPACE) p += 2
  else {
    while (p < end && load<u8>(p) !== SPACE && load<u8>(p) !== NEWLINE) p++
    if (p >= end || load<u8>(p) !== SPACE) return false
    p++
  }
  textAt = p
  return p <= end && p - at <= LONGEST_HEADER
}

@inline
function isDigit(at: usize): bool {
  return load<u8>(at) - 48 <= 9
}

/** Whether the line that begins with the header at `at` is to be shown. */
@inline
function isWanted(at: usize): bool {
  if ((wanted & (1 << stream)) === 0) return false
  if (!timed) return true
  const time = timeNs(at)
  return time >= sinceNs && time <= untilNs
}

function timeNs(at: usize): i64 {
  const year = number2(at) * 100 + number2(at + 2)
  const month = number2(at + 5)
  // Days since 1970 of a date whose year begins in March.
  const y = month <= 2 ? year - 1 : year
  const m = month <= 2 ? month + 9 : month - 3
  const days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + number2(at + 8) - 719469
  let seconds = <i64>days * 86400 + <i64>(number2(at + 11) * 3600 + number2(at + 14) * 60 + number2(at + 17))
  const zone = load<u8>(zoneAt)
  if (zone !== 90) {
    const offset = <i64>(number2(zoneAt + 1) * 3600 + number2(zoneAt + 4) * 60)
    seconds += zone === 43 ? -offset : offset
  }
  let nanos: i64 = 0
  for (let index = 0; index < 9; index++)
    nanos = nanos * 10 + (index < fractionDigits ? <i64>load<u8>(fractionAt + index) - 48 : 0)
  return seconds * 1000000000 + nanos
}

@inline
function number2(at: usize): i32 {
  return (<i32>load<u8>(at) - 48) * 10 + <i32>load<u8>(at + 1) - 48
}

/** Nine fraction digits always, `Z` for an offset of nothing, and a blank. */
function putStamp(at: usize, out: usize): usize {
  v128.store(out, v128.load(at))
  store<u32>(out + 16, load<u32>(at + 16))
  store<u8>(out + 19, 46)
  // Zeros to where there are no digits, then the digits over them.
  v128.store(out + 20, i8x16.splat(48))
  for (let index = 0; index < fractionDigits; index++)
    store<u8>(out + 20 + index, load<u8>(fractionAt + index))
  out += 29
  if (load<u8>(zoneAt) === 90 || isZeroOffset()) {
    store<u8>(out, 90)
    out += 1
  } else {
    store<u64>(out, load<u64>(zoneAt))
    out += 6
  }
  store<u8>(out, SPACE)
  return out + 1
}

function isZeroOffset(): bool {
  return load<u8>(zoneAt + 1) === 48 && load<u8>(zoneAt + 2) === 48 && load<u8>(zoneAt + 4) === 48 && load<u8>(zoneAt + 5) === 48
}
