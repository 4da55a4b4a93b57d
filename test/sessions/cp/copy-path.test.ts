import {expect, test} from 'vitest'
import {parseCopyPath, splitPath} from '../../../src/sessions/cp/copy-path.js'

test.each([
  ['-', {kind: 'stream'}],
  ['file', {kind: 'local', path: 'file'}],
  ['./a:b', {kind: 'local', path: './a:b'}],
  ['/a:b', {kind: 'local', path: '/a:b'}],
  ['../a:b', {kind: 'local', path: '../a:b'}],
  ['web:/etc/passwd', {kind: 'container', reference: 'web', path: '/etc/passwd'}],
  ['default/web-0/web:/etc/', {kind: 'container', reference: 'default/web-0/web', path: '/etc/'}],
  ['web:etc', {kind: 'container', reference: 'web', path: '/etc'}],
  ['web:/a:b', {kind: 'container', reference: 'web', path: '/a:b'}],
  ['web:/etc/.', {kind: 'container', reference: 'web', path: '/etc/.'}],
  ['web:/etc/..', {kind: 'container', reference: 'web', path: '//.'}],
  ['web:/../../etc', {kind: 'container', reference: 'web', path: '/etc'}],
])('%s', (text, expected) => {
  expect(parseCopyPath(text)).toEqual(expected)
})

test.each(['', ':/etc', 'web:'])('not %j', (text) => {
  expect(() => parseCopyPath(text)).toThrow(/write/)
})

test.each([
  ['/', '/', undefined],
  ['/etc', '/', 'etc'],
  ['/etc/', '/', 'etc'],
  ['/var/log/x', '/var/log', 'x'],
  ['/var/log/.', '/var/log', undefined],
  ['.', '.', undefined],
  ['a', '.', 'a'],
  ['a/b//', 'a', 'b'],
  ['..', '..', undefined],
  ['a/..', '.', undefined],
])('%s is %s and %s', (path, directory, name) => {
  expect(splitPath(path)).toEqual({directory, name})
})
