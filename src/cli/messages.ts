import {exitCode} from '../errors/errors.js'
import {printableLines} from '../errors/printable.js'
import {resumePoint} from '../node/resume-point.js'
import {inColour, palette} from '../terminal/palette.js'
import {isCrictlMode, programName} from '../text/program.js'
import {wrapMessage} from '../text/wrap.js'
import {wantsColour} from './colour.js'
import type {Failure} from './failures/describe.js'

type MessageKind = 'note' | 'failure'

/** To stderr, as one message. */
export function writeMessage(text: string, kind?: MessageKind): void {
  process.stderr.write(messageText(text, kind))
  resumePoint()?.release(1)
}

/**
 * As it stands on stderr: a failure's line in its colour, the rows below it as they are, and on a terminal all of it
 * broken at words.
 */
export function messageText(text: string, kind: MessageKind = 'note'): string {
  const [line = '', ...rows] = `${programName()}: ${printableLines(text)}`.split('\n')
  const {isTTY, columns} = process.stderr
  const wrap = (each: string) =>
    isTTY && columns > 0 && !isCrictlMode() ? wrapMessage(each, columns) : [each]
  const isRed = kind === 'failure' && wantsColour(process.stderr)
  const first = wrap(line).map((each) => (isRed ? inColour(palette.failed, each) : each))
  return `${[...first, ...rows.flatMap(wrap)].join('\n')}\n`
}

/** What a node has written so, without its colour. */
export function readMessage(line: string): {text: string; kind: MessageKind} {
  const plain = line.replace(/\u001b\[[\d;]*m/g, '')
  return {text: plain.replace(`${programName()}: `, ''), kind: plain === line ? 'note' : 'failure'}
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
