import {expect, test} from 'vitest'
import {createDetachScanner} from '../../src/streaming/detach-keys.js'

const ctrlP = '\x10'
const ctrlQ = '\x11'

test.each([
  {typed: ['ls\n'], forwarded: ['ls\n'], detached: false, rest: ''},
  {typed: [ctrlP + ctrlQ], forwarded: [''], detached: true, rest: ''},
  {typed: [ctrlP, ctrlQ], forwarded: ['', ''], detached: true, rest: ''},
  {typed: [`a${ctrlP}`, `${ctrlQ}b`], forwarded: ['a', ''], detached: true, rest: ''},
  {typed: [`a${ctrlP}${ctrlQ}b`], forwarded: ['a'], detached: true, rest: ''},
  {typed: [ctrlP, 'x'], forwarded: ['', `${ctrlP}x`], detached: false, rest: ''},
  {typed: [ctrlP, ctrlP, ctrlQ], forwarded: ['', ctrlP, ''], detached: true, rest: ''},
  {typed: [ctrlQ + ctrlP], forwarded: [ctrlQ], detached: false, rest: ctrlP},
])('typing $typed', ({typed, forwarded, detached, rest}) => {
  const scanner = createDetachScanner(Buffer.from(ctrlP + ctrlQ))
  const scanned = typed.map((text) => scanner.scan(Buffer.from(text)))

  expect(scanned.map(({forward}) => forward.toString())).toEqual(forwarded)
  expect(scanned.at(-1)?.detached).toBe(detached)
  expect(scanner.rest().toString()).toBe(rest)
})

test('a sequence that repeats in itself is found', () => {
  const scanner = createDetachScanner(Buffer.from('aab'))
  expect(scanner.scan(Buffer.from('aaa'))).toEqual({forward: Buffer.from('a'), detached: false})
  expect(scanner.scan(Buffer.from('b'))).toEqual({forward: Buffer.alloc(0), detached: true})
})

test('without keys everything passes', () => {
  const scanner = createDetachScanner(new Uint8Array())
  expect(scanner.scan(Buffer.from(ctrlP + ctrlQ))).toEqual({
    forward: Buffer.from(ctrlP + ctrlQ),
    detached: false,
  })
})
