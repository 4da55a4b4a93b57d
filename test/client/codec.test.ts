import {fromJSON, type MethodDefinition} from '@grpc/proto-loader'
import {expect, test} from 'vitest'
import {messageFields, methodsOf} from '../../src/client/descriptor.js'
import {imageServiceMethods, type Method, runtimeServiceMethods} from '../../src/generated/codec.js'
import {descriptorJson} from '../../src/generated/descriptor.js'
import {rounds, seeded} from '../support/random.js'
import {mangleBytes, randomMessage} from '../support/random-messages.js'

// What the build makes of the proto writes and reads as protobufjs does, which takes the proto at run time.

const definitions = fromJSON(JSON.parse(descriptorJson), {longs: String, enums: String, defaults: true})
const methods = (
  [
    ['RuntimeService', runtimeServiceMethods],
    ['ImageService', imageServiceMethods],
  ] as const
).flatMap(([service, ours]) =>
  Object.entries(methodsOf(service)).map(([name, {requestType, responseType}]) => ({
    name,
    requestType,
    responseType,
    ours: (ours as Record<string, Method>)[name] as Method,
    theirs: (definitions[`runtime.v1.${service}`] as unknown as Record<string, unknown>)[
      name
    ] as MethodDefinition<object, object>,
  })),
)

const {count, seed} = rounds(25)

test.each(methods)('$name: requests are the same bytes', ({ours, theirs, requestType}) => {
  const random = seeded(seed)
  for (let round = 0; round < count; round++) {
    const request = randomMessage(requestType, random)
    expect(ours.encode(request).toString('hex')).toBe(theirs.requestSerialize(request).toString('hex'))
  }
})

test.each(methods)(
  '$name: answers are the same objects, in the same order',
  ({ours, theirs, responseType}) => {
    const random = seeded(seed)
    for (let round = 0; round < count; round++) {
      const bytes = theirs.responseSerialize(randomMessage(responseType, random))
      const [mine, others] = [ours.decode(bytes), theirs.responseDeserialize(bytes)]
      expect(mine).toEqual(others)
      expect(JSON.stringify(mine)).toBe(JSON.stringify(others))
    }
  },
)

test('fields that a newer runtime sends are passed over, whatever their type', () => {
  const known = Buffer.from([0x0a, 3, ...Buffer.from('0.1')])
  const newer = [
    [0xf8, 0x07, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    [0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8],
    [0xfa, 0x07, 2, 9, 9],
    [0xfb, 0x07, 0x08, 1, 0x0b, 0x0c, 0xfc, 0x07],
    [0xfd, 0x07, 1, 2, 3, 4],
  ]
  const expected = runtimeServiceMethods.Version.decode(known)
  expect(expected).toMatchObject({version: '0.1'})
  for (const field of newer)
    for (const bytes of [
      [...field, ...known],
      [...known, ...field],
    ])
      expect(runtimeServiceMethods.Version.decode(Buffer.from(bytes))).toEqual(expected)
})

test.each(methods.filter(({responseType}) => Object.keys(messageFields(responseType) ?? {}).length > 0))(
  '$name: bytes that are no message are refused, or read as protobufjs reads them',
  ({ours, theirs, responseType}) => {
    const random = seeded(seed)
    let refused = 0
    for (let round = 0; round < count * 5; round++) {
      const bytes = mangleBytes(theirs.responseSerialize(randomMessage(responseType, random)), random)
      const [mine, others] = [ours, {decode: theirs.responseDeserialize}].map(({decode}) =>
        outcome(decode, bytes),
      )
      if (mine === undefined) refused++
      // protobufjs takes a text that is cut off for a shorter one, and a number of six to nine bytes for two.
      else if (others !== undefined && !hasLongNumber(bytes))
        expect(mine, bytes.toString('hex')).toEqual(others)
      else if (others === undefined) expect(hasLongNumber(bytes), bytes.toString('hex')).toBe(true)
    }
    expect(refused).toBeGreaterThan(0)
  },
)

function outcome(decode: (bytes: Buffer) => object, bytes: Buffer): object | undefined {
  try {
    return decode(bytes)
  } catch (error) {
    expect((error as Error).message).toMatch(/^(index out of range|invalid |maximum nesting depth exceeded)/)
    return undefined
  }
}

function hasLongNumber(bytes: Buffer): boolean {
  return bytes.some((_, at) => bytes.subarray(at, at + 5).filter((byte) => byte > 127).length === 5)
}

test('a text that is cut off is refused', () => {
  expect(() => runtimeServiceMethods.Version.decode(Buffer.from([0x0a, 5, 0x61]))).toThrow(
    'index out of range',
  )
})

test('groups within groups have an end', () => {
  const {decode} = runtimeServiceMethods.Version
  expect(() => decode(Buffer.alloc(100_000, 0x7b))).toThrow('maximum nesting depth exceeded')
})
