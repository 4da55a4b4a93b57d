import type {ImageService, Input, RuntimeService} from '../../generated/cri.js'

/** What a handler knows of its call besides the request. */
export interface Call {
  /** The client has cancelled, or its deadline is over. */
  readonly signal: AbortSignal
  /** How long the client still waits; undefined without a limit. */
  readonly leftMs?: number | undefined
}

type Services = RuntimeService<object> & ImageService<object>

type Handler<Answer> =
  Answer extends Promise<infer Message>
    ? (request: never, call: Call) => Input<Message> | Promise<Input<Message>>
    : Answer extends AsyncIterable<infer Message>
      ? (request: never, call: Call) => AsyncIterable<Input<Message>>
      : never

/** One function for each RPC of both services. */
export type Handlers = {[Method in keyof Services]: Handler<ReturnType<Services[Method]>>}
