import {type ChildProcess, spawn} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout} from 'node:timers/promises'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {eventually} from '../../support/eventually.js'
import {isMet} from '../../support/needs.js'
import {onTerminal} from '../../support/on-terminal.js'
import {type Cli, outcomeOf, runCli, startCli} from '../../support/run-cli.js'
import {type SshNode, startSshNode} from '../../support/ssh-node.js'

// A node in a network namespace of its own, whose link goes down while something runs there.

const counter = 'i=0; while :; do i=$((i+1)); echo "line $i"; sleep 0.02; done'
const pod = {
  namespace: 'shop',
  name: 'web-1',
  containers: [
    {name: 'web', image: 'registry.crisp.demo/shell:1.0', command: ['/bin/sh', '-c', 'exec sleep 1000']},
    {name: 'count', image: 'registry.crisp.demo/shell:1.0', command: ['/bin/sh', '-c', counter]},
  ],
}

describe.skipIf(!isMet('ssh') || !isMet('node network'))('a link that goes down', () => {
  let runtime: ChildProcess
  let node: SshNode
  const directory = mkdtempSync(join(tmpdir(), 'crisp-link-'))
  const socket = join(directory, 'demo.sock')
  beforeAll(async () => {
    node = await startSshNode({
      environment: {CONTAINER_RUNTIME_ENDPOINT: `unix://${socket}`},
      network: true,
      // sshd notices what is gone as well.
      settings: 'ClientAliveInterval 2\nClientAliveCountMax 4',
      client: 'ServerAliveInterval 2\n  ServerAliveCountMax 4',
    })
    writeFileSync(join(directory, 'seed.json'), JSON.stringify({pods: [pod]}))
    const [ip = '', ...words] = [...node.inside, node.crisp, 'demo', '--socket', socket]
    // Its streams are had in the node's network alone.
    runtime = spawn(ip, [...words, '--seed', join(directory, 'seed.json')], {stdio: 'ignore'})
    await eventually(async () =>
      expect((await runCli(['--node', 'root', 'version'], {env: node.env})).exitCode).toBe(0),
    )
  })
  afterAll(async () => {
    const ended = once(runtime, 'exit')
    runtime.kill()
    await ended
    node[Symbol.dispose]()
    rmSync(directory, {recursive: true})
  })

  const start = (...argv: string[]): {cli: Cli; said: {stdout: string; stderr: string}} => {
    const cli = startCli(['--node', 'root', ...argv], {env: node.env})
    const said = {stdout: '', stderr: ''}
    for (const name of ['stdout', 'stderr'] as const)
      cli[name].on('data', (chunk: Buffer) => {
        said[name] += chunk
      })
    return {cli, said}
  }
  const lost = (after = '') => new RegExp(`^crisp: root: the connection was lost[^\\n]*${after}\\n$`)
  const mayRun = '; what was started there may still run'
  const numbers = (text: string) => [...text.matchAll(/line (\d+)\n/g)].map(([, number]) => Number(number))

  test('for five seconds: nothing is lost, nothing ends', async () => {
    const script = `${counter} & while ! [ -e ${directory}/up ]; do sleep 0.1; done; kill $!; exit 3`
    const exec = start('exec', 'web', 'sh', '-c', script)
    const logs = start('logs', '-f', '--tail', '1', 'count')
    const [big, target] = [join(directory, 'sent'), join(directory, 'slow')]
    const bytes = randomBytes(1_000_000)
    writeFileSync(big, bytes)
    for (const {said} of [exec, logs]) await eventually(() => expect(said.stdout).toMatch(/line \d+\n.*\n/))
    node.link('down')
    onTestFinished(() => node.link('up'))
    const cp = start('cp', big, `web:${target}`)
    // What had come before is on its way for a moment.
    await setTimeout(1_000)
    const before = [exec, logs].map(({said}) => said.stdout)
    await setTimeout(4_000)
    expect([exec, logs].map(({said}) => said.stdout)).toEqual(before)
    node.link('up')
    expect((await outcomeOf(cp.cli)).exitCode).toBe(0)
    expect(readFileSync(target).equals(bytes)).toBe(true)
    writeFileSync(join(directory, 'up'), '')
    expect((await outcomeOf(exec.cli)).exitCode).toBe(3)
    const count = numbers(logs.said.stdout).length
    await eventually(() => expect(numbers(logs.said.stdout).length).toBeGreaterThan(count))
    logs.cli.kill('SIGINT')
    expect((await outcomeOf(logs.cli)).exitCode).toBe(130)
    for (const {said} of [exec, logs, cp]) expect(said.stderr).toBe('')
    const all = numbers(exec.said.stdout)
    expect(all.length).toBeGreaterThan(20)
    expect(all).toEqual(all.map((_, index) => index + 1))
    const followed = numbers(logs.said.stdout)
    expect(followed).toEqual(followed.map((_, index) => (followed[0] as number) + index))
  })

  test('for ever: exec says that it may still run, ends with 4, and nothing is left there', async () => {
    const {cli, said} = start('exec', 'web', 'sh', '-c', 'echo begun; sleep 1000')
    await eventually(() => expect(said.stdout).toBe('begun\n'))
    node.link('down')
    onTestFinished(() => node.link('up'))
    expect((await outcomeOf(cli)).exitCode).toBe(4)
    expect(said.stderr).toMatch(lost(mayRun))
    await eventually(() => expect(node.running()).toEqual([]))
    node.link('up')
    expect((await runCli(['--node', 'root', 'ps', '-q'], {env: node.env})).exitCode).toBe(0)
  })

  test('for ever, with a terminal: it is as before', async () => {
    const session = await onTerminal(
      ['--node', 'root', 'exec', '-it', 'web', 'sh', '-c', 'stty raw; echo ready; sleep 1000'],
      '',
      {env: node.env},
    )
    await session.until('ready')
    node.link('down')
    onTestFinished(() => node.link('up'))
    const {exitCode, before, after} = await session.outcome()
    expect({exitCode, after}).toEqual({exitCode: 4, after: before})
    node.link('up')
    await eventually(() => expect(node.running()).toEqual([]))
  })

  test('until ssh gives up: logs -f connects again and lacks no line', async () => {
    const {cli, said} = start('logs', '-f', '--tail', '3', 'count')
    await eventually(() => expect(numbers(said.stdout).length).toBeGreaterThan(10))
    node.link('down')
    onTestFinished(() => node.link('up'))
    await eventually(() => expect(said.stderr).toMatch(/the connection was lost.*connecting again\n/))
    node.link('up')
    await eventually(() =>
      expect(said.stderr).toMatch(/connected again after [\d.]+m?s, behind the last line\n$/),
    )
    const count = numbers(said.stdout).length
    await eventually(() => expect(numbers(said.stdout).length).toBeGreaterThan(count + 20))
    cli.kill('SIGINT')
    expect((await outcomeOf(cli)).exitCode).toBe(130)
    const all = numbers(said.stdout)
    expect(all).toEqual(all.map((_, index) => (all[0] as number) + index))
  })

  describe('killed in the middle', () => {
    const [big, target] = [join(directory, 'big'), join(directory, 'target')]
    const lines: [string, string[], string][] = [
      ['exec', ['exec', 'web', 'sh', '-c', 'echo begun; sleep 1000'], mayRun],
      ['cp to there', ['cp', big, `web:${target}`], ''],
      ['cp from there', ['cp', `web:${big}`, target], ''],
      ['stats', ['stats', '--watch'], ''],
    ]
    beforeAll(() => writeFileSync(big, randomBytes(300_000_000)))
    afterAll(() => rmSync(big))

    async function startAndWait(argv: readonly string[]) {
      onTestFinished(() => rmSync(target, {force: true}))
      const started = start(...argv)
      await eventually(() => expect(node.running()).not.toEqual([]))
      if (argv[0] !== 'cp') await eventually(() => expect(started.said.stdout).not.toBe(''))
      return started
    }

    test.each(lines)('ssh, in %s: one line and 4', async (_, argv, after) => {
      const {cli, said} = await startAndWait(argv)
      const clients = node.clients(cli.pid)
      expect(clients).toHaveLength(1)
      for (const pid of clients) process.kill(pid, 'SIGKILL')
      expect((await outcomeOf(cli)).exitCode).toBe(4)
      expect(said.stderr).toMatch(lost(after))
      await eventually(() => expect(node.running()).toEqual([]))
      if (argv[0] === 'cp') expect(statSync(target, {throwIfNoEntry: false})).toBeUndefined()
    })

    test.each(lines)(
      'the program there, in %s: the word of the shell that waited for it, and its code',
      async (_, argv) => {
        const {cli, said} = await startAndWait(argv)
        for (const pid of node.running()) process.kill(pid, 'SIGKILL')
        expect((await outcomeOf(cli)).exitCode).toBe(137)
        expect(said.stderr).toMatch(/^[^\n]*Killed\n$/)
        if (argv[0] === 'cp') expect(statSync(target, {throwIfNoEntry: false})).toBeUndefined()
      },
    )

    test.each(['ssh', 'the program there'])('%s, in logs -f', async (what) => {
      const {cli, said} = start('logs', '-f', '--tail', '3', 'count')
      await eventually(() => expect(numbers(said.stdout).length).toBeGreaterThan(10))
      const clients = node.clients(cli.pid)
      expect(clients).toHaveLength(1)
      for (const pid of what === 'ssh' ? clients : node.running()) process.kill(pid, 'SIGKILL')
      const outcome = outcomeOf(cli)
      if (what !== 'ssh') {
        expect((await outcome).exitCode).toBe(137)
        return
      }
      await eventually(() => expect(said.stderr).toMatch(/connected again after .*, behind the last line\n$/))
      const count = numbers(said.stdout).length
      await eventually(() => expect(numbers(said.stdout).length).toBeGreaterThan(count + 20))
      cli.kill('SIGINT')
      expect((await outcome).exitCode).toBe(130)
      const all = numbers(said.stdout)
      expect(all).toEqual(all.map((_, index) => (all[0] as number) + index))
    })
  })

  test.each(['spdy', 'websocket'])(
    'through a tunnel streams reach what only the node reaches: %s',
    async (transport) => {
      const tunnel = ['--node', 'root', '--node-mode', 'tunnel', '-r', `unix://${socket}`]
      const line = ['exec', '--transport', transport, 'web', 'sh', '-c', 'echo out; exit 7']
      expect(await runCli([...tunnel, ...line], {env: node.env})).toEqual({
        stdout: 'out\n',
        stderr: '',
        exitCode: 7,
      })
    },
  )

  test('Ctrl-Z in exec -it is for the program there', async () => {
    const script = 'trap "echo stopped" TSTP; stty size; echo ready; read a || read a; echo "got $a"; exit 5'
    const session = await onTerminal(['--node', 'root', 'exec', '-it', 'web', 'sh', '-c', script], '', {
      env: node.env,
    })
    await session.until('ready')
    session.terminal.input.write('\u001a')
    await session.until('stopped')
    session.terminal.input.write('x\r')
    const {exitCode, before, after} = await session.outcome()
    expect({exitCode, after}).toEqual({exitCode: 5, after: before})
  })
})
