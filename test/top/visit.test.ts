import {PassThrough} from 'node:stream'
import type {ReadStream} from 'node:tty'
import {expect, test} from 'vitest'
import type {TopRow} from '../../src/top/rows.js'
import {visit} from '../../src/top/visit.js'

const row = {kind: 'container', id: 'a1', namespace: 'default', name: 'app'} as TopRow

test.each(['x', undefined])(
  'after a visit that failed, ended by %j, nobody listens to the terminal',
  async (key) => {
    const raw: boolean[] = []
    const input = Object.assign(new PassThrough(), {setRawMode: (mode: boolean) => raw.push(mode)})
    let written = ''
    await visit('logs', row, {
      crisp: ['sh', '-c', 'exit 7'],
      globals: [],
      input: input as unknown as ReadStream,
      write: (text) => {
        if (written === '') key === undefined ? input.end() : input.write(key)
        written += text
      },
    })
    expect(written).toBe('\r\n-- logs ended with 7: any key leads back to top --\r\n')
    expect(raw).toEqual([true, false])
    expect(['data', 'end'].map((name) => input.listenerCount(name))).toEqual([0, 0])
  },
)
