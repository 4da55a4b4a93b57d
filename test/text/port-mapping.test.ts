import {expect, test} from 'vitest'
import {parsePortMapping} from '../../src/text/port-mapping.js'

test.each([
  ['80', undefined, 80, 80],
  ['8080:80', undefined, 8080, 80],
  [':80', undefined, 0, 80],
  ['0:80', undefined, 0, 80],
  ['0.0.0.0:8080:80', '0.0.0.0', 8080, 80],
  ['localhost::80', 'localhost', 0, 80],
  ['[::1]:8080:80', '::1', 8080, 80],
  ['[::1]::80', '::1', 0, 80],
  ['65535:65535', undefined, 65_535, 65_535],
])('%s', (text, address, localPort, remotePort) => {
  expect(parsePortMapping(text)).toEqual({address, localPort, remotePort})
})

const forms = 'write REMOTE, LOCAL:REMOTE, :REMOTE or ADDRESS:LOCAL:REMOTE'
test.each([
  ['', 'not a port'],
  ['http', 'not a port'],
  ['80:', 'not a port'],
  ['8080:http', 'not a port'],
  ['::1:8080:80', 'not a port'],
  ['-1:80', 'not a port'],
  ['8080:0', 'ports are 1 to 65535'],
  ['0', 'ports are 1 to 65535'],
  ['65536:80', 'ports are 1 to 65535'],
  ['80:65536', 'ports are 1 to 65535'],
  ['::80', 'no address'],
  ['0:80:90', 'three ports'],
  ['[]:8080:80', 'no address'],
])('not %j', (text, problem) => {
  expect(() => parsePortMapping(text)).toThrow(`"${text}": ${problem}; ${forms}`)
})
