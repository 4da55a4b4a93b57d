import {type handleUnaryCall, Server, ServerCredentials} from '@grpc/grpc-js'
import protobuf from 'protobufjs'

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
export async function startCollector(): Promise<
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
