import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
} from '@grpc/grpc-js'
import {methodsOf} from '../../src/client/descriptor.js'
import {serviceDefinition} from '../../src/demo/server/definitions.js'
import type * as cri from '../../src/generated/cri.js'

export type FakeCall = ServerUnaryCall<object, object> | ServerWritableStream<object, object>

/** A call the runtime got: its method, its request, and whether the client has cancelled it. */
export interface SeenCall {
  method: string
  request: Record<string, unknown>
  cancelled: Promise<void>
}

/** What a method answers: the response, several for a stream, or a gRPC status; a function is asked each time. */
export type Answer =
  | object
  | ((request: never, call: FakeCall) => object | Promise<object> | AsyncIterable<object>)

export interface FakeRuntime extends AsyncDisposable {
  endpoint: string
  path: string
  calls: SeenCall[]
  /** Resolves with the next call of this method. */
  nextCall(method: string): Promise<SeenCall>
  /** Hangs up on everybody and takes the socket away, as a runtime that is restarted does. */
  stop(): Promise<void>
  /** Listens again on the same socket, after `stop`. */
  start(): Promise<void>
}

const version: cri.Input<cri.VersionResponse> = {
  version: '0.1.0',
  runtimeName: 'fake',
  runtimeVersion: '1.2.3',
  runtimeApiVersion: 'v1',
}

/** A CRI server on a unix socket that says what a test tells it; every other call is Unimplemented. */
export async function startFakeRuntime(answers: Record<string, Answer> = {}): Promise<FakeRuntime> {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-fake-'))
  const path = join(directory, 'cri.sock')
  const calls: SeenCall[] = []
  const waiting = new Map<string, (call: SeenCall) => void>()
  const see = (method: string, call: FakeCall) => {
    const cancelled = new Promise<void>((resolve) => call.on('cancelled', () => resolve()))
    const seen = {method, request: call.request as Record<string, unknown>, cancelled}
    calls.push(seen)
    waiting.get(method)?.(seen)
    waiting.delete(method)
  }
  const all: Record<string, Answer> = {Version: version, ...answers}
  const listen = async (): Promise<Server> => {
    const server = new Server({'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1})
    for (const service of ['RuntimeService', 'ImageService'] as const) {
      const handlers: Record<
        string,
        handleUnaryCall<object, object> | handleServerStreamingCall<object, object>
      > = {}
      for (const [method, {responseStream}] of Object.entries(methodsOf(service))) {
        const answer = all[method]
        if (answer === undefined) continue
        handlers[method] = responseStream ? streaming(method, answer, see) : unary(method, answer, see)
      }
      server.addService(serviceDefinition(service) as unknown as ServiceDefinition, handlers)
    }
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      )
    })
    return server
  }
  let server = await listen()
  let stopped = Promise.resolve()
  return {
    endpoint: `unix://${path}`,
    path,
    calls,
    nextCall: (method) => new Promise((resolve) => waiting.set(method, resolve)),
    stop: () => {
      server.forceShutdown()
      stopped = rm(path, {force: true})
      return stopped
    },
    start: async () => {
      await stopped
      server = await listen()
    },
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown()
      await rm(directory, {recursive: true, force: true})
    },
  }
}

function unary(
  method: string,
  answer: Answer,
  see: (method: string, call: FakeCall) => void,
): handleUnaryCall<object, object> {
  return async (call, reply) => {
    see(method, call)
    try {
      reply(null, (await answerOf(answer, call)) as object)
    } catch (error) {
      reply(error as Error)
    }
  }
}

function streaming(
  method: string,
  answer: Answer,
  see: (method: string, call: FakeCall) => void,
): handleServerStreamingCall<object, object> {
  return async (call) => {
    see(method, call)
    try {
      for await (const message of (await answerOf(answer, call)) as AsyncIterable<object>) call.write(message)
      call.end()
    } catch (error) {
      call.emit('error', error)
    }
  }
}

async function answerOf(answer: Answer, call: FakeCall): Promise<unknown> {
  return typeof answer === 'function' ? await answer(call.request as never, call) : answer
}

/** A gRPC status to throw from an answer. */
export function status(code: number, details: string): Error {
  return Object.assign(new Error(details), {code, details})
}

/** An answer that never comes. */
export function never(): Promise<object> {
  return new Promise(() => undefined)
}

export function container(fields: cri.Input<cri.Container>): cri.Input<cri.Container> {
  return {state: 'CONTAINER_RUNNING', image: {image: 'docker.io/library/busybox:1.36'}, ...fields}
}

/** A container as the kubelet makes it. */
export function kubeletContainer(
  namespace: string,
  pod: string,
  name: string,
  fields: cri.Input<cri.Container> = {},
): cri.Input<cri.Container> {
  return container({
    metadata: {name, attempt: 0},
    labels: {
      'io.kubernetes.pod.name': pod,
      'io.kubernetes.pod.namespace': namespace,
      'io.kubernetes.pod.uid': `uid-${pod}`,
      'io.kubernetes.container.name': name,
    },
    annotations: restarts(0),
    ...fields,
  })
}

/** What the kubelet writes on each of its containers. */
export function restarts(count: number): Record<string, string> {
  return {'io.kubernetes.container.restartCount': `${count}`}
}

/** 64 hex digits that begin as given. */
export function id(beginning: string): string {
  return beginning.padEnd(64, '0')
}

const loadedMs = Date.now()

/**
 * Nanoseconds since 1970, so many seconds before this file was loaded: two objects of the same age are of the
 * same moment, and have the same order in a list every time.
 */
export function secondsAgo(seconds: number): string {
  return `${BigInt(loadedMs - seconds * 1000) * 1_000_000n}`
}
