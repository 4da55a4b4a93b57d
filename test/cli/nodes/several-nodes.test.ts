import {spawn} from 'node:child_process'
import {readdirSync, readFileSync, statSync} from 'node:fs'
import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {gunzipSync} from 'node:zlib'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../../src/demo/index.js'
import {eventually} from '../../support/eventually.js'
import {type FakeRuntime, never, startFakeRuntime} from '../../support/fake-runtime.js'
import {isMet} from '../../support/needs.js'
import {onTerminal} from '../../support/on-terminal.js'
import {
  type CliResult,
  cliEnvironment,
  crispCommand,
  outcomeOf,
  runCli,
  startCli,
} from '../../support/run-cli.js'
import {letOthersConnect, type SshNode, startSshNode} from '../../support/ssh-node.js'

const talker = {
  name: 'talker',
  image: 'registry.crisp.demo/shell:1.0',
  command: ['/bin/sh', '-c', 'echo early; sleep 0.5; echo late; exec sleep 1000'],
}

const pod = (name: string) => ({
  namespace: 'shop',
  name,
  containers: [
    {name: 'web', image: 'registry.crisp.demo/shell:1.0', command: ['/bin/sh', '-c', 'exec sleep 1000']},
  ],
})

describe.skipIf(!isMet('ssh'))('several nodes', () => {
  let runtime: DemoRuntime
  let other: DemoRuntime
  let loud: DemoRuntime
  let silent: FakeRuntime
  let node: SshNode
  beforeAll(async () => {
    runtime = await startDemoRuntime({
      seed: {pods: [pod('web-1')]},
    })
    other = await startDemoRuntime({
      seed: {pods: [pod('web-1'), pod('web-2')]},
    })
    loud = await startDemoRuntime({seed: {pods: [{...pod('web-1'), containers: [talker]}]}})
    silent = await startFakeRuntime({ListContainers: never, ListPodSandbox: never})
    for (const each of [runtime, other, loud]) await letOthersConnect(each)
    node = await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint}})
    // Hosts of one server, by whatever name; nobody listens for the last.
    node.know('n* m* t*', node.settings('root'))
    node.know('dead*', '  HostName 127.0.0.1\n  Port 1\n')
    await mkdir(join(node.env.XDG_CONFIG_HOME ?? '', 'crisp'), {recursive: true})
    const group = (name: string, nodes: string, {endpoint}: {endpoint: string}) =>
      `  ${name}:\n    nodes: ${nodes}\n    runtime-endpoint: ${endpoint}\n`
    await writeFile(
      join(node.env.XDG_CONFIG_HOME ?? '', 'crisp', 'config.yaml'),
      `nodes:\n${group('others', 'm1', other)}${group('loud', 't[1-2]', loud)}${group('hung', 't3', silent)}`,
    )
  })
  afterAll(async () => {
    node[Symbol.dispose]()
    await runtime[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
    await loud[Symbol.asyncDispose]()
    await silent[Symbol.asyncDispose]()
  })

  const run = (argv: readonly string[], env: NodeJS.ProcessEnv = {}, stdin?: string): Promise<CliResult> =>
    runCli(argv, {env: {...node.env, ...env}, ...(stdin === undefined ? {} : {stdin})})
  const on = (...argv: string[]) => run(['--node-crisp', node.crisp, ...argv])

  test('lists become one table', async () => {
    const {stdout, stderr, exitCode} = await on('-N', 'n[1-2]', '-N', '@others', 'pods')
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/))
    expect(rows[0]?.slice(0, 2)).toEqual(['NODE', 'POD ID'])
    expect(
      rows
        .slice(1)
        .map(([name, , , , pod]) => `${name} ${pod}`)
        .toSorted(),
    ).toEqual(['m1 web-1', 'm1 web-2', 'n1 web-1', 'n2 web-1'])
  })

  test.each([
    ['images', 'images'],
    ['pods', 'items'],
    ['ps', 'containers'],
  ])('%s of several nodes are in the order of one, in every form', async (verb, list) => {
    const shown = async (...argv: string[]) => {
      const {stdout, stderr} = await on('-N', 'n1,@others', verb, ...argv)
      expect(stderr).toBe('')
      return stdout.trim().split('\n')
    }
    const items: {node: string; id: string; createdAt: string; repoTags: string[]; repoDigests: string[]}[] =
      JSON.parse((await shown('-o', 'json')).join('\n'))[list]
    // Images by name, all others from the newest on.
    const keys = items.map(({id, createdAt, repoTags = [], repoDigests = []}) =>
      verb === 'images' ? (repoTags[0] ?? repoDigests[0] ?? id) : createdAt,
    )
    expect(keys).toEqual(verb === 'images' ? keys.toSorted() : keys.toSorted().reverse())
    const nodes = items.map(({node}) => node)
    expect(new Set(nodes)).toEqual(new Set(['n1', 'm1']))
    const nodesOf = (lines: readonly string[]) => lines.map((line) => /^[nm]1/.exec(line)?.[0])
    const forms = [
      ['-o', 'name'],
      ['-q'],
      ['-q', '-o', 'wide'],
      ...(verb === 'images' ? [] : [['--no-fold']]),
    ]
    for (const form of forms)
      expect(
        nodesOf((await shown(...form)).filter((line) => !line.startsWith('NODE'))),
        form.join(' '),
      ).toEqual(nodes)
    if (verb !== 'images')
      for (const form of [['--last', '1', '-q'], ['-lq'], ['--latest', '-o', 'name']])
        expect(nodesOf(await shown(...form)), form.join(' ')).toEqual(nodes.slice(0, 1))
  })

  test('documents say the node of each item', async () => {
    const {stdout} = await on('-N', 'n1,n2', 'ps', '-o', 'json')
    const {containers} = JSON.parse(stdout)
    expect(
      containers.map((each: {node: string; metadata: {name: string}}) => [each.node, each.metadata.name]),
    ).toEqual([
      ['n1', 'web'],
      ['n2', 'web'],
    ])
    const {stdout: version} = await on('-N', 'n1,n2', 'version', '-o', 'yaml')
    expect(version).toMatch(/^- node: n1\n[\s\S]*\n- node: n2\n/)
    const {stdout: path} = await on(
      '-N',
      'n1,n2',
      'pods',
      '-o',
      'jsonpath={range .items[*]}{.node}{end}{.items[0].node}',
    )
    expect(path).toBe('n1n2n1\n')
  })

  test('names lead back', async () => {
    const {stdout} = await on('-N', 'n[1-2]', 'ps', '-o', 'name')
    expect(stdout).toBe('n1//shop/web-1/web\nn2//shop/web-1/web\n')
    const {stdout: found} = await on('inspect', ...stdout.trimEnd().split('\n'), '-o', 'jsonpath={[*].node}')
    expect(found).toBe('n1 n2\n')
    const {stdout: ids} = await on('-N', 'n[1-2]', 'ps', '-q')
    expect(ids).toMatch(/^n1\/\/[0-9a-f]+\nn2\/\/[0-9a-f]+\n$/)
    expect((await on('exec', 'n1//shop/web-1/web', 'echo', 'a//b')).stdout).toBe('a//b\n')
  })

  test('what is no name on a node needs none', async () => {
    const {stdout, stderr, exitCode} = await on('port-forward', 'n1//web-1', 'eighty')
    expect({stdout, stderr, exitCode}).toEqual({
      stdout: '',
      stderr: expect.not.stringContaining('on which node'),
      exitCode: 2,
    })
    // A slash too many in the name of an image is no node.
    const run = await runCli(['run', '-d', 'n1//no/such:1'], {env: node.env, endpoint: runtime.endpoint})
    expect(run.stderr).toContain('n1//no/such:1')
  })

  test('a call that changes something asks as the verbs do, and --yes of its own goes there', async () => {
    const stop = ['call', 'StopContainer', 'container_id=none', 'timeout=1']
    expect(await on('-N', 'n[1-2]', ...stop)).toEqual({
      stdout: '',
      stderr: 'crisp: call on n[1-2] (2) changes them, and nobody can be asked: --yes does it\n',
      exitCode: 2,
    })
    expect((await on('-N', 'n[1-2]', ...stop, '--yes')).stderr).toMatch(/^crisp: call on n\[1-2\] \(2\)\n/)
    expect((await on('-N', 'n[1-2]', 'call', 'Version')).stderr).toBe('')
    const session = await onTerminal(
      ['--node-crisp', node.crisp, '-N', 'n1', 'call', 'UpdateRuntimeConfig', '--yes'],
      '',
      {env: node.env},
    )
    expect(await session.outcome()).toMatchObject({output: '{}', exitCode: 0})
    const both = await onTerminal(
      ['--node-crisp', node.crisp, '-N', 'n[1-2]', 'call', 'UpdateRuntimeConfig'],
      '',
      {env: node.env},
    )
    await both.until('call on n[1-2] (2)? [y/N]')
    both.terminal.input.write('y\n')
    const {output, exitCode} = await both.outcome()
    expect(exitCode).toBe(0)
    for (const name of ['n1', 'n2']) expect(output).toContain(`${name}: {}`)
  })

  test('what failed on them is red and broken at words on a terminal, as what failed here is', async () => {
    const name = 'no-container-of-this-name'
    const session = await onTerminal(
      ['--node-crisp', node.crisp, '-N', 'n[1-2]', 'inspect', name, 'and', 'another', 'and', 'many', 'more'],
      '',
      {env: {...node.env, NO_COLOR: ''}},
    )
    const {output} = await session.outcome()
    const lines = output.split(/\r?\n/)
    const first = lines.find((line) => line.includes(name))
    expect(first).toMatch(/^\u001b\[38;5;196mcrisp: n\[1-2\] \(2\): no container/)
    expect(output).toContain('\u001b[38;5;196mcrisp: 0 ok, 2 failed\u001b[39m')
    const plain = lines.map((line) => line.replaceAll(/\u001b\[[\d;]*m/g, ''))
    expect(plain.filter((line) => line.length > 100 || line.includes('x1b'))).toEqual([])
  })

  test('text comes in lines of each node', async () => {
    const {stdout} = await on('-N', 'n[1-2]', 'exec', 'web', 'sh', '-c', 'echo one; printf two')
    expect(stdout.trimEnd().split('\n').toSorted()).toEqual(['n1: one', 'n1: two', 'n2: one', 'n2: two'])
  })

  test('equal answers are one', async () => {
    const {stdout} = await on('-N', 'n[1-3],n7', '--fold', 'ps')
    expect(stdout.split('\n')[1]).toMatch(/^n\[1-3,7\] \(4\) /)
    expect(stdout.trimEnd().split('\n')).toHaveLength(2)
    const {stdout: version} = await on('-N', 'n[1-3]', '--fold', 'version')
    expect(version).toMatch(/^n\[1-3\] \(3\):\nVersion: /)
  })

  test('a dead node is a line, and the others stand', async () => {
    const {stdout, stderr, exitCode} = await on('-N', 'n1,dead1,n2', 'ps', '-o', 'name')
    expect({stdout, stderr, exitCode}).toEqual({
      stdout: 'n1//shop/web-1/web\nn2//shop/web-1/web\n',
      stderr: expect.stringMatching(/^crisp: dead1: .*Connection refused\ncrisp: 2 ok, 1 refused\n$/),
      exitCode: 4,
    })
    expect(await on('-N', '@failed', 'ps')).toMatchObject({
      stdout: '',
      stderr: expect.stringMatching(/^crisp: dead1: /),
    })
  })

  test('Ctrl-C ends all of them, with what they had said', async () => {
    const cli = startCli(
      ['--node-crisp', node.crisp, '-N', 'n[1-3]', 'exec', 'web', 'sh', '-c', 'echo begun; exec sleep 1000'],
      {env: node.env},
    )
    let shown = ''
    cli.stdout.on('data', (chunk: Buffer) => {
      shown += chunk
    })
    await eventually(() =>
      expect(shown.split('\n').toSorted()).toEqual(['', 'n1: begun', 'n2: begun', 'n3: begun']),
    )
    cli.kill('SIGINT')
    expect((await outcomeOf(cli)).exitCode).toBe(130)
    await eventually(() => expect(node.running()).toEqual([]))
    expect(node.clients(cli.pid)).toEqual([])
  })

  test.each([
    ['Ctrl-C', [], 'crisp: t3: no answer within 2s of Ctrl-C\ncrisp: 1 ok, 1 interrupted\n', 130],
    [
      'the time limit',
      ['--node-timeout', '4s'],
      'crisp: t3: no answer within 4s (--node-timeout)\ncrisp: 1 ok, 1 timed out\n',
      124,
    ],
  ] as const)(
    '%s ends a list: what came stands, and a node that hangs is not waited for',
    async (how, flags, stderr, exitCode) => {
      const asked = silent.nextCall('ListContainers')
      const cli = startCli(['--node-crisp', node.crisp, '-N', 'n1,@hung', ...flags, 'ps', '-q'], {
        env: node.env,
      })
      const outcome = outcomeOf(cli)
      await asked
      await eventually(() => expect(node.running()).toHaveLength(1))
      const [pid] = node.running()
      process.kill(pid as number, 'SIGSTOP')
      onTestFinished(() => void process.kill(pid as number, 'SIGKILL'))
      if (how === 'Ctrl-C') cli.kill('SIGINT')
      expect(await outcome).toEqual({
        stdout: expect.stringMatching(/^n1\/\/[0-9a-f]{64}\n$/),
        stderr,
        exitCode,
      })
    },
  )

  test.each([
    ['one node', ['n1'], ''],
    ['several nodes', ['n1', 'n2'], 'crisp: 0 ok, 2 interrupted\n'],
  ])('one Ctrl-C ends what runs on %s also where a connection hangs', async (_, names, count) => {
    const line = ['-N', `${names}`, 'exec', 'web', 'sh', '-c', 'echo begun; exec sleep 1000']
    const cli = startCli(['--node-crisp', node.crisp, ...line], {env: node.env})
    const outcome = outcomeOf(cli)
    let shown = ''
    cli.stdout.on('data', (chunk: Buffer) => {
      shown += chunk
    })
    await eventually(() => expect(shown.split('begun')).toHaveLength(names.length + 1))
    const held = node.serversOf(node.running()[0] ?? 0)
    expect(held).not.toEqual([])
    for (const pid of held) process.kill(pid, 'SIGSTOP')
    onTestFinished(() => {
      for (const pid of held) process.kill(pid, 'SIGCONT')
    })
    cli.kill('SIGINT')
    const {stderr, exitCode} = await outcome
    expect(stderr).toMatch(
      /^crisp: n[12]: no answer within 2s of Ctrl-C; what was started there may still run\n/,
    )
    expect(stderr.replace(/.*\n/, '')).toBe(count)
    expect(exitCode).toBe(130)
  })

  test('of nodes that were not reached yet a Ctrl-C tells which', async () => {
    node.know('late*', '  ProxyCommand sleep 1000\n')
    const cli = startCli(['--node-crisp', node.crisp, '-N', 'n1,late[1-2]', 'ps', '-q'], {env: node.env})
    const outcome = outcomeOf(cli)
    await eventually(() => expect(node.clients(cli.pid).length).toBeGreaterThanOrEqual(2))
    await eventually(() => expect(node.running()).toEqual([]))
    cli.kill('SIGINT')
    const {stderr, exitCode} = await outcome
    expect(stderr).toMatch(
      /crisp: (n1,)?late\[1-2\] \(\d\): interrupted before it was asked\ncrisp: . ok, . interrupted\n$/,
    )
    expect(exitCode).toBe(130)
  })

  test('cp goes into containers of several nodes, and comes from one', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'crisp-copies-'))
    onTestFinished(() => rm(directory, {recursive: true}))
    await writeFile(join(directory, 'one'), 'text\n')
    const target = join(directory, 'there')
    const done = {stdout: '', stderr: 'crisp: cp on n1,m1 (2)\n', exitCode: 0}
    for (const line of [
      ['-N', 'n1,@others', 'cp', join(directory, 'one'), `shop/web-1/web:${target}`],
      ['cp', join(directory, 'one'), `n1,m1//shop/web-1/web:${target}`],
    ]) {
      expect(await on('--yes', ...line)).toEqual(done)
      // The containers of these runtimes share the disk of this machine.
      expect(await readFile(target, 'utf8')).toBe('text\n')
      await rm(target)
    }
    for (const [from, to] of [
      [`n[1-2]//shop/web-1/web:${target}`, '.'],
      [`n1//web:${target}`, `m1//web:${target}`],
    ] as const)
      expect(await on('cp', from, to)).toEqual({
        stdout: '',
        stderr: expect.stringMatching(
          /^crisp: cp from a container is for one node, and \S+ \(2\) are several\n$/,
        ),
        exitCode: 2,
      })
  })

  test('nodes that would ask are not given the terminal', async () => {
    const settings = node.settings('root')
    node.know(
      'strange',
      settings.replace(/UserKnownHostsFile .*/, 'UserKnownHostsFile /dev/null').replace('accept-new', 'ask'),
    )
    node.know('locked', settings.replace(/IdentityFile .*/, 'IdentityFile /dev/null'))
    const session = await onTerminal(['-N', 'locked,strange', 'ps', '-q'], '', {env: node.env})
    const {output, exitCode: code} = await session.outcome()
    expect(output).toContain('crisp: 0 ok, 2 would ask')
    expect(code).toBe(4)
  })

  test('the program goes to several nodes at once, with one line for all of them', async () => {
    const session = await onTerminal(['-N', 'worker,casher,fisher', 'ps', '-o', 'name'], '', {env: node.env})
    const {output, exitCode} = await session.outcome()
    expect(exitCode).toBe(0)
    expect(output).toMatch(/sending crisp/)
    const rest = output.replace(
      /\r\u001b\[2K(?:(?:\w+: )?sending crisp(?: to \d nodes)? \([^)]*\): \d+%)?/g,
      '',
    )
    expect(rest.trimEnd().split('\r\n')).toEqual(
      ['worker', 'casher', 'fisher'].map((name) => `${name}//shop/web-1/web`),
    )
    for (const user of ['worker', 'casher', 'fisher'])
      expect(readdirSync(join(node.home(user), '.cache', 'crisp-node'))).toHaveLength(1)
  })

  test('the trace of a node comes with its secrets masked, on stderr or in a file here', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'crisp-traces-'))
    onTestFinished(() => rm(directory, {recursive: true}))
    const file = join(directory, 'calls')
    const lines = () => readFileSync(file, 'utf8').trimEnd().split('\n')
    const pull = ['--trace=full', 'pull', '--creds', 'somebody:planted', 'registry.crisp.demo/shell:1.0']
    const shown = await on('-N', 'n1', ...pull)
    expect(shown.stderr).toContain('PullImage')
    expect(shown.stderr).not.toContain('planted')
    expect(await on('-N', 'n1', '--trace-file', file, ...pull)).toMatchObject({stderr: '', exitCode: 0})
    expect(lines()[0]).toMatch(/^\d\d:\d\d:\d\d\.\d+ .*PullImage/)
    expect(readFileSync(file, 'utf8')).not.toContain('planted')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect((await on('-N', 'n[1-2]', '--trace-file', file, 'ps', '-q')).stderr).toBe('')
    expect(lines().toSorted()).toEqual(
      ['n1', 'n2'].map((name) => expect.stringMatching(`^${name}: .*ListContainers`)),
    )
    await on('-N', 'n[1-2]', '--trace=json', '--trace-file', file, 'ps', '-q')
    expect(
      lines()
        .map((line) => JSON.parse(line))
        .map(({node: name, method}) => `${name} ${method}`)
        .toSorted(),
    ).toEqual(['n1 ListContainers', 'n2 ListContainers'])
    // There it is not.
    expect(readdirSync(node.home('root'))).not.toContain('calls')
    expect((await on('-N', 'n1', '--trace-file', directory, 'ps')).stderr).toContain(
      '--trace-file: cannot write',
    )
  })

  test('what fails there is said once for all', async () => {
    const {stderr, exitCode} = await on('-N', 'n[1-2]', 'inspect', 'nothing')
    expect({stderr, exitCode}).toEqual({
      stderr: expect.stringMatching(/^crisp: n\[1-2\] \(2\): .*nothing.*\ncrisp: 0 ok, 2 failed\n$/),
      exitCode: 3,
    })
  })

  test('nodes come from a file', async () => {
    const {stdout, stderr} = await run(
      ['--node-crisp', node.crisp, '--nodes-file', '-', 'ps', '-o', 'name'],
      {},
      '# both\nnode/n1\nn2\n',
    )
    expect(stderr).toBe('')
    expect(stdout).toBe('n1//shop/web-1/web\nn2//shop/web-1/web\n')
  })

  test('logs of several nodes are one by time', async () => {
    const {stdout, exitCode} = await on('-N', '@loud', 'logs', '-t', 'talker')
    const lines = stdout.trimEnd().split('\n')
    expect(exitCode).toBe(0)
    expect(lines.map((line) => line.replace(/ .* /, ' ')).toSorted()).toEqual([
      't1: early',
      't1: late',
      't2: early',
      't2: late',
    ])
    const times = lines.map((line) => line.split(' ')[1])
    expect(times).toEqual(times.toSorted())
    const plain = await on('-N', '@loud', 'logs', 'talker')
    expect(plain.stdout.trimEnd().split('\n').toSorted()).toEqual([
      't1: early',
      't1: late',
      't2: early',
      't2: late',
    ])
    const json = await on('-N', '@loud', 'logs', 'talker', '-o', 'json')
    expect(
      json.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).node)
        .toSorted(),
    ).toEqual(['t1', 't1', 't2', 't2'])
  })

  test('events of several nodes come with their names', async () => {
    const events = startCli(['--node-crisp', node.crisp, '-N', '@loud', 'events', '-o', 'jsonl'], {
      env: node.env,
    })
    let shown = ''
    events.stdout.on('data', (chunk: Buffer) => {
      shown += chunk
    })
    let made = 0
    await eventually(async () => {
      const image = 'registry.crisp.demo/shell:1.0'
      await runCli(['run', '-d', '--name', `made-${made++}`, image, 'true'], {endpoint: loud.endpoint})
      expect(shown).toContain('"node":"t2"')
    })
    events.kill('SIGINT')
    expect((await outcomeOf(events)).exitCode).toBe(130)
  })

  test('what changes nodes says on which, and gives words that lead back', async () => {
    const {stdout, stderr} = await on('-N', 'n[1-2]', '--yes', 'update', '--cpu-share', '512', 'web')
    expect({stderr, lines: stdout.trimEnd().split('\n').toSorted()}).toEqual({
      stderr: 'crisp: update on n[1-2] (2)\n',
      lines: ['n1//web', 'n2//web'],
    })
  })

  test('a report of each node has a file of its own here', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'crisp-reports-'))
    onTestFinished(() => rm(directory, {recursive: true}))
    const line = ['--node-crisp', node.crisp, '-N', 'n1,dead1,m1', 'report', '--events', '0s']
    const [program, ...words] = crispCommand
    const cli = spawn(program, [...words, ...line], {
      cwd: directory,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: cliEnvironment({env: node.env}),
    })
    const {stdout, stderr, exitCode} = await outcomeOf(cli)
    expect({stderr: stderr.split('\n').at(-2), exitCode}).toEqual({
      stderr: 'crisp: 2 ok, 1 refused',
      exitCode: 4,
    })
    const names = readdirSync(directory)
    expect(names).toEqual(
      ['m1', 'n1'].map((name) => expect.stringMatching(`^crisp-report-${name}-[\\d-]+\\.tar\\.gz$`)),
    )
    expect(stdout.trimEnd().split('\n').toSorted()).toEqual(
      names.map((name) => `${name.split('-')[2]}: ${join(directory, name)}`),
    )
    for (const name of names)
      expect(gunzipSync(readFileSync(join(directory, name))).toString('latin1')).toContain('/manifest.json')
  })

  test('after a failure no other node is begun', async () => {
    const {stderr, exitCode} = await on(
      ...[
        '-N',
        'dead1,n[1-2]',
        '--yes',
        '--serial',
        '1',
        '--fail-fast',
        'update',
        '--cpu-share',
        '512',
        'web',
      ],
    )
    expect({stderr: stderr.split('\n').at(-2), exitCode}).toEqual({
      stderr: 'crisp: 0 ok, 1 refused, 2 not run',
      exitCode: 4,
    })
  })

  test('a terminal is asked, with what would be done', async () => {
    const session = await onTerminal(
      ['--node-crisp', node.crisp, '-N', 'n[1-2]', 'stop', 'web'],
      runtime.endpoint,
      {env: node.env},
    )
    await session.until('crisp: n[1-2] (2): would stop container')
    await session.until('crisp: stop on n[1-2] (2)? [y/N]')
    session.terminal.input.write('n\n')
    expect((await session.outcome()).exitCode).toBe(0)
    expect((await on('-N', 'n1,n2', 'ps', '-q')).stdout.trimEnd().split('\n')).toHaveLength(2)
  })

  test('the question is broken at words, also where the nodes alone fill lines', async () => {
    const names = Array.from({length: 9}, (_, index) => `n-${'abcdefghi'[index]}.cluster.example`)
    const numbers = Array.from({length: 30}, (_, index) => 3 * index + 1)
    const session = await onTerminal(
      ['-N', `${names},m[${numbers}]`, 'call', 'UpdateRuntimeConfig'],
      runtime.endpoint,
      {env: node.env, columns: 80},
    )
    await session.until('[y/N]')
    session.terminal.input.write('n\n')
    const {output, exitCode} = await session.outcome()
    expect(exitCode).toBe(0)
    const lines = output.split('\r\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines.map((line) => line.trim()).join(' ')).toBe(
      `crisp: call on ${names.join(', ')}, m[${numbers.join(', ')}] (39)? [y/N] n`,
    )
    // As it stands there it means the same nodes.
    const set = `${names.join(', ')}, m[${numbers.join(', ')}]`
    expect((await run(['-N', set, 'stop', 'web'])).stderr).toContain(`stop on ${names},m[${numbers}] (39) `)
  })

  test.each([
    [
      ['-N', 'n[1-2]', 'exec', '-it', 'web', 'sh'],
      /exec --tty is for one node, and n\[1-2\] \(2\) are several/,
    ],
    [
      ['-N', 'n[1-2]', 'stop', 'web'],
      /stop on n\[1-2\] \(2\) changes them, and nobody can be asked: --yes does it/,
    ],
    [['-N', 'n[1-2]', '--serial', '0', 'stop', 'web'], /--serial "0" should be 1 or more/],
    [['-N', 'n[1-2]', 'report', '/tmp/x.tar.gz'], /report to one file is for one node/],
    [['-N', 'n[1-2]', 'top'], /top is for one node/],
    [['-N', '@othrs', 'ps'], /there is no group @othrs: did you mean @others\?/],
    [['-N', 'n1!n1', 'ps'], /no node is left of n1!n1/],
    [['stop', 'n1//web', 'api'], /api: on which node\?/],
    [['-N', 'n[1-2', 'ps'], /"n\[1-2" is no set of nodes: a bracket is not closed/],
    [['-N', 'n[1-2]', '--fanout', '0', 'ps'], /--fanout "0" should be 1 or more/],
  ])('%j is wrong usage', async (argv, message) => {
    const {stdout, stderr, exitCode} = await run(argv)
    expect({stdout, stderr, exitCode}).toEqual({
      stdout: '',
      stderr: expect.stringMatching(message),
      exitCode: 2,
    })
  })
})
