import type {CallObserver} from '../../client/call-options.js'
import {codeName, Interrupted, RpcError} from '../../errors/errors.js'
import {printableLines} from '../../errors/printable.js'
import {jsonText} from '../../formats/json.js'
import type {StreamObserver} from '../../sessions/session.js'
import type {Paint} from '../../text/meaning.js'
import {answerOf, type Look, subjectOf, type TracedMoment, traceLine} from '../../views/calls.js'
import {describeError} from '../failures/describe.js'
import type {Mask} from './masks.js'
import {isStream, requestType, responseType, serviceOf} from './method-types.js'
import {reducedMessage} from './reduced.js'

export type TraceForm = 'short' | 'full' | 'json'

export interface TraceOptions {
  form: TraceForm
  /** What makes YAML of a value, for the full form. */
  yaml: ((value: object) => string) | undefined
  mask: Mask
  write: (text: string) => void
  paint: Paint
  /** Of the terminal that it is written to, as it is then. */
  width: () => number | undefined
}

function lookOf({paint, width}: TraceOptions): Look {
  return {paint, width: width()}
}

export interface Trace {
  onCall: CallObserver
  onStream: StreamObserver
}

/** A call that has not ended by then has a line that says so. */
const patienceMs = 1_000

/** Tells of every call as it happens: with JSON an object for each moment, else a line, with what is in it below. */
export function traceTo(options: TraceOptions): Trace {
  let count = 0
  return {
    onCall: (method, request) => {
      const call = new TracedCall(++count, method, request, options)
      return {
        onMessage: (message) => call.take(message),
        onEnd: ({error, wasLeft}) => call.end(error, wasLeft),
      }
    },
    onStream: (url, transport) => traceStream(++count, url, transport, options),
  }
}

class TracedCall {
  readonly #number: number
  readonly #method: string
  readonly #options: TraceOptions
  readonly #startedMs = performance.now()
  readonly #request: Record<string, unknown>
  readonly #subject: string
  readonly #timer: NodeJS.Timeout | undefined
  #isRequestShown = false
  #messages = 0
  #answer: Record<string, unknown> | undefined

  constructor(number: number, method: string, request: object, options: TraceOptions) {
    this.#number = number
    this.#method = method
    this.#options = options
    this.#request = options.mask.message(requestType(method), request)
    this.#subject = subjectOf(this.#request)
    if (isStream(method)) this.#begin('begins')
    else {
      this.#timer = setTimeout(() => this.#begin('waits'), patienceMs)
      this.#timer.unref()
    }
  }

