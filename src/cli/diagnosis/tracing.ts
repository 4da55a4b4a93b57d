import {hostname} from 'node:os'
import {type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace} from '@opentelemetry/api'
import {type ExportResult, ExportResultCode, W3CTraceContextPropagator} from '@opentelemetry/core'
import {OTLPTraceExporter} from '@opentelemetry/exporter-trace-otlp-grpc'
import {resourceFromAttributes} from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import type {CallObserver} from '../../client/call-options.js'
import {codeName, type RpcCode, RpcError, UsageError} from '../../errors/errors.js'
import {sayEachOnce} from '../../text/once.js'
import {isCrictlMode} from '../../text/program.js'
import {serviceOf} from './method-types.js'

export interface TracingOptions {
  /** The verb: the name of the root span. */
  command: string
  /** `host:port` of a collector that takes OTLP over gRPC without TLS. */
  endpoint: string
  /** Of a million commands so many are traced; all if negative. */
  samplingPerMillion: number
  startedAtMs: number
  /** For handing spans over at the end, in milliseconds. */
  patienceMs: number
  environment: NodeJS.ProcessEnv
  note: (text: string) => void
}

export interface Tracing {
  /** A span for each call, which the runtime is told of. */
  onCall: CallObserver
  /** Ends the root span and hands all over. Never rejects, never takes longer than `patienceMs`. */
  end(exitCode: number): Promise<void>
}

const propagator = new W3CTraceContextPropagator()
type Headers = Record<string, string>
const headerSetter = {
  set: (headers: Headers, key: string, value: string) => {
    headers[key] = value
  },
}
const headerGetter = {
  get: (headers: Headers, key: string) => headers[key],
  keys: (headers: Headers) => Object.keys(headers),
}

/** Traces one command. Throws UsageError for an endpoint that is none. */
export function startTracing(options: TracingOptions): Tracing {
  const url = collectorUrl(options.endpoint)
  const lost = sayEachOnce(
    (reason: string) =>
      options.note(`the trace is lost: no collector took it at ${options.endpoint} (${reason})`),
    () => 'lost',
  )
  const exporter = new OTLPTraceExporter({url, timeoutMillis: options.patienceMs})
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': options.environment.OTEL_SERVICE_NAME || (isCrictlMode() ? 'cri-tools' : 'crisp'),
      'host.name': hostname(),
      'process.pid': process.pid,
    }),
    sampler: new ParentBasedSampler({root: samplerOf(options.samplingPerMillion)}),
    spanProcessors: [new BatchSpanProcessor(reportFailures(exporter, lost))],
  })
  const tracer = provider.getTracer('crisp')
  const root = tracer.startSpan(
    options.command,
    {attributes: {command: options.command}, startTime: options.startedAtMs},
    callerContext(options.environment),
  )
  const within = trace.setSpan(ROOT_CONTEXT, root)
  return {
    onCall: (method, _request, addHeader) => {
      const span = tracer.startSpan(`${fullServiceOf(method)}/${method}`, callOptions(method), within)
      for (const [name, value] of Object.entries(headersOf(trace.setSpan(within, span))))
        addHeader(name, value)
      return {onEnd: ({error}) => endCall(span, error)}
    },
    end: async (exitCode) => {
      root.setAttribute('process.exit.code', exitCode)
      if (exitCode !== 0) root.setStatus({code: SpanStatusCode.ERROR, message: `exit code ${exitCode}`})
      root.end()
      // The exporter gives up by itself; this is for the case that it does not.
      await atMost(options.patienceMs + 200, provider.shutdown(), () => lost('no answer'))
    },
  }
}

/** The trace that this command is part of: TRACEPARENT, as other tools hand it to their children. */
function callerContext({TRACEPARENT = '', TRACESTATE = ''}: NodeJS.ProcessEnv): Context {
  return propagator.extract(ROOT_CONTEXT, {traceparent: TRACEPARENT, tracestate: TRACESTATE}, headerGetter)
}

function headersOf(context: Context): Headers {
  const headers: Headers = {}
  propagator.inject(context, headers, headerSetter)
  return headers
}

function fullServiceOf(method: string): string {
  return `runtime.v1.${serviceOf(method)}`
}

function callOptions(method: string) {
  const attributes = {'rpc.system': 'grpc', 'rpc.service': fullServiceOf(method), 'rpc.method': method}
  return {kind: SpanKind.CLIENT, attributes}
}

function endCall(span: Span, error: unknown): void {
  if (error === undefined) span.setAttribute('rpc.grpc.status_code', 0)
  else {
    if (error instanceof RpcError) span.setAttribute('rpc.grpc.status_code', error.code)
    // Never its words: a runtime may say again what it was sent, such as a password.
    const message = error instanceof RpcError ? codeName(error.code) : 'cut off'
    span.setStatus({code: SpanStatusCode.ERROR, message})
  }
  span.end()
}

function samplerOf(perMillion: number): Sampler {
  if (perMillion < 0) return new AlwaysOnSampler()
  if (perMillion === 0) return new AlwaysOffSampler()
  return new TraceIdRatioBasedSampler(perMillion / 1_000_000)
}

function collectorUrl(endpoint: string): string {
  const url = /^https?:/.test(endpoint) ? endpoint : `http://${endpoint}`
  if (!/:\d+$/.test(url) || !URL.canParse(url) || new URL(url).pathname !== '/')
    throw new UsageError(`--tracing-endpoint "${endpoint}" should be HOST:PORT, such as 127.0.0.1:4317`)
  return url
}

/** The exporter, but a collector that cannot be reached is said, and never an error. */
function reportFailures(exporter: SpanExporter, lost: (reason: string) => void): SpanExporter {
  return {
    export: (spans: ReadableSpan[], done: (result: ExportResult) => void) =>
      exporter.export(spans, (result) => {
        if (result.code !== ExportResultCode.SUCCESS) lost(reasonOf(result.error))
        done(result)
      }),
    shutdown: () => exporter.shutdown(),
  }
}

/** gRPC's name for it where it is of gRPC. */
function reasonOf(error: (Error & {code?: unknown}) | undefined): string {
  const {code, message} = error ?? {message: 'no reason given'}
  return typeof code === 'number' ? codeName(code as RpcCode) : message
}

async function atMost(limitMs: number, work: Promise<void>, late: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      late()
      resolve()
    }, limitMs)
  })
  // Why it failed has been said where it failed.
  await Promise.race([work.catch(() => undefined), limit])
  clearTimeout(timer)
}
