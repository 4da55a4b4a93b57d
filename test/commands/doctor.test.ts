import {stripVTControlCharacters} from 'node:util'
import {Ajv2020} from 'ajv/dist/2020.js'
import {expect, test} from 'vitest'
import {startDemoRuntime} from '../../src/demo/index.js'
import {checks} from '../../src/doctor/checks/index.js'
import type {Outcome} from '../../src/doctor/examine.js'
import {examinedView} from '../../src/doctor/text.js'
import {report} from '../../src/formats/report.js'
import {piecesOf} from '../../src/formats/view.js'
import {startFakeRuntime} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {startSickNode} from '../support/sick-node.js'

const crisp = runInProcess

test('where nothing is wrong it says what it looked at, and ends with 0', async () => {
  await using runtime = await startDemoRuntime()
  const {stdout, stderr, exitCode} = await crisp(
    ['doctor', '--only', 'conditions,pods', '--only', 'clock'],
    runtime,
  )
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
  expect(stdout).toBe(`3 checks of crisp-demo 0.0.0 at ${runtime.endpoint}; ok: conditions, pods, clock\n`)
})

test('what is broken is told with what shows it and what to do, and ends with 1', async () => {
  await using runtime = await startFakeRuntime({
    Status: {
      status: {
        conditions: [
          {
            type: 'NetworkReady',
            status: false,
            reason: 'NetworkPluginNotReady',
            message: 'no\x1b[31m network',
          },
        ],
      },
    },
  })
  const {stdout, exitCode} = await crisp(['doctor', '--only', 'conditions'], runtime)
  expect(exitCode).toBe(1)
  expect(stdout).toBe(`SEVERITY   CHECK        FINDING
broken     conditions   the runtime says that NetworkReady is false
             seen       NetworkPluginNotReady: no\\x1b[31m network
             to do      see whether the network plugin is installed and its pods run; the check cni says what is missing on the node

1 check of fake 1.2.3 at ${runtime.endpoint}
`)
})

test('without a runtime the checks of the host are done, and all others say why they are not', async () => {
  const {stdout, stderr, exitCode} = await crisp(['doctor', '-o', 'json'], {
    endpoint: 'unix:///nowhere/cri.sock',
  })
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 1})
  const document = JSON.parse(stdout)
  expect(document).toMatchObject({endpoint: null, runtime: null, result: 'broken'})
  expect(document.findings[0]).toEqual({
    check: 'runtime',
    severity: 'broken',
    what: 'no container runtime can be asked',
    sources: ['CRI'],
    evidence: ['/nowhere/cri.sock: absent'],
    fix: expect.any(String),
  })
  expect(document.checks).toContainEqual({
    name: 'conditions',
    sources: ['CRI'],
    result: 'not checked',
    reason: 'the runtime does not answer',
  })
  expect(document.checks.find(({name}: {name: string}) => name === 'disk').result).not.toBe('not checked')
})

test('its answer is as the schema has it', async () => {
  const schema = JSON.parse((await crisp(['jsonschema', 'doctor'])).stdout)
  const isValid = new Ajv2020({strict: true, allowUnionTypes: true}).compile(schema)
  await using node = await startSickNode()
  Object.assign(node.conditions[0] ?? {}, {status: false})
  for (const endpoint of [node.runtime.endpoint, 'unix:///nowhere/cri.sock']) {
    const document = JSON.parse((await crisp(['doctor', '-o', 'json'], {endpoint})).stdout)
    expect(isValid(document), JSON.stringify(isValid.errors)).toBe(true)
  }
})

test.each([
  [['--only', 'cnii'], 'crisp: --only "cnii" is no check, did you mean cni?\n'],
  [['--ignore', 'xyz'], /^crisp: --ignore "xyz" is no check: runtime, conditions, /],
  [['--since', 'never'], /^crisp: --since "never" is no time/],
])('doctor %j is refused', async (words, message) => {
  const {stdout, stderr, exitCode} = await crisp(['doctor', ...words])
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 2})
  expect(stderr).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
})

test('--ignore leaves checks out, -o name names those that found something', async () => {
  await using node = await startSickNode()
  Object.assign(node.conditions[0] ?? {}, {status: false})
  const others = checks.map(({name}) => name).filter((name) => !['conditions', 'clock'].includes(name))
  const {stdout} = await crisp(['doctor', '--ignore', others.join(','), '-o', 'name'], node.runtime)
  expect(stdout).toBe('conditions\n')
})

test('in 80 columns nothing is cut and no line is longer', async () => {
  await using node = await startSickNode()
  const message = 'blah '.repeat(60).trim()
  Object.assign(node.conditions[1] ?? {}, {status: false, message})
  const examined = {endpoint: 'unix:///run/x.sock', runtime: undefined, outcomes: await node.examine()}
  const text = [...piecesOf(examinedView(examined, {width: 80}).table(true))].join('')
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  expect(text.match(/blah/g)).toHaveLength(60)
})

test('in 40 columns what is found stands below its check', () => {
  const outcomes: Outcome[] = [
    {
      name: 'conditions',
      about: "the runtime's own conditions",
      sources: ['CRI'],
      result: 'broken',
      findings: [
        {
          severity: 'broken',
          what: 'the runtime says that NetworkReady is false: no network configuration',
          evidence: ['NetworkReady: NetworkPluginNotReady'],
          fix: 'bring a network to this node',
        },
      ],
    },
    {name: 'clock', about: 'the clock', sources: ['host'], result: 'ok', findings: []},
  ]
  const examined = {
    endpoint: 'unix:///run/x.sock',
    runtime: {name: 'containerd', version: '2.1.4'},
    outcomes,
  }
  expect([...piecesOf(examinedView(examined, {width: 40}).table(true))].join('')).toBe(`SEVERITY  CHECK
    FINDING
broken  conditions
    the runtime says that NetworkReady
    is false: no network configuration
  seen
    NetworkReady: NetworkPluginNotReady
  to do
    bring a network to this node

CHECK  RESULT  ASKED
    LOOKED AT
conditions  broken  CRI
    the runtime's own conditions
clock  ok  host
    the clock

2 checks of containerd 2.1.4 at
unix:///run/x.sock; ok: clock
`)
})

test('every check is explained, in 80 columns', async () => {
  const {stdout: list} = await crisp(['explain', 'doctor'])
  for (const {name} of checks) {
    expect(list).toContain(name)
    const {stdout, exitCode} = await crisp(['explain', `doctor/${name}`])
    expect(exitCode).toBe(0)
    expect(stdout.split('\n')[0]).toBe(`check ${name}`)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  }
  expect(await crisp(['explain', 'doctor/cnii'])).toMatchObject({
    stderr: 'crisp: doctor has no check "cnii", did you mean cni?\n',
    exitCode: 3,
  })
})

test('colours are not broken where a finding has a word longer than the line', () => {
  const painted = report([{title: 'SEVERITY'}, {title: 'FINDING'}], [['warning', `see ${'/a'.repeat(30)}`]], {
    width: 40,
    style: {header: (title) => title, cell: (_, cell) => `\x1b[38;5;136m${cell}\x1b[39m`},
  })
  const lines = stripVTControlCharacters(painted).split('\n')
  expect(lines[1]).toMatch(/^warning {4}see/)
  expect(lines.every((line) => line.length <= 40 && !/38;5|\[39m/.test(line))).toBe(true)
})