  take(message: object): void {
    this.#messages++
    const answer = this.#options.mask.message(responseType(this.#method), message)
    if (!isStream(this.#method)) {
      this.#answer = answer
      return
    }
    if (this.#options.form === 'json') this.#writeJson('message', {response: this.#reduced(answer, 'camel')})
    else {
      this.#writeLine({took: 'message', answer: answerOf(answer)})
      this.#writeBlock('message', responseType(this.#method), answer)
    }
  }

  end(error: unknown, wasLeft: boolean): void {
    clearTimeout(this.#timer)
    const {form, mask} = this.#options
    const durationMs = performance.now() - this.#startedMs
    const ending = endingOf(error, wasLeft)
    const details = mask.text(ending.details)
    if (form === 'json') {
      this.#writeJson('call', {
        request: reducedMessage(requestType(this.#method), this.#request, 'camel'),
        ...(this.#answer ? {response: this.#reduced(this.#answer, 'camel')} : {}),
        ...(isStream(this.#method) ? {messages: this.#messages} : {}),
        durationMs: Math.round(durationMs * 1000) / 1000,
        ...(ending.code === undefined ? {} : {code: ending.code}),
        status: ending.status,
        ...(details === '' ? {} : {details}),
      })
      return
    }
    const isFailure = error !== undefined && !(error instanceof Interrupted) && ending.status !== 'left'
    this.#writeLine({
      took: durationMs,
      ending: {text: details === '' ? ending.status : `${ending.status}: ${details}`, isFailure},
      ...(this.#answer ? {answer: answerOf(this.#answer)} : {}),
    })
    if (!this.#isRequestShown) this.#writeBlock('request', requestType(this.#method), this.#request)
    if (this.#answer) this.#writeBlock('answer', responseType(this.#method), this.#answer)
  }

  #begin(took: 'begins' | 'waits'): void {
    if (this.#options.form === 'json') {
      const request = reducedMessage(requestType(this.#method), this.#request, 'camel')
      this.#writeJson('begin', {request})
      return
    }
    this.#isRequestShown = true
    this.#writeLine({took})
    this.#writeBlock('request', requestType(this.#method), this.#request)
  }

  #reduced(answer: object, names: 'snake' | 'camel'): Record<string, unknown> {
    return reducedMessage(responseType(this.#method), answer, names)
  }

  #writeLine(moment: Pick<TracedMoment, 'took' | 'ending' | 'answer'>): void {
    const service = serviceOf(this.#method) === 'ImageService' ? 'image' : 'runtime'
    const line = {atMs: Date.now(), service, method: this.#method, subject: this.#subject, ...moment} as const
    this.#options.write(traceLine(line, lookOf(this.#options)))
  }

  #writeBlock(name: string, type: string, message: object): void {
    const {yaml, write} = this.#options
    if (!yaml) return
    const reduced = reducedMessage(type, message, 'snake')
    // What is asked can be sent again, and stays whole.
    const {shown, left} = name === 'request' ? {shown: reduced, left: []} : cutLists(reduced)
    const text = yaml({[name]: shown}) + left.map((line) => `# ${line}\n`).join('')
    write(printableLines(text.replace(/^(?=.)/gm, '    ')))
  }

  #writeJson(event: string, more: object): void {
    const call = {call: this.#number, service: serviceOf(this.#method), method: this.#method}
    writeEvent(this.#options, event, {...call, ...more})
  }
}

/** Of a list of ten thousand nobody reads more on a terminal, and the rest would push all else out of it. */
const mostListed = 20

function cutLists(message: Record<string, unknown>): {shown: Record<string, unknown>; left: string[]} {
  const long = Object.entries(message).filter(
    (entry): entry is [string, unknown[]] => Array.isArray(entry[1]) && entry[1].length > mostListed,
  )
  return {
    shown: {
      ...message,
      ...Object.fromEntries(long.map(([name, items]) => [name, items.slice(0, mostListed)])),
    },
    left: long.map(
      ([name, items]) => `and ${items.length - mostListed} more ${name}, which --trace=json has too`,
    ),
  }
}

function writeEvent({write}: TraceOptions, event: string, more: object): void {
  write(jsonText({time: new Date().toISOString(), event, ...more}, 0))
}

/** As gRPC names it, with the runtime's own words. */
function endingOf(error: unknown, wasLeft: boolean): {status: string; details: string; code?: number} {
  if (error === undefined)
    return wasLeft ? {status: 'left', details: ''} : {status: 'OK', details: '', code: 0}
  if (error instanceof RpcError)
    return {status: codeName(error.code), details: error.details, code: error.code}
  if (error instanceof Interrupted) return {status: 'interrupted', details: ''}
  // Nobody waits for its answer any more.
  if (['AbortError', 'TimeoutError'].includes((error as Error).name)) return {status: 'left', details: ''}
  return {status: 'cut off', details: describeError(error).text}
}

/** A connection to the runtime's streaming server, from where it is dialled to its end. */
function traceStream(
  number: number,
  url: string,
  transport: string,
  options: TraceOptions,
): ReturnType<StreamObserver> {
  const startedMs = performance.now()
  const {form, mask, write} = options
  const about = {call: number, service: 'stream', method: 'connection'}
  const subject = `${transport} ${mask.address(url)}`
  const line = (moment: Pick<TracedMoment, 'took' | 'ending' | 'answer'>) =>
    write(
      traceLine(
        {atMs: Date.now(), service: 'stream', method: 'connection', subject, ...moment},
        lookOf(options),
      ),
    )
  if (form === 'json') writeEvent(options, 'begin', {...about, transport, url: mask.address(url)})
  else line({took: 'begins'})
  return ({error, exitCode}) => {
    const durationMs = performance.now() - startedMs
    const details = error === undefined ? '' : mask.text(describeError(error).text)
    const status = error === undefined ? 'OK' : error instanceof Interrupted ? 'interrupted' : 'failed'
    if (form !== 'json') {
      const isFailure = status === 'failed'
      const answer = exitCode === undefined ? {} : {answer: `exit code ${exitCode}`}
      line({
        took: durationMs,
        ending: {text: isFailure ? `failed: ${details}` : status, isFailure},
        ...answer,
      })
      return
    }
    writeEvent(options, 'end', {
      ...about,
      durationMs: Math.round(durationMs * 1000) / 1000,
      status,
      ...(exitCode === undefined ? {} : {exitCode}),
      ...(details === '' ? {} : {details}),
    })
  }
}
