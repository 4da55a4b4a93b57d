import {spawn} from 'node:child_process'
import {
  copyFileSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {mkdtemp} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {pipeline} from 'node:stream/promises'
import {createGzip} from 'node:zlib'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../src/demo/index.js'
import {isMet} from '../support/needs.js'
import {type CliResult, cliEnvironment, outcomeOf, runCli} from '../support/run-cli.js'
import {type SshNode, startSshNode} from '../support/ssh-node.js'

// One machine with the standalone file and the builds as packages install them, and nodes of two processors: each gets
// its own build and runs it.

const release = resolve(process.env.CRISP_PROCESSORS || 'release')
const {version} = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

const pod = {
  namespace: 'shop',
  name: 'web-1',
  containers: [
    {
      name: 'web',
      image: 'registry.crisp.demo/shell:1.0',
      command: ['/bin/sh', '-c', 'echo ready; exec sleep 1000'],
    },
  ],
}

describe.skipIf(!isMet('ssh') || !isMet('another processor'))('nodes of two processors', () => {
  let runtime: DemoRuntime
  let directory: string
  let crisp: string
  const hosts: SshNode[] = []
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    runtime = await startDemoRuntime({seed: {pods: [pod]}})
    directory = await mkdtemp(join(tmpdir(), 'crisp-processors-'))
    crisp = join(directory, 'bin', 'crisp')
    const builds = join(directory, 'lib', 'crisp', 'builds', version)
    for (const folder of [join(directory, 'bin'), builds]) mkdirSync(folder, {recursive: true})
    copyFileSync(join(release, 'crisp-linux-x64-baseline'), crisp)
    copyFileSync(join(release, 'SHA256SUMS'), join(builds, 'SHA256SUMS'))
    await pipeline(
      createReadStream(join(release, 'crisp-linux-arm64')),
      createGzip({level: 1}),
      createWriteStream(join(builds, 'crisp-linux-arm64.gz')),
    )
    for (const isArm of [false, true])
      hosts.push(await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint}, isArm}))
    const [here, arm] = hosts as [SshNode, SshNode]
    here.know('x64', here.settings('root'))
    here.know('arm', arm.settings('root'))
    env = here.env
  })
  afterAll(async () => {
    for (const host of hosts) host[Symbol.dispose]()
    await runtime[Symbol.asyncDispose]()
    rmSync(directory, {recursive: true})
  })

  const start = (argv: readonly string[]) =>
    spawn(crisp, argv, {stdio: ['pipe', 'pipe', 'pipe'], env: cliEnvironment({env})})

  function onNode(node: string, argv: readonly string[], stdin = ''): Promise<CliResult> {
    const cli = start(['--node', node, ...argv])
    cli.stdin.end(stdin)
    return outcomeOf(cli)
  }

  test('each has the build for its own', async () => {
    const done = {stderr: '', exitCode: 0}
    expect(await onNode('x64,arm', ['ps', '-o', 'name'])).toEqual({
      stdout: 'x64//shop/web-1/web\narm//shop/web-1/web\n',
      ...done,
    })
    const {stdout} = await outcomeOf(start(['node', 'ls', '-o', 'jsonpath={.nodes[*].copies[*].build}']))
    expect(stdout.trim().split(' ').toSorted()).toEqual(['linux-arm64', 'linux-x64'])
  })

  test.each([
    [['ps', '-q']],
    [['ps', '-o', 'json']],
    [['inspect', 'web', '-o', 'json']],
    [['inspect', 'nobody']],
    [['logs', '--tail', '1', 'web']],
    [['exec', 'web', 'sh', '-c', 'echo out; echo err >&2; exit 7']],
    [['ps', '--wrong']],
  ])('%j is what it is here', async (argv) => {
    expect(await onNode('arm', argv)).toEqual(await runCli(argv, runtime))
  })

  test('stdin and files go there and come back', async () => {
    expect(await onNode('arm', ['exec', '-i', 'web', 'cat'], 'typed')).toEqual({
      stdout: 'typed',
      stderr: '',
      exitCode: 0,
    })
    const [sent, came] = [join(directory, 'sent'), join(directory, 'came')]
    writeFileSync(sent, 'content\n')
    onTestFinished(() => rmSync(`${sent}-there`, {force: true}))
    const done = {stdout: '', stderr: '', exitCode: 0}
    expect(await onNode('arm', ['cp', sent, `web:${sent}-there`])).toEqual(done)
    expect(await onNode('arm', ['cp', `web:${sent}-there`, came])).toEqual(done)
    expect(readFileSync(came, 'utf8')).toBe('content\n')
  })
})
