import {expect, test} from 'vitest'
import {enumValues, type FieldDescriptor, messageFields} from '../../src/client/descriptor.js'
import {parseMessage} from '../../src/config-files/file.js'
import {documentsText, plainMessage} from '../../src/config-files/write.js'
import {UserError} from '../../src/errors/errors.js'
import {mutated, type Random, rounds, seeded} from '../support/random.js'

// Any message, written and read again, is the same message; any text that is not one is refused in one line.

const words = [
  '',
  'a',
  'null',
  '~',
  'yes',
  '010',
  '1.50',
  '1e3',
  '-',
  '- x',
  ': ',
  '#no',
  'a: b',
  '"',
  "'",
  '{{',
  '*a',
  '&a',
  '!!str',
  '|',
  'é\u0301',
  '\u{1f4e6}',
  '\u0085',
  '\u2028',
  '\n',
  '\t\n ',
  'x'.repeat(200),
  '%',
  '@',
  '=',
  '<<',
  '\\u0041',
  '\r',
  '\u001b[31m',
  'true',
  '0x1F',
  '2001-01-01',
  '.inf',
  '+1',
  '1_000',
  '...',
  '---',
  'key: |\n  text',
]
const integers: Record<string, readonly bigint[]> = {
  int32: [0n, 1n, -1n, 2n ** 31n - 1n, -(2n ** 31n)],
  uint32: [0n, 7n, 2n ** 32n - 1n],
  int64: [0n, -1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)],
  uint64: [0n, 1n, 2n ** 53n + 1n, 2n ** 64n - 1n],
}

function randomMessage(type: string, random: Random, depth: number): Record<string, unknown> {
  const message: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(messageFields(type) ?? {})) {
    if (!random.chance(depth > 0 ? 0.5 : 0.2)) continue
    if (field.keyType !== undefined) {
      const keys = Array.from({length: random.number(4)}, () => random.of(words))
      message[name] = Object.fromEntries(keys.map((key) => [key, randomValue(field, random, depth)]))
    } else if (field.rule === 'repeated') {
      message[name] = Array.from({length: random.number(4)}, () => randomValue(field, random, depth))
    } else message[name] = randomValue(field, random, depth)
  }
  return message
}

function randomValue({type}: FieldDescriptor, random: Random, depth: number): unknown {
  if (messageFields(type)) return randomMessage(type, random, depth - 1)
  const values = enumValues(type)
  if (values) return random.of(Object.keys(values))
  switch (type) {
    case 'string':
      return random.of(words)
    case 'bytes':
      return random.chance(0.5)
        ? Buffer.from(random.of(words))
        : Buffer.from([random.number(256), random.number(256)])
    case 'bool':
      return random.chance(0.5)
    default: {
      const value = random.of(integers[type] ?? [])
      return type.endsWith('64') ? value.toString() : Number(value)
    }
  }
}

const types = ['PodSandboxConfig', 'ContainerConfig', 'CreateContainerRequest'] as const

test('written as YAML and read again it is the same message', async () => {
  const {count, seed} = rounds(300)
  const random = seeded(seed)
  for (let round = 0; round < count; round++) {
    const type = random.of(types)
    const message = randomMessage(type, random, 4)
    const text = await documentsText([plainMessage(type, message)], 'yaml')
    expect(parseMessage(type, {name: 'file', text}), `seed ${seed}, round ${round}:\n${text}`).toEqual(
      message,
    )
  }
})

test('as JSON too, where every value is text', async () => {
  const {count, seed} = rounds(300)
  const random = seeded(seed + 1)
  for (let round = 0; round < count; round++) {
    const message = randomMessage('PodSandboxConfig', random, 4)
    const text = await documentsText([plainMessage('PodSandboxConfig', message)], 'json')
    const [only] = JSON.parse(text)
    const again = parseMessage('PodSandboxConfig', {name: 'file', text: JSON.stringify(only)})
    expect(again, `seed ${seed}, round ${round}:\n${text}`).toEqual(message)
  }
})

const alphabet = [
  ...'{}[]:,-#&*!|>\'"%@` \n\t\\~?=',
  '<<',
  '\u0000',
  '\u001b',
  '\ud800',
  '\uffff',
  '*a',
  '&a ',
  '  ',
  '- ',
  'null',
]

test('mistyped it is a configuration, or one line that names the file', async () => {
  const {count, seed} = rounds(500)
  const random = seeded(seed + 2)
  for (let round = 0; round < count; round++) {
    const type = random.of(types)
    const sound = await documentsText([plainMessage(type, randomMessage(type, random, 3))], 'yaml')
    const text = mutated(sound, random, alphabet)
    try {
      parseMessage(type, {name: 'file.yaml', text})
    } catch (error) {
      const {message} = error as Error
      const shown = `seed ${seed}, round ${round}: ${message}\n${text}`
      expect(error, shown).toBeInstanceOf(UserError)
      expect(message, shown).toMatch(/^file\.yaml(:\d+)?: [^\n\u001b]{1,400}$/)
    }
  }
})
