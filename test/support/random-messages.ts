import {enumValues, type FieldDescriptor, messageFields} from '../../src/client/descriptor.js'
import type {Random} from './random.js'

const texts = ['', 'web', 'käse 🧀', '\u0000', 'x'.repeat(127), 'y'.repeat(128), 'ß'.repeat(9_000)]
const longs = [
  '0',
  '1',
  '-1',
  '9007199254740993',
  '-9223372036854775808',
  '9223372036854775807',
  '4294967296',
]
const numbers: Record<string, (random: Random) => unknown> = {
  string: (random) => random.of(texts),
  bool: (random) => random.chance(0.5),
  bytes: (random) => Buffer.from(random.of(texts)),
  double: (random) => random.of([0, -0, 1.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY]),
  int32: (random) => random.of([0, 1, -1, 127, 128, 2 ** 31 - 1, -(2 ** 31)]),
  uint32: (random) => random.of([0, 1, 127, 128, 2 ** 32 - 1]),
  int64: (random) => random.of([...longs, 5, -5]),
  uint64: (random) => random.of([...longs, '18446744073709551615'].filter((value) => !value.startsWith('-'))),
}

/** A message of the CRI's by its name, with some of its fields. */
export function randomMessage(type: string, random: Random): object {
  const message: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(messageFields(type) ?? {})) {
    if (random.chance(0.3)) continue
    const items = Array.from({length: random.number(4)}, () => randomValue(field, type, random))
    if (field.keyType)
      message[name] = Object.fromEntries(
        items.map((value) => [random.of(['__proto__', 'a', '', '7', 'ä']), value]),
      )
    else message[name] = field.rule === 'repeated' ? items : randomValue(field, type, random)
  }
  return message
}

function randomValue(field: FieldDescriptor, type: string, random: Random): unknown {
  const scalar = numbers[field.type]
  if (scalar) return scalar(random)
  const values = enumValues(field.type) ?? enumValues(`${type}.${field.type}`)
  if (values) return random.of([...Object.keys(values), ...Object.values(values), 4711, -3])
  return random.chance(0.1) && field.rule !== 'repeated' ? null : randomMessage(field.type, random)
}

/** Cut off, or with some of its bytes replaced. */
export function mangleBytes(bytes: Buffer, random: Random): Buffer {
  const result = Buffer.from(bytes)
  if (result.length === 0) return Buffer.from([0x0a, random.number(256)])
  if (random.chance(0.5)) return result.subarray(0, random.number(result.length))
  for (let edits = 1 + random.number(3); edits > 0; edits--)
    result[random.number(Math.min(result.length, 60))] = random.number(256)
  return result
}
