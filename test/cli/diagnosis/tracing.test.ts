import {createServer} from 'node:net'
import {type handleUnaryCall, Server, ServerCredentials} from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import {expect, test} from 'vitest'
import {startTracing} from '../../../src/cli/diagnosis/tracing.js'
import {type FakeCall, id, startFakeRuntime, status} from '../../support/fake-runtime.js'
import {runCli} from '../../support/run-cli.js'

// What we need of opentelemetry/proto/trace/v1/trace.proto and its service, by field number.
const {root} = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { string string_value = 1; int64 int_value = 3; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
    Status status = 15;
  }
  message Status { string message = 2; int32 code = 3; }
`)
const request = root.lookupType('Request')

interface Span {
  name: string
  traceId: string
  spanId: string
  parentSpanId: string
  kind: number
  status: number
  attributes: Record<string, string>
  resource: Record<string, string>
}

interface Attributes {
  key: string
  value: {stringValue?: string; intValue?: string}
}

/** A collector that keeps what it is sent. */
async function startCollector(): Promise<
  {endpoint: string; spans: Span[]; received: Buffer[]} & AsyncDisposable
> {
  const spans: Span[] = []
  const received: Buffer[] = []
  const takeSpans: handleUnaryCall<Buffer, Buffer> = (call, reply) => {
    spans.push(...spansOf(call.request))
    received.push(call.request)
    reply(null, Buffer.alloc(0))
  }
  const server = new Server()
  const bytes = {serialize: (buffer: Buffer) => buffer, deserialize: (buffer: Buffer) => buffer}
  server.addService(
    {
      Export: {
        path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes.serialize,
        requestDeserialize: bytes.deserialize,
        responseSerialize: bytes.serialize,
        responseDeserialize: bytes.deserialize,
      },
    },
    {Export: takeSpans},
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  return {
    endpoint: `127.0.0.1:${port}`,
    spans,
    received,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  }
}

function spansOf(message: Buffer): Span[] {
  const {resourceSpans} = request.toObject(request.decode(message), {
    bytes: String,
    longs: String,
    arrays: true,
  })
  return resourceSpans.flatMap(
    (group: {resource: {attributes: Attributes[]}; scopeSpans: {spans: never[]}[]}) =>
      group.scopeSpans.flatMap(({spans}) =>
        spans.map((span: Record<string, unknown> & {status?: {code: number}; attributes: Attributes[]}) => ({
          name: span.name,
          traceId: hex(span.traceId),
          spanId: hex(span.spanId),
          parentSpanId: hex(span.parentSpanId),
          kind: span.kind,
          status: span.status?.code ?? 0,
          attributes: plain(span.attributes),
          resource: plain(group.resource.attributes),
        })),
      ),
  )
}

function hex(base64: unknown): string {
  return Buffer.from(String(base64 ?? ''), 'base64').toString('hex')
}

function plain(attributes: Attributes[]): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({key, value}) => [key, value.stringValue ?? String(value.intValue ?? '')]),
  )
}

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
