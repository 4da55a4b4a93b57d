import {once} from 'node:events'
import {PassThrough} from 'node:stream'
import {expect, test} from 'vitest'
import {writePieces} from '../../src/terminal/write-pieces.js'

const forever = new AbortController().signal

function* counted(made: string[]) {
  for (let number = 0; number < 1000; number++) {
    const piece = `${number}`.padEnd(100, '.')
    made.push(piece)
    yield piece
  }
}

test('no more is made than the reader has room for', async () => {
  const stream = new PassThrough({highWaterMark: 300})
  const made: string[] = []
  const done = writePieces(stream, counted(made), forever)
  await new Promise(setImmediate)
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  expect(made.length).toBeLessThan(10)
  let text = ''
  stream.on('data', (bytes: Buffer) => {
    text += bytes
  })
  await done
  stream.end()
  await once(stream, 'end')
  expect(text).toBe(made.join(''))
  expect(made.length).toBe(1000)
})

test('none is made once the reader has gone', async () => {
  const stream = new PassThrough({highWaterMark: 1e9})
  stream.on('error', () => undefined)
  const made: string[] = []
  const pieces = counted(made)
  const failure = Object.assign(new Error('write EPIPE'), {code: 'EPIPE'})
  const done = writePieces(
    stream,
    (function* () {
      for (const piece of pieces) {
        if (made.length === 5) stream.destroy(failure)
        yield piece
      }
    })(),
    forever,
  )
  await expect(done).rejects.toThrow()
  expect(made.length).toBeLessThan(8)
})

test('a signal ends it between two pieces', async () => {
  const abort = new AbortController()
  const made: string[] = []
  const done = writePieces(new PassThrough({highWaterMark: 300}), counted(made), abort.signal)
  await new Promise(setImmediate)
  abort.abort()
  await expect(done).rejects.toThrow()
})

test('what the listeners of a failed stream make of it goes before the failure', async () => {
  const stream = new PassThrough()
  const abort = new AbortController()
  const reason = new Error('the reader has gone')
  stream.on('error', () => abort.abort(reason))
  stream.destroy(new Error('write EPIPE'))
  await expect(writePieces(stream, ['one'], abort.signal)).rejects.toMatchObject({cause: reason})
})
