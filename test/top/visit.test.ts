import {PassThrough} from 'node:stream'
import type {ReadStream} from 'node:tty'
import {expect, test} from 'vitest'
import type {TopRow} from '../../src/top/rows.js'
import {visit} from '../../src/top/visit.js'

const row = {kind: 'container', id: 'a1', namespace: 'default', pod: 'web-1', name: 'app\u001b[2J'} as TopRow

test.each([
  {key: 'x', modes: [true, false]},
  {key: undefined, modes: [true]},
])('after a visit that failed, ended by $key, nobody listens to the terminal', async ({key, modes}) => {
  const raw: boolean[] = []
  const input = Object.assign(new PassThrough(), {setRawMode: (mode: boolean) => raw.push(mode)})
  let written = ''
  await visit('logs', row, {
    crisp: ['sh', '-c', 'exit 7'],
    globals: [],
    size: {columns: 80, rows: 24},
    units: 'si',
    pager: undefined,
    signal: new AbortController().signal,
    input: input as unknown as ReadStream,
    write: (text) => {
      if (text.includes('any key')) key === undefined ? input.end() : input.write(key)
      written += text
    },
  })
  expect(written).toBe(
    '-- logs of default/web-1/app\\x1b[2J: Ctrl-C leads back to top --\n\r\n-- logs ended with 7: any key leads back to top --\r\n',
  )
  expect(raw).toEqual(modes)
  expect(['data', 'end'].map((name) => input.listenerCount(name))).toEqual([0, 0])
})
