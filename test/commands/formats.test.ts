import {rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {load} from 'js-yaml'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type FakeRuntime, id, kubeletContainer, startFakeRuntime} from '../support/fake-runtime.js'
import {manifest, runInProcess} from '../support/in-process.js'

// Every command that reads, in every format, with nothing to show, one object and many: a parser reads it back.

const beginnings = ['a1', 'a2', 'a3']

/** A runtime with so many of everything. */
function node(count: number) {
  const ids = beginnings.slice(0, count).map(id)
  const metadata = (index: number) => ({
    name: `web-${index}`,
    namespace: 'default',
    uid: `u${index}`,
    attempt: index,
  })
  const pods = ids.map((podId, index) => ({
    id: podId,
    metadata: metadata(index),
    state: 'SANDBOX_READY',
    createdAt: '9',
  }))
  const images = ids.map((imageId, index) => ({
    id: `sha256:${imageId}`,
    repoTags: [`docker.io/library/image:${index}`],
    size: `${1000 + index}`,
  }))
  const attributes = (index: number) => ({id: ids[index] ?? '', metadata: metadata(index)})
  const cpu = {timestamp: '5', usageCoreNanoSeconds: {value: '7'}, usageNanoCores: {value: '1000000'}}
  const memory = {timestamp: '5', workingSetBytes: {value: '1000000'}}
  const info = {info: '{"pid":42,"list":[1,"two",null]}'}
  return {
    Status: {status: {conditions: [{type: 'RuntimeReady', status: true}]}, info: {config: '{"a":{"b":1}}'}},
    RuntimeConfig: {linux: {cgroupDriver: 'SYSTEMD'}},
    ListContainers: {
      containers: ids.map((containerId, index) =>
        kubeletContainer('default', `web-${index}`, `app-${index}`, {
          id: containerId,
          podSandboxId: containerId,
        }),
      ),
    },
    ContainerStatus: ({containerId}: {containerId: string}) => ({
      status: {
        id: containerId,
        metadata: {name: 'app'},
        state: 'CONTAINER_RUNNING',
        labels: {'a.b/c': 'x: "y"\n'},
      },
      info,
    }),
    ListPodSandbox: {items: pods},
    PodSandboxStatus: ({podSandboxId}: {podSandboxId: string}) => ({
      status: {id: podSandboxId, metadata: metadata(0), state: 'SANDBOX_READY'},
      info,
    }),
    ListImages: {images},
    ImageStatus: ({image}: {image: {image: string}}) => ({
      image: images.find((each) => [each.id, ...each.repoTags].includes(image.image)),
      info,
    }),
    ImageFsInfo: {
      imageFilesystems: ids.map((mountpoint) => ({
        timestamp: '1',
        fsId: {mountpoint},
        usedBytes: {value: '5'},
      })),
    },
    ListContainerStats: {stats: ids.map((_, index) => ({attributes: attributes(index), cpu, memory}))},
    ListPodSandboxStats: {
      stats: ids.map((_, index) => ({attributes: attributes(index), linux: {cpu, memory}})),
    },
    ListPodSandboxMetrics: {
      podMetrics: ids.map((podSandboxId) => ({
        podSandboxId,
        metrics: [{name: 'cpu', metricType: 'COUNTER', labelValues: ['a'], value: {value: '3'}}],
      })),
    },
    ListMetricDescriptors: {
      descriptors: ids.map((_, index) => ({name: `metric_${index}`, help: 'of use', labelKeys: ['x']})),
    },
    GetContainerEvents: async function* () {
      for (const containerId of ids)
        yield {
          containerId,
          containerEventType: 'CONTAINER_STARTED_EVENT',
          createdAt: '1',
          containersStatuses: [],
        }
      await new Promise(() => undefined)
    },
  }
}

interface Reading {
  argv: string[]
  /** Key of the list in the document; none where it is one thing. */
  list?: string
  /** One is an object, several are a list, none is exit 3. */
  perObject?: boolean
  /** `-o table` is lines of text about each, not columns. */
  blocks?: boolean
}

const readings: Record<string, Reading> = {
  version: {argv: ['version'], blocks: true},
  info: {argv: ['info'], blocks: true},
  'runtime-config': {argv: ['runtime-config'], blocks: true},
  imagefsinfo: {argv: ['imagefsinfo'], blocks: true},
  ps: {argv: ['ps', '-a'], list: 'containers'},
  pods: {argv: ['pods'], list: 'items'},
  images: {argv: ['images'], list: 'images'},
  inspect: {argv: ['inspect', '-a'], perObject: true, blocks: true},
  inspectp: {argv: ['inspectp'], perObject: true, blocks: true},
  inspecti: {argv: ['inspecti'], perObject: true, blocks: true},
  stats: {argv: ['stats'], list: 'stats'},
  statsp: {argv: ['statsp'], list: 'stats'},
  metricsp: {argv: ['metricsp'], list: 'podMetrics'},
  metricdescs: {argv: ['metricdescs'], list: 'descriptors'},
}
/** They show something of their own, and have tests of their own for it. */
const elsewhere: Record<string, string[]> = {
  events: ['events'],
  explain: ['explain', 'run'],
  config: ['config'],
  which: ['which', '1'],
  describe: ['describe', 'web'],
  doctor: ['doctor'],
  node: ['node', 'ls'],
  timeline: ['timeline', 'web'],
  processes: ['processes', 'web'],
  restart: ['restart', 'web'],
  df: ['df'],
  sockets: ['sockets', 'web'],
  load: ['load', '-'],
  tag: ['tag', 'busybox', 'other'],
  untag: ['untag', 'busybox'],
  push: ['push', 'busybox'],
}

