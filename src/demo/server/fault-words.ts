import {methodsOf} from '../../client/descriptor.js'
import {type RpcCode, rpcCode, UsageError} from '../../errors/errors.js'
import {parseDurationMs} from '../../text/duration.js'
import {nearest} from '../../text/nearest.js'
import {behaviourLike, releaseNames} from './behaviour.js'
import type {Faults} from './faults.js'

interface FaultWords {
  delay: readonly string[]
  fail: readonly string[]
  cut: readonly string[]
}

export function parseFaults({delay, fail, cut}: FaultWords): Faults {
  return {
    latencyMs: byMethod('--delay', delay, parseDurationMs),
    codes: byMethod('--fail', fail, (word) => ({code: parseCode(word)})),
    cutAfter: byMethod('--cut', cut, parseCount),
  }
}

/** Throws UsageError for a release that is not known. */
export function parseRelease(word: string): string {
  if (!behaviourLike(word)) throw new UsageError(`--like "${word}": write one of ${releaseNames.join(', ')}`)
  return word
}

function byMethod<Value>(
  flag: string,
  words: readonly string[],
  parse: (word: string) => Value,
): Record<string, Value> {
  return Object.fromEntries(
    words.map((word) => {
      const equals = word.indexOf('=')
      if (equals < 1) throw new UsageError(`${flag} "${word}": write METHOD=…, such as ListContainers=…`)
      return [parseMethod(flag, word.slice(0, equals)), parse(word.slice(equals + 1))]
    }),
  )
}

function parseMethod(flag: string, word: string): string {
  const methods = [
    '*',
    ...Object.keys(methodsOf('RuntimeService')),
    ...Object.keys(methodsOf('ImageService')),
  ]
  const found = methods.find((method) => method.toLowerCase() === word.toLowerCase())
  if (found !== undefined) return found
  const guess = nearest(word, methods)
  throw new UsageError(`${flag}: the CRI has no call "${word}"${guess ? `: did you mean ${guess}?` : ''}`)
}

/** `NotFound`, `not_found` and `5` are one. */
function parseCode(word: string): RpcCode {
  const plain = word.replaceAll(/[_-]/g, '').toLowerCase()
  const found = Object.entries(rpcCode).find(
    ([name, code]) => code !== rpcCode.ok && (name.toLowerCase() === plain || String(code) === plain),
  )
  if (found) return found[1]
  throw new UsageError(
    `--fail: "${word}" is no gRPC status: write one such as notFound, unavailable, internal`,
  )
}

function parseCount(word: string): number {
  if (/^\d+$/.test(word)) return Number(word)
  throw new UsageError(`--cut: "${word}" is not a number of messages`)
}
