import type {StreamOutcome} from './stream-io.js'

/** What goes on the error stream: a document from version 4 on, before that plain text, none for success. */
export function statusText(outcome: StreamOutcome, protocol: string): string {
  return /^v[45]\./.test(protocol) ? statusDocument(outcome) : plainStatus(outcome)
}

function statusDocument(outcome: StreamOutcome): string {
  if ('failure' in outcome) {
    return JSON.stringify({
      metadata: {},
      status: 'Failure',
      message: `Internal error occurred: ${outcome.failure}`,
      reason: 'InternalError',
      details: {causes: [{message: outcome.failure}]},
      code: 500,
    })
  }
  if (outcome.exitCode === 0) return JSON.stringify({metadata: {}, status: 'Success'})
  return JSON.stringify({
    metadata: {},
    status: 'Failure',
    message: exitText(outcome.exitCode),
    reason: 'NonZeroExitCode',
    details: {causes: [{reason: 'ExitCode', message: String(outcome.exitCode)}]},
  })
}

function plainStatus(outcome: StreamOutcome): string {
  if ('failure' in outcome) return outcome.failure
  return outcome.exitCode === 0 ? '' : exitText(outcome.exitCode)
}

function exitText(exitCode: number): string {
  return `command terminated with exit code ${exitCode}`
}
