import {expect, test} from 'vitest'
import {parseExitStatus} from '../../src/streaming/exit-status.js'

const nonZero = (causes: unknown) =>
  JSON.stringify({status: 'Failure', reason: 'NonZeroExitCode', details: {causes}})
const internal = (message: string) =>
  JSON.stringify({status: 'Failure', reason: 'InternalError', message, code: 500})

test.each([
  ['{"metadata":{},"status":"Success"}', {kind: 'exited', exitCode: 0}],
  [nonZero([{reason: 'ExitCode', message: '3'}]), {kind: 'exited', exitCode: 3}],
  [
    nonZero([
      {reason: 'Other', message: '4'},
      {reason: 'ExitCode', message: '255'},
    ]),
    {kind: 'exited', exitCode: 255},
  ],
  ['', {kind: 'missing'}],
  [' \n', {kind: 'missing'}],
  ['{"metadata":{},"status":"Succ', {kind: 'missing'}],
])('%s', (text, status) => {
  expect(parseExitStatus(text)).toEqual(status)
})

test.each([
  ['no code at all', nonZero(undefined)],
  ['a code that is no number', nonZero([{reason: 'ExitCode', message: 'three'}])],
  ['a code out of range', nonZero([{reason: 'ExitCode', message: '256'}])],
  ['causes that are no list', nonZero('3')],
  ['an unknown document', '{"kind":"Pod"}'],
])('%s is a failure that shows the document', (_name, text) => {
  expect(parseExitStatus(text)).toEqual({
    kind: 'failed',
    message: `a failure without an exit code: ${text}`,
    startFailure: undefined,
  })
})

test.each([
  ['exec: "nosuch": executable file not found in $PATH: unknown', 'notFound'],
  ['exec: "/no/such": stat /no/such: no such file or directory: unknown', 'notFound'],
  ['crun: executable file `nosuch` not found in $PATH: No such file or directory', 'notFound'],
  ['exec: "/etc/hosts": permission denied: unknown', 'notExecutable'],
  ['exec: "/etc": is a directory: unknown', 'notExecutable'],
  ['exec /script: exec format error', 'notExecutable'],
  ['dial unix /run/shim.sock: no such file or directory', undefined],
  ['chdir to cwd ("/gone"): no such file or directory', undefined],
  ['container is in CONTAINER_EXITED state', undefined],
])('%s: %s', (message, startFailure) => {
  expect(parseExitStatus(internal(message))).toEqual({kind: 'failed', message, startFailure})
})

test('plain text, as before v4, is the failure', () => {
  expect(parseExitStatus('no such container\n')).toEqual({
    kind: 'failed',
    message: 'no such container',
    startFailure: undefined,
  })
})
