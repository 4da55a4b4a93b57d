import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../../src/demo/index.js'
import {isMet} from '../../support/needs.js'
import {type CliResult, isStandalone, runCli} from '../../support/run-cli.js'
import {letOthersConnect, type SshNode, startSshNode} from '../../support/ssh-node.js'

const build = isStandalone ? 'linux-x64' : 'package'

describe.skipIf(!isMet('ssh'))('node', () => {
  let runtime: DemoRuntime
  let node: SshNode
  beforeAll(async () => {
    runtime = await startDemoRuntime({seed: 'empty'})
    await letOthersConnect(runtime)
    node = await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint}})
  })
  afterAll(async () => {
    node[Symbol.dispose]()
    await runtime[Symbol.asyncDispose]()
  })

  const run = (argv: readonly string[]): Promise<CliResult> => runCli(argv, {env: node.env})
  const quiet = {stdout: '', stderr: '', exitCode: 0}

  test('ls shows what --node left, forget removes it, and nothing is left', async () => {
    expect(await run(['node', 'ls', '-q'])).toEqual(quiet)
    for (const user of ['root', 'worker']) expect((await run(['-N', user, 'ps', '-q'])).stderr).toBe('')
    const listed = await run(['node', 'ls', '-o', 'json'])
    expect(listed.stderr).toBe('')
    const copy = {
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      checksum: expect.stringMatching(/^[0-9a-f]{16}$/),
      build,
      sizeBytes: expect.any(Number),
      deliveredAt: expect.stringMatching(/^\d{4}-/),
    }
    expect(JSON.parse(listed.stdout)).toEqual({
      nodes: ['root', 'worker'].map((user) => ({
        node: user,
        connected: true,
        copies: [
          {
            ...copy,
            user: user === 'root' ? 'root' : expect.any(String),
            path: expect.stringMatching(
              new RegExp(`^${join(node.home(user), '.cache', 'crisp-node')}/crisp-[^/]+$`),
            ),
          },
        ],
      })),
    })
    const inBinary = await run(['node', 'ls', 'worker', '--units', 'iec'])
    expect(inBinary.stdout).toMatch(/ [\d.]+MiB /)
    const table = await run(['node', 'ls', 'worker'])
    expect(table.stdout).toMatch(
      new RegExp(`^NODE +VERSION +BUILD +SIZE .*\nworker +\\d\\S+ +${build} +[\\d.]+MB .* ago +yes +/`),
    )
    // Something else that lies there is left alone.
    const cache = join(node.home('worker'), '.cache', 'crisp-node')
    writeFileSync(join(cache, 'notes'), '')
    expect(await run(['node', 'forget', 'worker'])).toEqual({...quiet, stdout: 'worker\n'})
    expect(readdirSync(cache)).toEqual(['notes'])
    rmSync(cache, {recursive: true})
    expect(await run(['node', 'ls', '-q'])).toEqual({...quiet, stdout: 'root\n'})
    // Sets, as everywhere.
    expect(await run(['node', 'ls', '-q', 'root,n[1-2]'])).toEqual({...quiet, stdout: 'root\nn1\nn2\n'})
    expect(await run(['node', 'forget', '--all'])).toEqual({...quiet, stdout: 'root\n'})
    expect(existsSync(join(node.home('root'), '.cache', 'crisp-node'))).toBe(false)
    expect(node.connections()).toEqual([])
    expect(await run(['node', 'ls', '-q'])).toEqual(quiet)
  })

  test('a node that is gone is said, stays known, and is forgotten with --force', async () => {
    const state = join(node.env.XDG_STATE_HOME as string, 'crisp', 'nodes')
    mkdirSync(state, {recursive: true})
    onTestFinished(() => rmSync(state, {recursive: true}))
    writeFileSync(
      join(state, `${createHash('sha256').update('gone.invalid').digest('hex').slice(0, 32)}.json`),
      JSON.stringify({destination: 'gone.invalid', sudo: false}),
    )
    writeFileSync(join(state, 'broken.json'), '{')
    const unreached = expect.stringMatching(
      /^crisp: gone\.invalid: ssh: Could not resolve hostname [^\n]*\n$/,
    )
    expect(await run(['node', 'ls', '-o', 'name'])).toEqual({stdout: '', stderr: unreached, exitCode: 4})
    expect(await run(['node', 'forget', '--all'])).toEqual({
      stdout: '',
      stderr: expect.stringMatching(/: its copies stay there \(--force forgets them\)\n$/),
      exitCode: 4,
    })
    expect((await run(['node', 'ls', '-q'])).stdout).toBe('gone.invalid\n')
    expect(await run(['__complete', 'bash', 'crisp node forget go', ''])).toMatchObject({
      stdout: expect.stringContaining('gone.invalid'),
    })
    expect(await run(['node', 'forget', '--force', 'gone.invalid'])).toEqual({
      stdout: 'gone.invalid\n',
      stderr: expect.stringMatching(/: its copies stay there\n$/),
      exitCode: 0,
    })
    expect(await run(['node', 'ls', '-q'])).toEqual(quiet)
  })

  test.each([
    [['node', 'fly'], 'there are ls and forget'],
    [['node', 'forget'], 'forget which node'],
    [['node', 'forget', 'root', '--all'], 'forget which node'],
    [['node', 'forget', '@no-such-group'], 'no-such-group'],
    [['node', 'ls', '--all'], 'are for node forget'],
    [['node'], 'node needs TASK'],
    [['node', 'forget', '--', '-oProxyCommand=true'], 'is no node'],
  ])('%j is wrong usage', async (argv, words) => {
    expect(await run(argv)).toEqual({stdout: '', stderr: expect.stringContaining(words), exitCode: 2})
  })
})
