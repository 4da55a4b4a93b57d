import {expect, test} from 'vitest'
import {exitText} from '../../src/text/exit.js'

test.each([
  [0, 'Completed', '', 'exited with 0'],
  [1, 'Error', 'ignored', 'exited with 1'],
  [137, 'OOMKilled', '', 'killed, out of memory (137)'],
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