const forms = ['-o', 'custom-columns']
const commands = manifest.commands.filter(({flags}) =>
  flags.some(({name, description}) => name === 'output' && description?.includes(forms[1] ?? '')),
)

test('every command with the common formats is in the table', () => {
  const ids = commands.map(({id: name}) => name)
  expect(ids.filter((name) => !readings[name] && !elsewhere[name])).toEqual([])
  expect(ids).toEqual(expect.arrayContaining(['ps', 'pods', 'images', 'inspect', 'version']))
})

const columnsFile = join(tmpdir(), `crisp-columns-${process.pid}`)
beforeAll(() => writeFile(columnsFile, 'FIRST   REST     WHOLE\n.id     .nosuch  {.*}\n'))
afterAll(() => rm(columnsFile))

const table = commands.flatMap(({id: name}) => {
  const reading = readings[name]
  return reading ? [0, 1, 3].map((count) => [name, count, reading] as const) : []
})

describe.each(table)('%s of %i', (_, count, reading) => {
  let runtime: FakeRuntime
  beforeAll(async () => {
    runtime = await startFakeRuntime(node(count))
  })
  afterAll(() => runtime[Symbol.asyncDispose]())
  const shows = async (...format: string[]) => {
    const {stdout, stderr, exitCode} = await runInProcess([...reading.argv, ...format], runtime)
    if (reading.perObject && count === 0) expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 3})
    else expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    return stdout
  }
  const itemsOf = (document: unknown): unknown[] => {
    if (reading.list !== undefined) return (document as Record<string, unknown[]>)[reading.list] ?? []
    return Array.isArray(document) ? document : [document]
  }
  const expected = reading.list !== undefined || reading.perObject ? count : 1
  const nothing = reading.perObject && count === 0

  test('json, yaml, jsonl and the three templates say the same', async () => {
    const text = await shows('-o', 'json')
    if (nothing) return
    const document: unknown = JSON.parse(text)
    const items = itemsOf(document)
    expect(items).toHaveLength(expected)
    if (reading.perObject) expect(Array.isArray(document)).toBe(count > 1)

    expect(load(await shows('-o', 'yaml'))).toEqual(document)
    expect(JSON.parse(await shows('-o', 'jsonpath={}'))).toEqual(document)
    expect(JSON.parse(await shows('-o', 'go-template={{json .}}'))).toEqual(document)
    expect(JSON.parse(await shows('-o', 'go-template', '--template', '{{json .}}'))).toEqual(document)
    expect(JSON.parse(await shows('--template', '{{. | json}}'))).toEqual(document)
    const lines = (await shows('-o', 'jsonl')).split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map((line) => JSON.parse(line))).toEqual(items)
  })

  test('name is a line for each', async () => {
    const lines = (await shows('-o', 'name')).split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.every((line) => /^\S+$/.test(line))).toBe(true)
    if (reading.list !== undefined) expect(lines).toHaveLength(count)
  })

  test('columns: a row for each, cells where their titles begin', async () => {
    const custom = await shows('-o', 'custom-columns=FIRST:.id,REST:.nosuch,WHOLE:.*')
    const file = await shows('-o', `custom-columns-file=${columnsFile}`)
    expect(file).toBe(custom)
    if (nothing) return
    expect(parsedColumns(custom).titles).toEqual(['FIRST', 'REST', 'WHOLE'])
    expect(parsedColumns(custom).rows.map((row) => row.REST)).toEqual(Array(expected).fill('<none>'))
    for (const form of ['table', 'wide']) {
      const text = await shows('-o', form)
      if (reading.blocks) {
        expect(text).toMatch(/^\S.*\n/)
        continue
      }
      const {titles, rows} = parsedColumns(text)
      expect(rows).toHaveLength(count)
      for (const row of rows) expect(row[titles[0] ?? '']).toMatch(/\S/)
    }
  })
})

