import {describe, expect, test} from 'vitest'
import {describeError} from '../../src/cli/failures/describe.js'
import {connect} from '../../src/client/connect.js'
import {socketPathOf} from '../../src/client/endpoints.js'
import {rpcCode, UsageError} from '../../src/errors/errors.js'
import {httpServer, silent} from '../support/broken-servers.js'
import {startFakeRuntime, status} from '../support/fake-runtime.js'

describe('endpoints', () => {
  const accepted: [string, string][] = [
    ['unix:///run/x.sock', '/run/x.sock'],
    ['unix:/run/x.sock', '/run/x.sock'],
    ['/run/x.sock', '/run/x.sock'],
    ['./x.sock', './x.sock'],
    ['//run/x.sock', '/run/x.sock'],
    ['unix:////run/x.sock', '/run/x.sock'],
    ['UNIX:///run/x.sock', '/run/x.sock'],
  ]
  test.each(accepted)('%s is %s', (endpoint, path) => expect(socketPathOf(endpoint)).toBe(path))

  test.each([
    'tcp://1.2.3.4:5',
    'npipe:////./pipe/x',
    'http://x',
    'unix://',
    'unix://relative.sock',
    'x.sock',
  ])('%s is refused', (endpoint) => expect(() => socketPathOf(endpoint)).toThrow(UsageError))
})

test('the first socket that speaks CRI v1 wins, silently, whatever the others do', async () => {
  await using mute = await silent()
  await using other = await httpServer()
  await using disabled = await startFakeRuntime({
    Version: () => {
      throw status(rpcCode.unimplemented, 'unknown service runtime.v1.RuntimeService')
    },
  })
  await using runtime = await startFakeRuntime()
  using client = connect({sockets: ['/nonexistent.sock', mute.path, other.path, disabled.path, runtime.path]})
  expect(await client.endpoint()).toBe(runtime.endpoint)
})

test('if no socket speaks CRI v1, the error lists each socket with its reason', async () => {
  await using mute = await silent()
  await using other = await httpServer()
  await using disabled = await startFakeRuntime({
    Version: () => {
      throw status(rpcCode.unimplemented, 'unknown service runtime.v1.RuntimeService')
    },
  })
  using client = connect({
    sockets: ['/nonexistent.sock', mute.path, other.path, disabled.path, '/etc/passwd'],
    connectTimeoutMs: 3_000,
  })
  const error = await client.runtime.version().catch((reason: unknown) => reason)
  expect(error).toMatchObject({
    exitCode: 4,
    sockets: [
      {path: '/nonexistent.sock', problem: 'absent'},
      {path: mute.path, problem: 'no answer'},
      {path: other.path, problem: 'not a gRPC server'},
      {path: disabled.path, problem: 'no CRI v1 (plugin disabled?)'},
      {path: '/etc/passwd', problem: 'not a socket'},
    ],
  })
  expect((error as Error).message).toContain('no container runtime found: /nonexistent.sock absent, ')
  const [first, ...rows] = describeError(error).text.split('\n')
  expect(first).toContain('the runtime accepts connections but does not speak')
  expect(rows.map((row) => row.replace(/^ {2}\S+ {2,}/, ''))).toEqual([
    'absent',
    'no answer',
    'not a gRPC server',
    'no CRI v1 (plugin disabled?)',
    'not a socket',
  ])
})
