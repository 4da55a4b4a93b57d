import {spawnSync} from 'node:child_process'
import {expect, test} from 'vitest'
import type {MetricDescriptor, PodSandboxMetrics} from '../../src/generated/cri.js'
import {prometheusText} from '../../src/views/metrics.js'
import {id, startFakeRuntime} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {python, testWith} from '../support/needs.js'

const descriptors = [
  {name: 'container_cpu_usage_seconds_total', help: 'CPU time\nin all', labelKeys: ['id', 'name']},
  {name: 'container_memory_usage_bytes', help: '', labelKeys: ['id']},
]
const podMetrics = [
  {
    podSandboxId: id('51'),
    metrics: [
      {
        name: 'container_memory_usage_bytes',
        timestamp: '1700000000123456789',
        metricType: 'GAUGE' as const,
        labelValues: ['pod"x\\'],
        value: {value: '77'},
      },
    ],
    containerMetrics: [
      {
        containerId: id('a1'),
        metrics: [
          {
            name: 'container_cpu_usage_seconds_total',
            timestamp: '0',
            metricType: 'COUNTER' as const,
            labelValues: ['c', 'web'],
            value: {value: '5'},
          },
          {
            name: 'container_memory_usage_bytes',
            timestamp: '0',
            metricType: 'GAUGE' as const,
            labelValues: ['c'],
            value: {value: '9'},
          },
        ],
      },
    ],
  },
]

test('metricsp -o prometheus prints what Prometheus scrapes', async () => {
  await using runtime = await startFakeRuntime({
    ListPodSandboxMetrics: {podMetrics},
    ListMetricDescriptors: {descriptors},
  })
  expect(await runInProcess(['metricsp', '-o', 'prometheus'], runtime)).toEqual({
    stdout: `# TYPE container_memory_usage_bytes gauge
container_memory_usage_bytes{id="pod\\"x\\\\"} 77 1700000000123
container_memory_usage_bytes{id="c"} 9
# HELP container_cpu_usage_seconds_total CPU time\\nin all
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{id="c",name="web"} 5
`,
    stderr: '',
    exitCode: 0,
  })
})

test("metricsp and metricdescs print crictl's JSON", async () => {
  await using runtime = await startFakeRuntime({
    ListPodSandboxMetrics: {podMetrics},
    ListMetricDescriptors: {descriptors},
  })
  const [metrics, descs] = await Promise.all([
    runInProcess(['metricsp'], runtime),
    runInProcess(['metricdescs'], runtime),
  ])
  expect(JSON.parse(metrics.stdout)).toEqual({podMetrics})
  expect(JSON.parse(descs.stdout)).toEqual({descriptors})
})

const parse = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
print(json.dumps([
  [family.name, family.type, family.documentation, [[s.name, s.labels, s.value, s.timestamp] for s in family.samples]]
  for family in text_string_to_metric_families(sys.stdin.read())
]))`

testWith('prometheus')(
  "Prometheus' own parser reads what it was given, whatever names and values hold",
  () => {
    const awkward = 'a"b\\c\nd\te {x="1"} # é 📦'
    const metric = {
      metricType: 'GAUGE' as const,
      timestamp: '1700000000123456789',
      value: {value: '18446744073709551615'},
    }
    const text = prometheusText(
      [
        {
          podSandboxId: 'p',
          metrics: [
            {...metric, name: 'odd-name.1', labelValues: [awkward, '', 'more than keys']},
            {...metric, name: 'no_value', labelValues: [], value: null},
            {...metric, name: '0undescribed', labelValues: [], timestamp: '0', value: {value: '0'}},
          ],
          containerMetrics: [
            {
              containerId: 'c',
              metrics: [
                {...metric, name: 'odd-name.1', labelValues: ['second', 'x'], value: {value: '7'}},
                {...metric, name: 'done_total', metricType: 'COUNTER', labelValues: [], value: {value: '3'}},
              ],
            },
          ],
        } satisfies PodSandboxMetrics,
      ],
      [
        {name: 'odd-name.1', help: awkward, labelKeys: ['with-dash', '1st']},
        {name: 'done_total', help: 'what is done', labelKeys: []},
      ] satisfies MetricDescriptor[],
    )
    const {stdout, stderr} = spawnSync(python, ['-c', parse], {input: text, encoding: 'utf8'})
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([
      [
        'odd_name_1',
        'gauge',
        awkward,
        [
          [
            'odd_name_1',
            {with_dash: awkward, _1st: '', label_2: 'more than keys'},
            2 ** 64,
            1_700_000_000.123,
          ],
          ['odd_name_1', {with_dash: 'second', _1st: 'x'}, 7, 1_700_000_000.123],
        ],
      ],
      ['_0undescribed', 'gauge', '', [['_0undescribed', {}, 0, null]]],
      ['done', 'counter', 'what is done', [['done_total', {}, 3, 1_700_000_000.123]]],
    ])
  },
)
