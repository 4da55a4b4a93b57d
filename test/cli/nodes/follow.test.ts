import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../../src/demo/index.js'
import {eventually} from '../../support/eventually.js'
import {isMet} from '../../support/needs.js'
import {type Cli, outcomeOf, runCli, startCli} from '../../support/run-cli.js'
import {letOthersConnect, type SshNode, startSshNode} from '../../support/ssh-node.js'

const counting = (name: string, stream: string) => ({
  name,
  image: 'registry.crisp.demo/shell:1.0',
  command: [
    '/bin/sh',
    '-c',
    `i=0; while :; do i=$((i+1)); echo "${name} $i" >&${stream}; [ $((i % 20)) -gt 0 ] || sleep 0.05; done`,
  ],
})

const pod = {
  namespace: 'shop',
  name: 'web-1',
  containers: [counting('one', '1'), counting('two', '1'), counting('err', '2')],
}

describe.skipIf(!isMet('ssh'))('a follow over --node', () => {
  let runtime: DemoRuntime
  let node: SshNode
  beforeAll(async () => {
    runtime = await startDemoRuntime({seed: {pods: [pod]}})
    await letOthersConnect(runtime)
    node = await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint}})
  })
  afterAll(async () => {
    node[Symbol.dispose]()
    await runtime[Symbol.asyncDispose]()
  })

  function follow(
    argv: readonly string[],
    nodes = ['--node', 'root'],
  ): {cli: Cli; said: {stdout: string; stderr: string}} {
    const cli = startCli([...nodes, ...argv], {env: node.env})
    const said = {stdout: '', stderr: ''}
    for (const name of ['stdout', 'stderr'] as const)
      cli[name].on('data', (chunk: Buffer) => {
        said[name] += chunk
      })
    return {cli, said}
  }

  const numbers = (text: string, name: string) =>
    [...text.matchAll(new RegExp(`(?<=^|\\s)${name} (\\d+)\\n`, 'g'))].map(([, number]) => Number(number))
  const row = (all: readonly number[]) => Array.from(all, (_, index) => (all[0] as number) + index)

  test.each([
    ['one log', ['logs', '-f', '--tail', '5', 'one'], ['one'], 'stdout'],
    ['a log of stderr', ['logs', '-f', '--tail', '5', 'err'], ['err'], 'stderr'],
    ['several', ['logs', '-f', '--tail', '5', 'one', 'two'], ['one', 'two'], 'stdout'],
  ] as const)(
    'logs -f of %s goes on where it was, twice, without losing or doubling a line',
    async (_, argv, names, stream) => {
      const {cli, said} = follow(argv)
      const longer = async (lines: number) =>
        eventually(() => {
          for (const name of names) expect(numbers(said[stream], name).length).toBeGreaterThan(lines)
        })
      await longer(50)
      for (const time of [1, 2]) {
        const before = Math.max(...names.map((name) => numbers(said[stream], name).length))
        node.cut()
        await eventually(() => expect(said.stderr.split('connected again after ')).toHaveLength(time + 1))
        await longer(before + 50)
      }
      cli.kill('SIGINT')
      expect((await outcomeOf(cli)).exitCode).toBe(130)
      for (const name of names) {
        const all = numbers(said[stream], name)
        expect(all).toEqual(row(all))
      }
      expect(said.stderr.split('\n').filter((line) => line.startsWith('crisp: '))).toEqual(
        [1, 2].flatMap(() => [
          expect.stringMatching(/^crisp: root: the connection was lost.*: connecting again$/),
          expect.stringMatching(/^crisp: root: connected again after [\d.]+m?s, behind the last line$/),
        ]),
      )
      await eventually(() => expect(node.running()).toEqual([]))
    },
  )

  test('events that were missed are told', async () => {
    const {cli, said} = follow(['events', '-o', 'jsonl'])
    // Listened to once the first one has come.
    let made = 0
    await eventually(async () => {
      await runCli(['runp', '-'], {
        ...runtime,
        stdin: `metadata: {name: early-${made++}, namespace: shop, uid: u}\n`,
      })
      expect(said.stdout).toMatch(/early-/)
    })
    await eventually(() => expect(said.stdout).toContain(`early-${made - 1}`))
    node.cut()
    await eventually(() => expect(said.stderr).toMatch(/connecting again/))
    await runCli(['runp', '-'], {...runtime, stdin: 'metadata: {name: missed, namespace: shop, uid: m}\n'})
    await eventually(() =>
      expect(said.stderr).toMatch(/listening again after [\d.]+ s: the lists show 2 changes/),
    )
    await eventually(() => expect(said.stdout).toContain('"missed"'))
    cli.kill('SIGINT')
    expect((await outcomeOf(cli)).exitCode).toBe(130)
    const events = said.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map(({containerId, containerEventType}) => `${containerId} ${containerEventType}`)
    expect(events).toEqual([...new Set(events)])
  })

  /** `other`, which can be cut apart from `root`. */
  async function bothNodes(): Promise<{other: SshNode; nodes: string[]}> {
    const other = await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint}})
    onTestFinished(() => other[Symbol.dispose]())
    const name = `other-${others++}`
    node.know(name, other.settings('root'))
    return {other, nodes: ['--node-crisp', node.crisp, '-N', `root,${name}`]}
  }
  let others = 0
  const lines = (text: string, node: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${node}: `))
      .map((line) => Number(line.split(' ').at(-1)))

  test.each([
    ['stdout', 'one'],
    ['stderr', 'err'],
  ] as const)(
    'logs -f of several nodes goes on where it was, and without one that stays away: %s',
    async (stream, name) => {
      const {other, nodes} = await bothNodes()
      const {cli, said} = follow(['logs', '-f', '--tail', '5', name], nodes)
      const away = nodes.at(-1)?.split(',').at(-1) as string
      const longer = async (node: string, more: number) => {
        const before = lines(said[stream], node).length
        await eventually(() => expect(lines(said[stream], node).length).toBeGreaterThan(before + more))
      }
      await Promise.all([longer('root', 50), longer(away, 50)])
      for (const time of [1, 2]) {
        other.cut()
        await eventually(() => expect(said.stderr.split('connected again after ')).toHaveLength(time + 1))
        await Promise.all([longer('root', 50), longer(away, 50)])
      }
      other.stop()
      await eventually(() => expect(said.stderr.match(/connecting again/g)).toHaveLength(3))
      await longer('root', 100)
      cli.kill('SIGINT')
      expect((await outcomeOf(cli)).exitCode).toBe(130)
      for (const node of ['root', away]) {
        const all = lines(said[stream], node)
        expect(all).toEqual(row(all))
      }
      const lost = `crisp: ${away}: the connection was lost`
      expect(said.stderr.split('\n').filter((line) => line.startsWith('crisp: '))).toEqual([
        ...[1, 2].flatMap(() => [
          expect.stringMatching(`^${lost}.*: connecting again$`),
          expect.stringMatching(`^crisp: ${away}: connected again after [\\d.]+m?s, behind the last line$`),
        ]),
        expect.stringMatching(`^${lost}.*: connecting again$`),
        expect.stringMatching(`^${lost}.*, and not made again$`),
        'crisp: 1 ok, 1 lost',
      ])
    },
  )

  test('events of several nodes that were missed are told', async () => {
    const {other, nodes} = await bothNodes()
    const away = nodes.at(-1)?.split(',').at(-1) as string
    const {cli, said} = follow(['events', '-o', 'jsonl'], nodes)
    const events = (node: string) =>
      said.stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
        .filter((event) => event.node === node)
        .map(({containerId, containerEventType}) => `${containerId} ${containerEventType}`)
    const runp = (name: string) =>
      runCli(['runp', '-'], {...runtime, stdin: `metadata: {name: ${name}, namespace: shop, uid: ${name}}\n`})
    let made = 0
    await eventually(async () => {
      await runp(`${away}-early-${made++}`)
      for (const node of ['root', away]) expect(events(node)).not.toEqual([])
    })
    await eventually(() => expect(said.stdout.split(`${away}-early-${made - 1}`).length).toBeGreaterThan(2))
    other.cut()
    await eventually(() => expect(said.stderr).toMatch(/connecting again/))
    await runp(`${away}-missed`)
    await eventually(() =>
      expect(said.stderr).toMatch(
        new RegExp(`crisp: ${away}: listening again after [\\d.]+ s: the lists show 2 changes`),
      ),
    )
    await eventually(() => expect(events(away).slice(-4)).toEqual(events('root').slice(-4)))
    cli.kill('SIGINT')
    expect((await outcomeOf(cli)).exitCode).toBe(130)
    for (const node of ['root', away]) expect(events(node)).toEqual([...new Set(events(node))])
    expect(said.stderr).not.toMatch(/ ok/)
  })

  test('Ctrl-C ends it while nobody answers', async () => {
    const {cli, said} = follow(['logs', '-f', '--tail', '0', 'one'])
    await eventually(() => expect(said.stdout).not.toBe(''))
    node.stop()
    await eventually(() => expect(said.stderr).toMatch(/connecting again/))
    cli.kill('SIGINT')
    expect((await outcomeOf(cli)).exitCode).toBe(130)
  })
})
