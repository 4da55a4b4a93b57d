import {Readable} from 'node:stream'
import {expect, test} from 'vitest'
import {runTool} from '../../../src/cli/images/program.js'

test('what a tool does not read is let go when it ends', async () => {
  const endless = function* () {
    for (;;) yield Buffer.alloc(64 * 1024)
  }
  const stdin = Readable.from(endless(), {objectMode: false})

  const {code} = await runTool({
    ...{path: '/bin/true', words: [], env: {}, stdin},
    ...{limitMs: 60_000, signal: new AbortController().signal},
  })

  expect(code).toBe(0)
  expect(stdin.destroyed).toBe(true)
})
