import type {CallObserver} from '../../client/call-options.js'
import {describeError} from '../failures/describe.js'
import type {Mask} from './masks.js'
import {isStream, requestType, responseType} from './method-types.js'

/** What `--debug` prints: every call with its request, its answer or failure, and how long it took. */
export function traceCalls(note: (text: string) => void, mask: Mask): CallObserver {
  return (method, request) => {
    const start = performance.now()
    note(`-> ${method} ${compact(mask.message(requestType(method), request))}`)
    let answer: object | undefined
    return {
      onMessage: (message) => {
        if (!isStream(method)) answer = message
      },
      onEnd: ({error}) => {
        const took = `${Math.round(performance.now() - start)} ms`
        const said =
          error !== undefined
            ? mask.text(describeError(error).text)
            : answer
              ? compact(mask.message(responseType(method), answer))
              : ''
        note(`<- ${method} ${took} ${said}`)
      },
    }
  }
}

function compact(message: object): string {
  return JSON.stringify(message, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  )
}
