import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, onTestFinished, test} from 'vitest'
import {type ClockRange, clocksText, NodeClock} from '../../../src/cli/nodes/clocks.js'
import {startDemoRuntime} from '../../../src/demo/index.js'
import {eventually} from '../../support/eventually.js'
import {isMet} from '../../support/needs.js'
import {crispCommandWith, outcomeOf, runCli, startCli} from '../../support/run-cli.js'
import {letOthersConnect, startSshNode} from '../../support/ssh-node.js'

const around = (ms: number, uncertainMs = 1): ClockRange => ({
  leastMs: ms - uncertainMs,
  mostMs: ms + uncertainMs,
})

const order = 'each line has its place by the time of its own node'

test.each([
  ['one', {a: around(5_000)}, undefined],
  ['as far as is usual', {a: around(0), b: around(60)}, undefined],
  ['two', {a: around(-40), b: around(2_060)}, `a that of b is 2.1s ahead: ${order}`],
  [
    'of many that agree the others are told',
    {
      n1: around(1_000),
      n2: around(1_004, 8),
      n3: around(3_000),
      n4: around(600),
      n5: around(1_001),
      n6: around(3_001),
    },
    `n[1-2,5] (3) that of n[3,6] (2) is 2s ahead, that of n4 is 400ms behind: ${order}`,
  ],
  [
    'both sides of most',
    {a: around(-80), b: around(0), c: around(80)},
    `b that of a is 80ms behind, that of c is 80ms ahead: ${order}`,
  ],
  ['a slow link is no clock', {a: around(0), b: around(250, 250)}, undefined],
  ['nor are two', {a: around(-250, 250), b: around(250, 250)}, undefined],
  ['behind a slow link', {a: around(0), b: around(-5_000, 400)}, `b that of a is 5s ahead: ${order}`],
])('clocks: %s', (_, ranges: Record<string, ClockRange>, text) => {
  expect(clocksText(new Map(Object.entries(ranges)))).toBe(text && `clocks differ: compared to ${text}`)
})

test('the way there and back is what is not known of a clock, and the shortest counts', () => {
  let now = 1_000
  let asked = 0
  const clock = new NodeClock(
    () => asked++,
    () => now,
  )
  expect(clock.hear(6_000)).toBe(false)
  now += 400
  expect(clock.hear(6_390)).toBe(false)
  expect(clock.range).toEqual({leastMs: 4_990, mostMs: 5_390})
  now += 10
  expect(clock.hear(6_405)).toBe(false)
  now += 300
  expect(clock.hear(6_500)).toBe(true)
  expect({asked, range: clock.range}).toEqual({asked: 3, range: {leastMs: 4_995, mostMs: 5_005}})
})

describe.skipIf(!isMet('ssh'))('nodes whose clocks differ', () => {
  test('are told once, in logs and events of several', async () => {
    const command = ['/bin/sh', '-c', 'echo hello; exec sleep 1000']
    const runtime = await startDemoRuntime({
      seed: {
        pods: [{name: 'web', containers: [{name: 'web', image: 'registry.crisp.demo/shell:1.0', command}]}],
      },
    })
    onTestFinished(() => runtime[Symbol.asyncDispose]())
    await letOthersConnect(runtime)
    const users = Object.fromEntries(
      ['ahead', 'fine', 'good'].map((name) => [name, {id: 0, shell: '/bin/sh'}]),
    )
    const node = await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint}, users})
    onTestFinished(() => node[Symbol.dispose]())
    // The clock of one of them, as the program there reads it.
    const [shift, crisp] = ['shift.mjs', 'crisp'].map((name) => join(node.home('ahead'), name)) as [
      string,
      string,
    ]
    writeFileSync(shift, 'const now = Date.now; Date.now = () => now() + 7_000\n')
    writeFileSync(
      crisp,
      `#!/bin/sh\n[ "$USER" = ahead ] && export NODE_OPTIONS=--import=${shift}\nexec ${crispCommandWith({NODE_OPTIONS: ''}).join(' ')} "$@"\n`,
      {mode: 0o755},
    )
    const nodes = (...names: string[]) => ['--node-crisp', crisp, '-N', names.join(',')]
    const line = `crisp: clocks differ: compared to fine that of ahead is 7s ahead: ${order}\n`
    for (const format of ['text', 'json'])
      expect(
        (await runCli([...nodes('fine', 'ahead'), 'logs', '-o', format, 'web'], {env: node.env})).stderr,
      ).toBe(line)
    expect((await runCli([...nodes('fine', 'good'), 'logs', 'web'], {env: node.env})).stderr).toBe('')
    expect((await runCli([...nodes('fine', 'ahead'), 'ps'], {env: node.env})).stderr).toBe('')
    for (const argv of [['events'], ['logs', '-f', 'web']]) {
      const cli = startCli([...nodes('fine', 'ahead'), ...argv], {env: node.env})
      let said = ''
      cli.stderr.on('data', (chunk: Buffer) => {
        said += chunk
      })
      await eventually(() => expect(said).toBe(line))
      cli.kill('SIGINT')
      expect((await outcomeOf(cli)).exitCode).toBe(130)
      expect(said).toBe(line)
    }
  })
})
