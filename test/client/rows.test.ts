import {expect, test} from 'vitest'
import {messageFields, methodsOf} from '../../src/client/descriptor.js'
import {containerIdentities} from '../../src/client/names.js'
import {type EntryType, rowReader} from '../../src/client/rows.js'
import {serviceDefinition} from '../../src/demo/server/definitions.js'
import * as codec from '../../src/generated/codec.js'
import type * as cri from '../../src/generated/cri.js'
import {containersView} from '../../src/views/containers.js'
import {imagesView} from '../../src/views/images.js'
import {podsView} from '../../src/views/pods.js'
import {containerUsageView, podUsageView} from '../../src/views/usage.js'
import {rounds, seeded} from '../support/random.js'
import {mangleBytes, randomMessage} from '../support/random-messages.js'

// Rows say of each entry what the message says that is read as a whole.

type Fields = Record<string, unknown>

const lists = [
  ['ListContainers', codec.readContainer, codec.fieldsOfContainer],
  ['ListPodSandbox', codec.readPodSandbox, codec.fieldsOfPodSandbox],
  ['ListImages', codec.readImage, codec.fieldsOfImage],
  ['ListContainerStats', codec.readContainerStats, codec.fieldsOfContainerStats],
  ['ListPodSandboxStats', codec.readPodSandboxStats, codec.fieldsOfPodSandboxStats],
].map(([method, read, fields]) => ({method, read, fields})) as unknown as ({
  method: string
} & EntryType<Fields>)[]

function methodOf(name: string) {
  const service = name === 'ListImages' ? 'ImageService' : 'RuntimeService'
  const {responseType} = methodsOf(service)[name] ?? {responseType: ''}
  const {decode} = (service === 'ImageService' ? codec.imageServiceMethods : codec.runtimeServiceMethods)[
    name as never
  ] as codec.Method
  const key = Object.keys(messageFields(responseType) ?? {})[0] ?? ''
  return {
    randomList: (random: ReturnType<typeof seeded>) =>
      serviceDefinition(service)[name]?.responseSerialize(randomMessage(responseType, random)) as Buffer,
    entriesOf: (bytes: Buffer) => (decode(bytes) as Record<string, Fields[]>)[key] as Fields[],
  }
}

const {count, seed} = rounds(200)
const wrong = (error: unknown) => new Error('unreadable', {cause: error})

test.each(lists)('$method: in whatever order fields of rows are read', ({method, ...type}) => {
  const random = seeded(seed)
  const {randomList, entriesOf} = methodOf(method)
  const readRows = rowReader(type)
  const names = Object.keys(type.fields)
  for (let round = 0; round < count; round++) {
    const bytes = randomList(random)
    const entries = entriesOf(bytes)
    const {rows, count} = readRows(bytes, 1, wrong)
    expect({rows: rows.length, count}).toEqual({rows: entries.length, count: entries.length})
    for (let reads = entries.length * names.length; reads > 0; reads--) {
      const [at, name] = [random.number(rows.length), random.of(names)]
      expect(rows[at]?.[name], name).toEqual(entries[at]?.[name])
    }
    for (const [at, row] of rows.entries())
      expect(Object.fromEntries(names.map((name) => [name, row[name]]))).toEqual(entries[at])
  }
})

test.each(lists)('$method: those that are kept, and how many there were', ({method, ...type}) => {
  const random = seeded(seed)
  const {randomList, entriesOf} = methodOf(method)
  const readRows = rowReader(type)
  for (let round = 0; round < count; round++) {
    const bytes = randomList(random)
    const entries = entriesOf(bytes)
    const wanted = random.of(['', 'web'])
    const {rows, count} = readRows(bytes, 1, wrong, ({id}) => id === wanted)
    const read = rows.map((row) =>
      Object.fromEntries(Object.keys(type.fields).map((name) => [name, row[name]])),
    )
    expect({count, read}).toEqual({count: entries.length, read: entries.filter(({id}) => id === wanted)})
  }
})

test.each(lists)('$method: of bytes that are no list, what is read of it is refused', ({method, ...type}) => {
  const random = seeded(seed)
  const {randomList, entriesOf} = methodOf(method)
  const readRows = rowReader(type)
  const names = Object.keys(type.fields)
  let refused = 0
  for (let round = 0; round < count * 5; round++) {
    const bytes = mangleBytes(randomList(random), random)
    const whole = outcome(() => entriesOf(bytes))
    const read = outcome(() =>
      readRows(bytes, 1, (error) => error as Error).rows.map((row) =>
        Object.fromEntries(names.map((name) => [name, row[name]])),
      ),
    )
    // Where a field is not of its type, what reads others may refuse it before.
    if (read !== undefined) expect(read, bytes.toString('hex')).toEqual(whole)
    else refused++
  }
  expect(refused).toBeGreaterThan(0)
})

test('views of rows are those of whole messages, in every form', () => {
  const random = seeded(seed)
  const usage = {units: 'si', order: 'cpu', idleToo: true} as const
  const views = {
    ListContainers: (items: unknown) => {
      const identityOf = containerIdentities([])
      return containersView(items as cri.Container[], {nowMs: Date.UTC(2026, 2, 14), identityOf})
    },
    ListPodSandbox: (items: unknown) => podsView(items as cri.PodSandbox[], {nowMs: Date.UTC(2026, 2, 14)}),
    ListImages: (items: unknown) => imagesView(items as cri.Image[], {units: 'si'}),
    ListContainerStats: (items: unknown) =>
      containerUsageView(items as cri.ContainerStats[], items as cri.ContainerStats[], usage),
    ListPodSandboxStats: (items: unknown) =>
      podUsageView(items as cri.PodSandboxStats[], items as cri.PodSandboxStats[], usage),
  }
  for (const {method, ...type} of lists) {
    const {randomList, entriesOf} = methodOf(method)
    const readRows = rowReader(type)
    const viewOf = views[method as keyof typeof views]
    const shown = (items: unknown) => {
      const {table, names, document, items: each} = viewOf(items)
      return {
        tables: [false, true].map((wide) => [...table(wide)].join('')),
        names: names(),
        document: document(),
        items: [...(each?.() ?? [])],
      }
    }
    for (let round = 0; round < count / 20; round++) {
      const bytes = randomList(random)
      expect(shown(readRows(bytes, 1, wrong).rows)).toEqual(shown(entriesOf(bytes)))
    }
  }
})

function outcome<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    expect((error as Error).message).toMatch(/^(index out of range|invalid |maximum nesting depth exceeded)/)
    return undefined
  }
}
