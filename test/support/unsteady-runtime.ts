import {once} from 'node:events'
import {rm} from 'node:fs/promises'
import {connect, createServer, type Server, type Socket} from 'node:net'
import {methodsOf} from '../../src/client/descriptor.js'
import {rpcCode} from '../../src/errors/errors.js'
import {type Answer, type FakeRuntime, startFakeRuntime, status} from './fake-runtime.js'

/** How a runtime goes away. Where it answers with a status, that is what it says to every call, also to those it has. */
export const losses = [
  'socket gone',
  'CANCELLED',
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'connection cut in mid-stream',
] as const
export type Loss = (typeof losses)[number]

const codes: Partial<Record<Loss, number>> = {
  CANCELLED: rpcCode.cancelled,
  UNAVAILABLE: rpcCode.unavailable,
  DEADLINE_EXCEEDED: rpcCode.deadlineExceeded,
}

export interface UnsteadyRuntime extends AsyncDisposable {
  endpoint: string
  runtime: FakeRuntime
  /** Goes away, and comes back by itself when it has been asked so often. */
  lose(loss: Loss, backAfterAsks?: number): Promise<void>
  comeBack(): Promise<void>
  /** Resolves when a method has been called so many times more. */
  asked(method: string, times: number): Promise<void>
}

/** A fake runtime that goes away as it is told. */
export async function startUnsteadyRuntime(answers: Record<string, Answer>): Promise<UnsteadyRuntime> {
  let loss: Loss | undefined
  let asksLeft = Number.POSITIVE_INFINITY
  let gone = rejection()

  const comeBack = async () => {
    if (loss === 'socket gone') await door.open()
    loss = undefined
    gone = rejection()
  }
  /** What befalls a call; nothing while all is well. */
  const befall = async () => {
    if (loss === undefined) return
    const during = loss
    if (--asksLeft <= 0) await comeBack()
    if (during === 'connection cut in mid-stream') door.hangUp()
    throw status(codes[during] ?? rpcCode.unavailable, 'the runtime is shutting down')
  }
  const unsteady = (answer: Answer): Answer => {
    return async (request: never, call) => {
      await befall()
      const given = Promise.resolve(typeof answer === 'function' ? answer(request, call) : answer)
      return Promise.race([given, gone.promise]) as Promise<object>
    }
  }
  const unsteadyStream = (answer: Answer): Answer =>
    async function* (request: never, call: never) {
      await befall()
      const messages = (await (answer as (...given: never[]) => AsyncIterable<object>)(request, call))[
        Symbol.asyncIterator
      ]()
      for (;;) {
        const next = await Promise.race([messages.next(), gone.promise])
        if (next.done) return
        yield next.value
      }
    }
  const methods = {...methodsOf('RuntimeService'), ...methodsOf('ImageService')}
  const runtime = await startFakeRuntime(
    Object.fromEntries(
      Object.entries(answers).map(([method, answer]) => [
        method,
        methods[method]?.responseStream ? unsteadyStream(answer) : unsteady(answer),
      ]),
    ),
  )
  const path = `${runtime.path}.door`
  const door = new Door(() => connect(runtime.path), path)
  await door.open()
  return {
    endpoint: `unix://${path}`,
    runtime,
    async lose(how, backAfterAsks = Number.POSITIVE_INFINITY) {
      loss = how
      asksLeft = backAfterAsks
      const code = codes[how]
      if (code !== undefined) return gone.reject(status(code, 'the runtime is shutting down'))
      if (how === 'socket gone') await door.close()
      else door.hangUp()
    },
    comeBack,
    async asked(method, times) {
      for (let left = times; left > 0; left--) await runtime.nextCall(method)
    },
    async [Symbol.asyncDispose]() {
      await door.close()
      await runtime[Symbol.asyncDispose]()
    },
  }
}

/** A promise that is only ever rejected; nobody has to listen. */
function rejection(): {promise: Promise<never>; reject: (reason: unknown) => void} {
  let reject = (_reason: unknown): void => undefined
  const promise = new Promise<never>((_resolve, rejectIt) => {
    reject = rejectIt
  })
  promise.catch(() => undefined)
  return {promise, reject}
}

/** What stands before a server: it passes bytes on until it hangs up on everybody. */
export class Door {
  readonly #inside: () => Socket
  readonly #at: string | number
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  constructor(inside: () => Socket, at: string | number) {
    this.#inside = inside
    this.#at = at
  }

  async open(): Promise<void> {
    this.#server = createServer((outer) => {
      const inner = this.#inside()
      for (const socket of [outer, inner]) {
        this.#sockets.add(socket)
        socket.on('error', () => undefined)
        socket.on('close', () => {
          this.#sockets.delete(socket)
          outer.destroy()
          inner.destroy()
        })
      }
      outer.pipe(inner).pipe(outer)
    })
    this.#server.listen(this.#at)
    await once(this.#server, 'listening')
  }

  get port(): number {
    const address = this.#server?.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Nobody is there any more, and a unix socket is gone as well. */
  async close(): Promise<void> {
    this.#server?.close()
    this.hangUp()
    if (typeof this.#at === 'string') await rm(this.#at, {force: true})
  }
}
