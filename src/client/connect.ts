import {setMaxListeners} from 'node:events'
import {type FailedSocket, RpcError, rpcCode, type SocketProblem, UnreachableError} from '../errors/errors.js'
import {type CallContext, versionCall} from './call.js'
import type {CallObserver, ImageService, RuntimeService} from './call-options.js'
import {Channel} from './channel.js'
import {defaultConnectTimeoutMs, defaultTimeoutMs, longestTimerMs, timerMs} from './deadlines.js'
import {knownSockets, socketPathOf, socketState} from './endpoints.js'
import {retryDelayMs, waitMs} from './retries.js'
import {imageService, runtimeService} from './service.js'

export interface ConnectOptions {
  /** `unix:///path` or a path. Without it all `sockets` are tried at once and the first CRI v1 is taken. */
  endpoint?: string | undefined
  /** Where to look without an endpoint; every place that a known runtime uses by default. */
  sockets?: readonly string[] | undefined
  /** Of the image service, where that is another socket. */
  imageEndpoint?: string | undefined
  /** Base of every call's deadline in milliseconds; the kubelet's 120,000 by default. */
  timeoutMs?: number | undefined
  /** For one attempt to connect, in milliseconds; 5,000 by default. */
  connectTimeoutMs?: number | undefined
  /**
   * How often to try again while a runtime is starting: after a refused connection, or an answer that it is not
   * initialised yet; 3 by default, negative for ever. Given here, an absent socket is waited for too.
   */
  maxRetries?: number | undefined
  /** Ends every call and every attempt to connect. */
  signal?: AbortSignal | undefined
  onCall?: CallObserver | undefined
}

/**
 * Both CRI services of one runtime. Nothing is opened before the first call; whoever connects closes, with
 * `close()` or `using`. Calls throw UnreachableError when no runtime answers and RpcError when it refuses.
 */
export interface CriClient extends Disposable {
  readonly runtime: RuntimeService
  readonly image: ImageService
  /** The endpoint in use, after connecting to it. */
  endpoint(): Promise<string>
  close(): void
}

export function connect(options: ConnectOptions = {}): CriClient {
  const abort = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, abort.signal]) : abort.signal
  // Every call in flight listens to it, and Node warns of a leak at eleven.
  setMaxListeners(0, signal)
  const settings = {...options, signal}
  const runtime = connectOnce(() =>
    settings.endpoint === undefined ? discover(settings) : openAt(settings.endpoint, settings),
  )
  const image =
    options.imageEndpoint === undefined
      ? runtime
      : connectOnce(() => openAt(options.imageEndpoint ?? '', settings))
  const close = () => {
    abort.abort()
    for (const connection of new Set([runtime, image])) connection.close()
  }
  return {
    runtime: runtimeService(runtime.context, options.maxRetries),
    image: imageService(image.context, options.maxRetries),
    endpoint: async () => (await runtime.context()).endpoint,
    close,
    [Symbol.dispose]: close,
  }
}

function connectOnce(open: () => Promise<CallContext>): {
  context: () => Promise<CallContext>
  close: () => void
} {
  let opening: Promise<CallContext> | undefined
  let opened: CallContext | undefined
  return {
    context: () => {
      opening ??= open().then((context) => {
        opened = context
        return context
      })
      return opening
    },
    close: () => opened?.channel.close(),
  }
}

async function openAt(endpoint: string, options: ConnectOptions): Promise<CallContext> {
  const path = socketPathOf(endpoint)
  const channel = new Channel(path)
  try {
    const maxRetries = options.maxRetries ?? 3
    for (let attempt = 0; ; attempt++) {
      const problem = await connectionProblem(channel, path, options)
      if (problem === undefined) return contextOf(channel, path, options)
      const worthWaiting =
        problem === 'nobody listens' ||
        (problem === 'absent' && options.maxRetries !== undefined) ||
        // Or it has begun to listen between the attempt and the look at it.
        (problem === 'not a gRPC server' && attempt === 0)
      if (!worthWaiting || (maxRetries >= 0 && attempt >= maxRetries))
        throw new UnreachableError([{path, problem}])
      await waitMs(retryDelayMs(attempt), options.signal)
    }
  } catch (error) {
    channel.close()
    throw error
  }
}

/** What a runtime that has begun to listen may take until it answers. */
const comingUpMs = 200

async function connectionProblem(
  channel: Channel,
  path: string,
  options: ConnectOptions,
): Promise<SocketProblem | undefined> {
  for (let again = false; ; again = true) {
    const state = await channel.attempt(
      timerMs(options.connectTimeoutMs ?? defaultConnectTimeoutMs) ?? longestTimerMs,
      options.signal,
    )
    if (state === 'ready') return undefined
    if (state === 'silent') return 'no answer'
    const socket = await socketState(path)
    if (socket !== 'listening') return socket
    // A runtime may have come up between the attempt and the look.
    if (again) return 'not a gRPC server'
    await waitMs(comingUpMs, options.signal)
  }
}

/** All known sockets at once; the first that answers Version is kept, the others are closed. */
async function discover(options: ConnectOptions): Promise<CallContext> {
  const failures: (FailedSocket | undefined)[] = []
  const losers = new Set<Channel>()
  const paths = options.sockets ?? knownSockets.map(({path}) => path)
  const attempts = paths.map(async (path, index) => {
    const state = await socketState(path)
    if (state !== 'listening') {
      failures[index] = {path, problem: state}
      throw new UnreachableError([])
    }
    const channel = new Channel(path)
    losers.add(channel)
    const problem =
      (await connectionProblem(channel, path, options)) ?? (await versionProblem(channel, path, options))
    if (problem === undefined) return contextOf(channel, path, options)
    failures[index] = {path, problem}
    throw new UnreachableError([])
  })
  try {
    const winner = await Promise.any(attempts)
    losers.delete(winner.channel)
    return winner
  } catch {
    options.signal?.throwIfAborted()
    throw new UnreachableError(failures.filter((failure) => failure !== undefined))
  } finally {
    for (const channel of losers) channel.close()
  }
}

async function versionProblem(
  channel: Channel,
  path: string,
  options: ConnectOptions,
): Promise<SocketProblem | undefined> {
  const context = {...contextOf(channel, path, options), onCall: undefined}
  try {
    const timeoutMs = options.connectTimeoutMs ?? defaultConnectTimeoutMs
    await versionCall(context, {timeoutMs})
    return undefined
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    if (error.code === rpcCode.unimplemented) return 'no CRI v1 (plugin disabled?)'
    return error.code === rpcCode.deadlineExceeded ? 'no answer' : 'still starting'
  }
}

function contextOf(channel: Channel, path: string, options: ConnectOptions): CallContext {
  return {
    channel,
    endpoint: `unix://${path}`,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    signal: options.signal,
    onCall: options.onCall,
  }
}
