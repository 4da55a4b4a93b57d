import {chmod, mkdtemp, rm} from 'node:fs/promises'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {rpcCode} from '../../src/errors/errors.js'
import {runAsNobody} from '../support/as-nobody.js'
import {
  answersNonsense,
  type BrokenServer,
  endsWithoutStatus,
  garbage,
  hangsUp,
  hangsUpInMidAnswer,
  httpServer,
  silent,
} from '../support/broken-servers.js'
import {never, startFakeRuntime, status} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {testWith} from '../support/needs.js'
import type {CliResult} from '../support/run-cli.js'

/** One line on stderr, nothing on stdout. */
function failure(exitCode: number, text: RegExp): CliResult {
  return {
    stdout: '',
    stderr: expect.stringMatching(new RegExp(`^crisp: .*${text.source}.*\n$`)) as unknown as string,
    exitCode,
  }
}

const unreachable: [string, () => Promise<BrokenServer>, RegExp][] = [
  ['stays silent', silent, /does not speak/],
  ['speaks HTTP/1.1', httpServer, /not a gRPC server/],
  ['sends garbage', garbage, /not a gRPC server/],
  ['hangs up at once', hangsUp, /not a gRPC server/],
]

test.each(unreachable)('a server that %s is no runtime', async (_, start, text) => {
  await using server = await start()
  const result = await runInProcess(['--timeout', '700ms', '-r', server.endpoint, 'ps'])
  expect(result).toEqual(failure(4, text))
})

test.each([
  ['hangs up', hangsUpInMidAnswer],
  ['ends without a status', endsWithoutStatus],
])('a server that %s in the middle of an answer', async (_, start) => {
  await using server = await start()
  const result = await runInProcess(['-t', '5s', '-r', server.endpoint, 'ps'])
  expect(result).toEqual(failure(4, /ListContainers: the runtime at .* hung up/))
})

test('a server that answers with bytes that are not a CRI message is reported', async () => {
  await using server = await answersNonsense()
  const result = await runInProcess(['-t', '5s', '-r', server.endpoint, 'ps'])
  expect(result).toEqual(failure(1, /ListContainers: the runtime at .* broke the protocol/))
})

test('a runtime that never answers ends at the deadline', async () => {
  await using runtime = await startFakeRuntime({ListContainers: never})
  const result = await runInProcess(['-t', '300ms', 'ps'], {endpoint: runtime.endpoint})
  expect(result).toEqual(
    failure(124, /ListContainers: no answer from .* within 0.3 s; allow more time with --timeout/),
  )
})

test('a call that the runtime lacks is reported with the name of the runtime', async () => {
  await using runtime = await startFakeRuntime()
  const result = await runInProcess(['pods'], {endpoint: runtime.endpoint})
  expect(result).toEqual(failure(1, /fake 1.2.3 does not implement ListPodSandbox/))
})

test('containerd without its CRI plugin is reported', async () => {
  await using runtime = await startFakeRuntime({
    Version: () => {
      throw status(rpcCode.unimplemented, 'unknown service runtime.v1.RuntimeService')
    },
  })
  const result = await runInProcess(['ps'], {endpoint: runtime.endpoint})
  expect(result).toEqual(failure(4, /no CRI v1 .*disabled_plugins/))
})

test('a call to a runtime that is still starting is retried', async () => {
  let asked = 0
  await using runtime = await startFakeRuntime({
    ListContainers: () => {
      asked++
      if (asked === 1) throw status(rpcCode.unknown, 'server is not initialized yet')
      return {containers: []}
    },
  })
  const result = await runInProcess(['ps', '-q'], {endpoint: runtime.endpoint})
  expect({...result, asked}).toEqual({stdout: '', stderr: '', exitCode: 0, asked: 2})
})

test('an absent socket fails at once and says what to do', async () => {
  const result = await runInProcess(['-r', '/nonexistent/cri.sock', 'ps'])
  expect(result).toEqual(
    failure(4, /no container runtime at \/nonexistent\/cri.sock: absent; is the runtime running/),
  )
})

test('an absent socket is waited for with --max-retries', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-late-'))
  const path = join(directory, 'cri.sock')
  const result = await runInProcess(['-r', path, '--max-retries', '1', 'ps'])
  expect(result).toEqual(failure(4, /absent/))
  await rm(directory, {recursive: true})
})

test('a socket that no process serves any more is reported', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-stale-'))
  const path = join(directory, 'cri.sock')
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  const {spawnSync} = await import('node:child_process')
  spawnSync(process.execPath, ['-e', script])
  const result = await runInProcess(['-r', path, '--max-retries', '0', 'ps'])
  expect(result).toEqual(failure(4, /nobody listens; the runtime has stopped/))
  await rm(directory, {recursive: true})
})

test('a regular file in place of the socket is reported', async () => {
  const result = await runInProcess(['-r', '/etc/passwd', 'ps'])
  expect(result).toEqual(failure(4, /\/etc\/passwd: not a socket/))
})

testWith('root')('a socket of root refused to a user says sudo', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-root-'))
  const path = join(directory, 'cri.sock')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(path, resolve))
  await chmod(directory, 0o755)
  await chmod(path, 0o600)
  const {stderr, exitCode} = await runAsNobody(['-r', path, 'ps'])
  expect({stderr, exitCode}).toEqual({
    stderr: expect.stringContaining('permission denied; the socket belongs to root: try again with sudo'),
    exitCode: 4,
  })
  server.close()
  await rm(directory, {recursive: true})
})
