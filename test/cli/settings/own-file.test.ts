import {expect, test} from 'vitest'
import {allNodes, parseOwnSettings, settingsFor} from '../../../src/cli/settings/own-file.js'

const read = (text: string) => parseOwnSettings(text, 'config.yaml')

test('groups are sets, lists, or have settings', async () => {
  const settings = await read(`nodes:
  workers: worker-[1-3]
  cp:
    nodes: [cp-1, cp-2]
    sudo: true
    runtime-endpoint: unix:///run/crio/crio.sock
  cluster: "@workers,@cp,!worker-2"
  worker-3:
    sudo: true
`)
  expect(settings.groups.get('workers')?.nodes).toEqual(['worker-1', 'worker-2', 'worker-3'])
  expect(settings.groups.get('cluster')?.nodes).toEqual(['worker-1', 'worker-3', 'cp-1', 'cp-2'])
  expect(allNodes(settings)).toEqual(['worker-1', 'worker-2', 'worker-3', 'cp-1', 'cp-2'])
  expect(settingsFor(settings, 'cp-2')).toEqual({
    sudo: true,
    runtimeEndpoint: 'unix:///run/crio/crio.sock',
  })
  expect(settingsFor(settings, 'worker-3')).toEqual({sudo: true})
  expect(settingsFor(settings, 'worker-1')).toEqual({})
})

test('units are the same on every node', async () => {
  const settings = await read('units: iec\nnodes:\n  w1: {sudo: true}\n')
  expect(settings.units).toBe('iec')
  expect(settingsFor(settings, 'w1')).toEqual({units: 'iec', sudo: true})
  expect(settingsFor(settings, 'other')).toEqual({units: 'iec'})
})

test('an empty file says nothing', async () => {
  expect((await read('')).groups.size).toBe(0)
  expect((await read('# later\n')).groups.size).toBe(0)
  expect((await read('nodes:\n')).groups.size).toBe(0)
})

test.each([
  ['node: x', 'config file config.yaml, node: no such setting, did you mean nodes?'],
  ['fanout: 3', 'config file config.yaml, fanout: no such setting: there are nodes, units'],
  ['units: MiB', 'config file config.yaml, units: should be si or iec'],
  ['units: [iec]', 'config file config.yaml, units: should be si or iec'],
  [
    'nodes:\n  a: {sudp: true}',
    'config file config.yaml, nodes, a, sudp: no such setting, did you mean sudo?',
  ],
  ['nodes:\n  a: {sudo: maybe}', 'config file config.yaml, nodes, a, sudo: should be true or false'],
  ['nodes:\n  a: "n[x]"', /^config file config.yaml, nodes, a: "n\[x\]" is no set of nodes/],
  ['nodes:\n  worker: n1\n  b: "@workers"', /there is no group @workers: did you mean @worker\?$/],
  ['nodes:\n  a: "@b"\n  b: "@a"', /the group contains itself$/],
  ['nodes:\n  all: n1', /"all" can be no name of a group/],
  ['nodes: [a]', /nodes: should be lines of "NAME: …"$/],
  ['nodes:\n  a: {runtime-endpoint: "http://x"}', /^config file config.yaml, nodes, a, runtime-endpoint: /],
  ['nodes: {', /not YAML/],
])('%s', async (text, message) => {
  await expect(read(text)).rejects.toThrow(message)
})
