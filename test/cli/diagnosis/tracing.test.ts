import {createServer} from 'node:net'
import {expect, test} from 'vitest'
import {startTracing} from '../../../src/cli/diagnosis/tracing.js'
import {startCollector} from '../../support/collector.js'
import {type FakeCall, id, startFakeRuntime, status} from '../../support/fake-runtime.js'
import {runCli} from '../../support/run-cli.js'

/** A runtime that lists a pod and remembers the trace context that it was called with. */
async function startTracedRuntime() {
  const contexts: string[] = []
  const runtime = await startFakeRuntime({
    ListPodSandbox: (_: never, call: FakeCall) => {
      contexts.push(...call.metadata.get('traceparent').map(String))
      return {items: []}
    },
    ListContainers: () => {
      throw status(13, 'broken')
    },
    GetContainerEvents: async function* () {
      yield {containerId: id('a'), containerEventType: 'CONTAINER_STARTED_EVENT', createdAt: '1'}
      await new Promise(() => undefined)
    },
  })
  return Object.assign(runtime, {contexts})
}

test('the command has a span with a child span per call, and passes the trace to the runtime', async () => {
  await using collector = await startCollector()
  await using runtime = await startTracedRuntime()
  const argv = ['--enable-tracing', '--tracing-endpoint', collector.endpoint, 'pods', '-q']
  expect(await runCli(argv, runtime)).toEqual({stdout: '', stderr: '', exitCode: 0})
  const command = collector.spans.find(({name}) => name === 'pods')
  const call = collector.spans.find(({name}) => name === 'runtime.v1.RuntimeService/ListPodSandbox')
  expect(collector.spans).toHaveLength(2)
  expect(command).toMatchObject({
    parentSpanId: '',
    status: 0,
    attributes: {command: 'pods', 'process.exit.code': '0'},
    resource: {
      'service.name': 'crisp',
      'host.name': expect.stringMatching(/./),
      'process.pid': expect.stringMatching(/^\d+$/),
    },
  })
  expect(call).toMatchObject({
    traceId: command?.traceId,
    parentSpanId: command?.spanId,
    kind: 3,
    status: 0,
    attributes: {
      'rpc.service': 'runtime.v1.RuntimeService',
      'rpc.method': 'ListPodSandbox',
      'rpc.grpc.status_code': '0',
    },
  })
  expect(runtime.contexts).toEqual([`00-${call?.traceId}-${call?.spanId}-01`])
})

test('a failed call is marked, and so is the command', async () => {
  await using collector = await startCollector()
  await using runtime = await startTracedRuntime()
  const {exitCode} = await runCli(
    ['ps', '-q', '--enable-tracing', '--tracing-endpoint', collector.endpoint],
    runtime,
  )
  expect(exitCode).toBe(1)
  expect(
    collector.spans
      .map(({name, status, attributes}) => [name, status, attributes['rpc.grpc.status_code'] ?? ''])
      .sort(),
  ).toEqual([
    ['ps', 2, ''],
    ['runtime.v1.RuntimeService/ListContainers', 2, '13'],
  ])
})

test('a stream ended by Ctrl-C is exported as one complete span', async () => {
  await using collector = await startCollector()
  await using runtime = await startTracedRuntime()
  const argv = ['events', '-o', 'jsonl', '--enable-tracing', '--tracing-endpoint', collector.endpoint]
  await runCli(argv, {...runtime, enough: (stdout) => stdout.includes('STARTED')})
  const stream = collector.spans.filter(({name}) => name.endsWith('/GetContainerEvents'))
  expect(stream).toEqual([expect.objectContaining({status: 2, traceId: collector.spans.at(-1)?.traceId})])
  expect(collector.spans.find(({name}) => name === 'events')).toMatchObject({
    spanId: stream[0]?.parentSpanId,
    attributes: {'process.exit.code': '130'},
  })
})

test('TRACEPARENT makes the command part of a larger trace', async () => {
  await using collector = await startCollector()
  await using runtime = await startTracedRuntime()
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const env = {TRACEPARENT: `00-${traceId}-b7ad6b7169203331-01`, OTEL_SERVICE_NAME: 'node-debug'}
  await runCli(['pods', '--enable-tracing', '--tracing-endpoint', `http://${collector.endpoint}`], {
    ...runtime,
    env,
  })
  expect(collector.spans.find(({name}) => name === 'pods')).toMatchObject({
    traceId,
    parentSpanId: 'b7ad6b7169203331',
    resource: {'service.name': 'node-debug'},
  })
})

test('a sampling rate of 0 sends nothing and tells the runtime that it is not traced', async () => {
  await using collector = await startCollector()
  await using runtime = await startTracedRuntime()
  const sampling = ['--tracing-sampling-rate-per-million', '0']
  await runCli(['pods', '--enable-tracing', '--tracing-endpoint', collector.endpoint, ...sampling], runtime)
  expect(collector.spans).toEqual([])
  expect(runtime.contexts).toEqual([expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)])
})

test('without the flag, or with =false, nothing is traced', async () => {
  await using runtime = await startTracedRuntime()
  await runCli(['pods', '--enable-tracing=false', '--tracing-endpoint', '127.0.0.1:1'], runtime)
  expect(runtime.contexts).toEqual([])
})

test('without a collector the command prints one note and the same result', async () => {
  await using runtime = await startTracedRuntime()
  expect(await runCli(['version', '--enable-tracing', '--tracing-endpoint', '127.0.0.1:1'], runtime)).toEqual(
    {
      stdout: expect.stringMatching(/^Version:/),
      stderr: 'crisp: the trace is lost: no collector took it at 127.0.0.1:1 (Unavailable)\n',
      exitCode: 0,
    },
  )
})

test('a collector that does not answer delays the command only for a limited time', async () => {
  await using runtime = await startTracedRuntime()
  const silent = createServer(() => undefined)
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const {port} = silent.address() as {port: number}
  const argv = ['version', '-t', '500ms', '--enable-tracing', '--tracing-endpoint', `127.0.0.1:${port}`]
  const {stdout, stderr, exitCode} = await runCli(argv, runtime)
  silent.close()
  expect({first: stdout.split(':')[0], exitCode}).toEqual({first: 'Version', exitCode: 0})
  expect(stderr).toMatch(
    new RegExp(`^crisp: the trace is lost: no collector took it at 127\\.0\\.0\\.1:${port} \\(.*\\)\n$`),
  )
})

test.each(['host', 'a b', '127.0.0.1:4317/path', '', '127.0.0.1:99999'])(
  '%j is no collector',
  async (endpoint) => {
    const options = {command: 'x', samplingPerMillion: -1, startedAtMs: 0, patienceMs: 1, environment: {}}
    expect(() => startTracing({...options, endpoint, note: () => undefined})).toThrow(
      `--tracing-endpoint "${endpoint}" should be HOST:PORT, such as 127.0.0.1:4317`,
    )
  },
)

test('no secret of a command line, nor what a runtime says of it, is in a span', async () => {
  await using collector = await startCollector()
  await using runtime = await startFakeRuntime({
    PullImage: () => {
      throw status(2, 'login as anna with topsecret failed')
    },
  })
  const argv = [
    '--enable-tracing',
    '--tracing-endpoint',
    collector.endpoint,
    'pull',
    '--creds',
    'anna:topsecret',
    'busybox',
  ]
  expect(await runCli(argv, runtime)).toMatchObject({exitCode: 1})
  const sent = Buffer.concat(collector.received).toString('latin1')
  expect(sent).toContain('PullImage')
  expect(sent).not.toMatch(/topsecret|anna|busybox/)
})
