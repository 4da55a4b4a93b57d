import {expect, test} from 'vitest'
import {exitText, reasonText} from '../../src/text/exit.js'

test.each([
  [0, 'Completed', '', 'exited with 0'],
  [1, 'Error', 'ignored', 'exited with 1'],
  [137, 'OOMKilled', '', 'killed, out of memory (137)'],
  [143, 'OOMKilled', '', 'exited with 143 (SIGTERM); a process in it was OOM-killed at some time'],
  [0, 'OOMKilled', '', 'exited with 0; a process in it was OOM-killed at some time'],
  [137, 'Error', '', 'exited with 137 (SIGKILL)'],
  [143, '', '', 'exited with 143 (SIGTERM)'],
  [200, '', '', 'exited with 200'],
  [
    128,
    'StartError',
    'exec: "nosuch": not found\nmore',
    'exited with 128, StartError: exec: "nosuch": not found',
  ],
  [255, 'Unknown', '', 'exited with 255, Unknown'],
])('%d, %s, %j', (exitCode, reason, message, text) => {
  expect(exitText({exitCode, reason, message})).toBe(text)
})

test.each([
  [137, 'OOMKilled', 'OOMKilled'],
  [0, 'OOMKilled', 'OOMKilled (a process in it)'],
  [143, 'OOMKilled', 'OOMKilled (a process in it)'],
  [1, 'Error', 'Error'],
])('as a reason alone: %d, %s', (exitCode, reason, text) => {
  expect(reasonText({exitCode, reason})).toBe(text)
})