/** A table by the positions of its titles, which are at least three blanks apart. */
function parsedColumns(text: string): {titles: string[]; rows: Record<string, string>[]} {
  const [header = '', ...lines] = text.trimEnd().split('\n')
  const starts = [...header.matchAll(/(?<=^| {3})\S/g)].map(({index}) => index)
  const cut = (line: string) =>
    starts.map((start, column) => {
      // A cell that begins elsewhere would show here as a piece of the word before it.
      if (start > 0 && start < line.length) expect(line.slice(start - 1, start)).toBe(' ')
      return line.slice(start, starts[column + 1]).trimEnd()
    })
  const titles = cut(header)
  return {
    titles,
    rows: lines.map((line) =>
      Object.fromEntries(cut(line).map((cell, column) => [titles[column] ?? '', cell])),
    ),
  }
}

describe('events: each in the form asked for', () => {
  const events = async (count: number, format: string, enough: (text: string) => boolean) => {
    await using runtime = await startFakeRuntime(node(count))
    const stop = count === 0 ? {interrupt: runtime.nextCall('GetContainerEvents')} : {enough}
    const {stdout, exitCode} = await runInProcess(['events', '-o', format], {
      endpoint: runtime.endpoint,
      ...stop,
    })
    expect(exitCode).toBe(130)
    return stdout
  }
  const linesOf = (count: number) => (text: string) => text.split('\n').length > count
  const braces = (count: number) => (text: string) => text.split('\n}\n').length > count

  test.each([0, 1, 3])('%i of them', async (count) => {
    const ids = beginnings.slice(0, count).map(id)
    const containerIds = (documents: unknown[]) =>
      documents.map((each) => (each as {containerId: string}).containerId)
    const json = await events(count, 'json', braces(count))
    expect(
      containerIds(
        json
          .split(/(?<=^\}\n)/m)
          .filter(Boolean)
          .map((each) => JSON.parse(each)),
      ),
    ).toEqual(ids)
    const jsonl = await events(count, 'jsonl', linesOf(count))
    expect(
      containerIds(
        jsonl
          .split('\n')
          .filter(Boolean)
          .map((each) => JSON.parse(each)),
      ),
    ).toEqual(ids)
    const yaml = await events(
      count,
      'yaml',
      (text) => text.split('podSandboxStatus').length + text.split('\n\n').length > count + 1,
    )
    expect(
      containerIds(
        yaml
          .split(/^---\n/m)
          .filter(Boolean)
          .map((each) => load(each)),
      ),
    ).toEqual(ids)
    expect(await events(count, 'go-template={{.containerId}}', linesOf(count))).toBe(
      ids.map((each) => `${each}\n`).join(''),
    )
    expect(await events(count, 'jsonpath={.containerId}', linesOf(count))).toBe(
      ids.map((each) => `${each}\n`).join(''),
    )
    const columns = await events(count, 'custom-columns=ID:.containerId', linesOf(count + 1))
    expect(count === 0 ? [] : parsedColumns(columns).rows.map(({ID}) => ID)).toEqual(ids)
    expect((await events(count, 'table', linesOf(count && count + 1))).split('\n')).toHaveLength(
      // The day stands above them.
      count === 0 ? 1 : count + 2,
    )
    expect((await events(count, 'name', linesOf(count))).split('\n')).toHaveLength(count + 1)
  })
})

describe('invalid formats and templates', () => {
  test.each(commands.map(({id: name}) => name))('%s refuses them before anything is sent', async (name) => {
    const argv = readings[name]?.argv ?? elsewhere[name] ?? []
    await using runtime = await startFakeRuntime()
    const refused: [string, RegExp][] = [
      ['xml', /^crisp: -o "xml" is not an output format/],
      ['go-template={{.a', /^crisp: template 1:1: this \{\{ has no \}\}\n$/],
      ['jsonpath={.a', /^crisp: jsonpath 1:1: this \{ has no \}\n$/],
      ['custom-columns=A', /^crisp: custom-columns: "A" is not HEADER:PATH/],
      ['custom-columns-file', /^crisp: -o custom-columns-file needs a file: /],
      [
        'custom-columns-file=/no/such',
        /^crisp: -o custom-columns-file: cannot read \/no\/such: no such file\n/,
      ],
      ['custom-columns-file=/dev/null', /^crisp: -o custom-columns-file: \/dev\/null is empty\n$/],
      ['jsonpath', /^crisp: -o jsonpath needs an expression/],
    ]
    for (const [format, message] of refused) {
      const {stdout, stderr, exitCode} = await runInProcess([...argv, '-o', format], runtime)
      expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 2})
      expect(stderr).toMatch(message)
    }
    expect(runtime.calls).toEqual([])
  })
})

test('--template with another format is ignored with a note', async () => {
  await using runtime = await startFakeRuntime(node(1))
  const {stdout, stderr, exitCode} = await runInProcess(
    ['pods', '-o', 'json', '--template', '{{.x}}'],
    runtime,
  )
  expect(JSON.parse(stdout).items).toHaveLength(1)
  expect({stderr, exitCode}).toEqual({
    stderr: 'crisp: --template is for -o go-template: it does nothing with -o json\n',
    exitCode: 0,
  })
})
