import {expect, test} from 'vitest'
import {describeError} from '../../src/cli/failures/describe.js'
import {StreamError} from '../../src/streaming/stream-error.js'
import {parseStreamUrl} from '../../src/streaming/stream-url.js'

test.each([
  ['http://127.0.0.1:41033/exec/Ab-_1234', 'http://127.0.0.1:41033/exec/Ab-_1234'],
  ['https://10.0.0.5:10010/attach/x', 'https://10.0.0.5:10010/attach/x'],
  ['http://[::]:10010/exec/x', 'http://[::1]:10010/exec/x'],
  ['https://0.0.0.0:10010/exec/x', 'https://127.0.0.1:10010/exec/x'],
  ['http://[::1]:10010/exec/x', 'http://[::1]:10010/exec/x'],
  ['//127.0.0.1:10010/exec/x', 'http://127.0.0.1:10010/exec/x'],
  ['127.0.0.1:10010/exec/x', 'http://127.0.0.1:10010/exec/x'],
  ['localhost:10010/exec/x', 'http://localhost:10010/exec/x'],
  ['ws://127.0.0.1:1/exec/x', 'http://127.0.0.1:1/exec/x'],
  ['WSS://127.0.0.1:1/exec/x', 'https://127.0.0.1:1/exec/x'],
])('%s is dialled as %s', (text, url) => {
  expect(parseStreamUrl(text).href).toBe(url)
})

test.each(['/exec/x', 'http:///exec/x', '///exec/x', 'http://:10010/exec/x', ''])(
  '"%s" has no host, and what is said of it names the setting',
  (text) => {
    const message = `the runtime gave a streaming address without a host: ${text || 'nothing at all'}`
    const error = new StreamError('noHost', message)
    expect(() => parseStreamUrl(text)).toThrow(error)
    expect(describeError(error).text).toBe(
      `${message}; set stream_server_address (containerd) or stream_address (CRI-O) in its configuration`,
    )
  },
)

test.each([
  ['ftp://127.0.0.1/x', 'the runtime gave a streaming address of an unknown scheme: ftp://127.0.0.1/x'],
  [
    'http://127.0.0.1:99999/x',
    'the runtime gave a streaming address that is no URL: http://127.0.0.1:99999/x',
  ],
])('%s cannot be dialled', (text, message) => {
  expect(() => parseStreamUrl(text)).toThrow(new StreamError('address', message))
})
