import {exitCode} from '../errors/errors.js'
import {printableLines} from '../errors/printable.js'
import {programName} from '../text/program.js'
import type {Failure} from './failures/describe.js'

/** To stderr, as one message. */
export function writeMessage(text: string): void {
  process.stderr.write(`${programName()}: ${printableLines(text)}\n`)
}

/** Says a failure and remembers the worst code: interruption is the user's word, beats all and has the largest. */
export function reportFailure(failure: Failure, write = writeMessage): void {
  if (failure.text !== '') write(failure.text)
  process.exitCode = Math.max(Number(process.exitCode ?? exitCode.done), failure.exitCode)
}

export function writeStack(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? printableLines(error.stack ?? error.message) : ''}\n`)
}
