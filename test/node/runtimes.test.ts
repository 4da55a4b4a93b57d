import {expect, test} from 'vitest'
import {methodsOf} from '../../src/client/descriptor.js'
import {
  cgroupDriverIn,
  endsStdinItself,
  firstReleases,
  looksLikeMonitor,
  removesAllTags,
  sharesEventQueue,
  streamsByMonitor,
  takesDeadlineForGrace,
  tellsMissingAsUnknown,
} from '../../src/node/runtimes.js'

const quirks = {
  sharesEventQueue,
  removesAllTags,
  endsStdinItself,
  streamsByMonitor,
  takesDeadlineForGrace,
  tellsMissingAsUnknown,
}

test.each([
  ['containerd', '1.6.39', ['removesAllTags', 'endsStdinItself']],
  ['containerd', 'v1.7.34', ['sharesEventQueue', 'removesAllTags', 'endsStdinItself']],
  ['containerd', '2.3.4', ['removesAllTags', 'endsStdinItself']],
  ['cri-o', '1.7.0', ['streamsByMonitor', 'takesDeadlineForGrace', 'tellsMissingAsUnknown']],
  ['docker', '28.0.1', []],
])('%s %s has its own quirks and no other', (runtimeName, runtimeVersion, expected) => {
  const found = Object.entries(quirks).filter(([, has]) => has({runtimeName, runtimeVersion}))
  expect(found.map(([name]) => name)).toEqual(expected)
})

test('the first releases are told of calls that exist', () => {
  const methods = Object.keys({...methodsOf('RuntimeService'), ...methodsOf('ImageService')})
  expect(methods.filter((method) => firstReleases(method) !== undefined).sort()).toEqual([
    'CheckpointContainer',
    'GetContainerEvents',
    'ListMetricDescriptors',
    'ListPodSandboxMetrics',
    'ListPodSandboxStats',
    'PodSandboxStats',
    'RuntimeConfig',
    'StreamContainerStats',
    'StreamContainers',
    'StreamImages',
    'StreamPodSandboxMetrics',
    'StreamPodSandboxStats',
    'StreamPodSandboxes',
    'UpdatePodSandboxResources',
  ])
})

test.each([
  ['http://127.0.0.1:1/exec/Ab12cd', false],
  ['http://127.0.0.1:1/exec/123e4567-e89b-12d3-a456-426614174000', true],
])("%s looks like the URL of a container's monitor: %s", (url, expected) => {
  expect(looksLikeMonitor(url)).toBe(expected)
})

test.each([
  ['{"containerd":{"runtimes":{"runc":{"options":{"SystemdCgroup":true}}}}}', 'SYSTEMD'],
  [
    '{"containerd":{"runtimes":{"runc":{"runtimeType":"io.containerd.runc.v2","options":{"SystemdCgroup":false}}}}}',
    'CGROUPFS',
  ],
  [
    '{"containerd":{"defaultRuntimeName":"k","runtimes":{"k":{"options":{"SystemdCgroup":true}},"runc":{}}}}',
    'SYSTEMD',
  ],
  ['{"containerd":{"runtimes":{"runc":{"runtimeType":"io.containerd.kata.v2","options":null}}}}', undefined],
  ['{"containerd":{"runtimes":null}}', undefined],
  ['null', undefined],
  ['no json', undefined],
  [undefined, undefined],
])('the cgroup driver in the settings of a containerd before 2.0: %s', (config, driver) => {
  expect(cgroupDriverIn(config === undefined ? {} : {config})).toBe(driver)
})
