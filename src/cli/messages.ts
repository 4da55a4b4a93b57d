import {exitCode} from '../errors/errors.js'
import {printableLines} from '../errors/printable.js'
import {resumePoint} from '../node/resume-point.js'
import {inColour, palette} from '../terminal/palette.js'
import {programName} from '../text/program.js'
import {wantsColour} from './colour.js'
import type {Failure} from './failures/describe.js'

/** To stderr, as one message; a failure's line in its colour, the rows below it as they are. */
export function writeMessage(text: string, kind: 'note' | 'failure' = 'note'): void {
  const [line = '', ...rows] = `${programName()}: ${printableLines(text)}`.split('\n')
  const isRed = kind === 'failure' && wantsColour(process.stderr)
  process.stderr.write(`${[isRed ? inColour(palette.failed, line) : line, ...rows].join('\n')}\n`)
  resumePoint()?.release(1)
}

function writeFailure(text: string): void {
  writeMessage(text, 'failure')
}

/** Says a failure and remembers the worst code: interruption is the user's word, beats all and has the largest. */
export function reportFailure(failure: Failure, write = writeFailure): void {
  if (failure.text !== '') write(failure.text)
  process.exitCode = Math.max(Number(process.exitCode ?? exitCode.done), failure.exitCode)
}

export function writeStack(error: unknown, clean: (text: string) => string): void {
  const text = error instanceof Error ? clean(error.stack ?? error.message) : ''
  process.stderr.write(`${printableLines(text)}\n`)
}
