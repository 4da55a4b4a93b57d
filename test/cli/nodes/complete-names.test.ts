import {execFileSync} from 'node:child_process'
import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {mkdir, mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../../src/demo/index.js'
import {spawnOnTerminal} from '../../../src/demo/processes/pty.js'
import {eventually} from '../../support/eventually.js'
import {isMet} from '../../support/needs.js'
import {crispInShell, runCli} from '../../support/run-cli.js'
import {letOthersConnect, type SshNode, startSshNode} from '../../support/ssh-node.js'

const pod = (name: string) => ({
  namespace: 'shop',
  name,
  containers: [
    {name: 'app', image: 'registry.crisp.demo/shell:1.0', command: ['/bin/sh', '-c', 'exec sleep 1000']},
  ],
})

describe.skipIf(!isMet('ssh'))('names on a node', () => {
  let runtime: DemoRuntime
  let here: DemoRuntime
  let node: SshNode
  beforeAll(async () => {
    runtime = await startDemoRuntime({seed: {pods: [pod('far-1'), pod('far-2')]}})
    here = await startDemoRuntime({seed: {pods: [pod('near-1')]}})
    await letOthersConnect(runtime)
    node = await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint}})
    await mkdir(join(node.env.XDG_CONFIG_HOME ?? '', 'crisp'), {recursive: true})
    writeFileSync(
      join(node.env.XDG_CONFIG_HOME ?? '', 'crisp', 'config.yaml'),
      'nodes:\n  both: [root, worker]\n',
    )
    for (const user of ['root', 'worker'])
      expect((await runCli(['-N', user, 'version'], {env: node.env})).stderr).toBe('')
  })
  afterAll(async () => {
    node[Symbol.dispose]()
    await runtime[Symbol.asyncDispose]()
    await here[Symbol.asyncDispose]()
  })

  /** A busy machine takes longer than a person waits. */
  const patient = (): NodeJS.ProcessEnv => ({
    ...node.env,
    CRISP_COMPLETION_MS: '60000',
    CONTAINER_RUNTIME_ENDPOINT: here.endpoint,
  })
  const offered = async (words: readonly string[], env: NodeJS.ProcessEnv = patient()) => {
    const {stdout, stderr, exitCode} = await runCli(['__complete', 'fish', ...words], {env})
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    return stdout
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t')[0])
      .toSorted()
  }

  test.each([
    [
      ['-N', 'root', 'exec', ''],
      ['far-1/app', 'far-2/app'],
    ],
    [
      ['-N', 'root', 'logs', 'far-2'],
      ['far-2', 'far-2/app'],
    ],
    [
      ['--node=worker', 'stopp', ''],
      ['far-1', 'far-2'],
    ],
    [['-N', 'root', 'inspecti', 'shell:1'], ['shell:1.0']],
    [['-N', 'root', 'ps', '--namespace', ''], ['shop']],
    [
      ['exec', 'root//'],
      ['root//far-1/app', 'root//far-2/app'],
    ],
    [['rmp', 'root//far-1', 'root//far'], ['root//far-2']],
    [['cp', '/etc/hosts', 'worker//far-1'], ['worker//far-1/app:']],
    [['exec', '@both//far-1'], ['@both//far-1/app']],
    [['-N', '@both', 'inspect', 'far-1'], ['far-1/app']],
    [['-N', 'root', 'explain', 'kubele'], ['kubelet']],
    [['exec', ''], ['app']],
    [['-N', '', 'exec', ''], ['app']],
  ])('%j', async (words, names) => {
    expect(await offered(words)).toEqual(names)
  })

  test.each(['bash', 'zsh', 'fish'])('in %s', async (shell) => {
    const words = ['-N', 'root', 'exec', 'far-1']
    const line = shell === 'bash' ? [`crisp ${words.join(' ')}`, ' \t\n"\'@><=;|&(:'] : words
    const {stdout} = await runCli(['__complete', shell, ...line], {env: patient()})
    expect(stdout.replace(/[:\t].*/, '')).toBe('words\nfar-1/app\n')
  })

  test('CRISP_NODE, a file of nodes and a socket of the node count', async () => {
    const names = ['far-1/app', 'far-2/app']
    expect(await offered(['exec', ''], {...patient(), CRISP_NODE: 'root'})).toEqual(names)
    const file = join(node.home('root'), 'nodes')
    writeFileSync(file, '# one\nnode/root\n')
    expect(await offered(['--nodes-file', file, 'exec', ''])).toEqual(names)
    expect(await offered(['-N', 'root', '-r', here.endpoint, 'exec', ''])).toEqual(['app'])
  })

  test('--node-mode tunnel has them without a crisp there', async () => {
    const tunnel = ['-N', 'root', '--node-mode', 'tunnel', '-r', runtime.endpoint]
    expect(await offered([...tunnel, 'exec', 'far-1'])).toEqual(['far-1/app'])
    expect(await offered([...tunnel, 'logs', ''])).toEqual([])
  })

  test('nothing goes to a node that has no crisp, and nobody is asked', async () => {
    expect(await offered(['-N', 'fisher', 'exec', ''])).toEqual([])
    expect(readdirSync(node.home('fisher'))).not.toContain('.cache')
    // A host key that is not known would be asked for.
    const config = join(dirname(node.home('root')), '..', 'ssh_config')
    const text = readFileSync(config, 'utf8')
    onTestFinished(() => writeFileSync(config, text))
    const strange = text
      .slice(text.indexOf('Host root\n'))
      .replace('Host root\n', 'Host strange\n')
      .replace(/UserKnownHostsFile .*/, 'UserKnownHostsFile /dev/null')
      .replace('accept-new', 'ask')
    writeFileSync(config, `${strange.slice(0, strange.indexOf('Host ', 5))}${text}`)
    expect(await offered(['-N', 'strange', 'exec', ''])).toEqual([])
  })

  test('a node that does not answer in time has the names of a short while ago', async () => {
    await offered(['-N', 'root', 'exec', ''])
    const ssh = join(node.env.PATH?.split(':')[0] ?? '', 'ssh')
    const real = readFileSync(ssh, 'utf8')
    onTestFinished(() => writeFileSync(ssh, real))
    writeFileSync(ssh, '#!/bin/sh\nexec sleep 1000\n')
    const hasty = {...patient(), CRISP_COMPLETION_MS: '500'}
    expect(await offered(['-N', 'root', 'exec', ''], hasty)).toEqual(['far-1/app', 'far-2/app'])
    expect(await offered(['-N', 'casher', 'exec', ''], hasty)).toEqual([])
    expect(await offered(['-N', 'root', '--sudo', 'exec', ''], hasty)).toEqual([])
  })

  describe.each(['bash', 'zsh', 'fish'] as const)('Tab in a real %s', (shell) => {
    const commands = {
      bash: ['bash', '--norc', '-i'],
      zsh: ['zsh', '-f', '-i'],
      fish: ['fish', '--no-config', '-i'],
    }
    /** Types lines one after the other, and waits after each for what it has to show. */
    const type = async (env: NodeJS.ProcessEnv, ...lines: [string, RegExp][]): Promise<string> => {
      const {stdout} = await runCli(['completion', shell, '--name', 'crisp'])
      const home = await mkdtemp(join(tmpdir(), 'crisp-shell-'))
      onTestFinished(() => rm(home, {recursive: true, force: true}))
      const bin = join(home, 'bin')
      await mkdir(bin)
      writeFileSync(join(bin, 'crisp'), `#!/bin/sh\nexec ${crispInShell} "$@"\n`, {mode: 0o755})
      writeFileSync(join(home, 'script'), stdout)
      const terminal = await spawnOnTerminal(commands[shell], {
        cwd: home,
        columns: 150,
        rows: 40,
        env: {...env, PATH: `${bin}:${env.PATH}`, HOME: home, TERM: 'xterm', CRI_CONFIG_FILE: '/dev/null'},
      })
      onTestFinished(() => terminal.kill('SIGKILL'))
      let shown = ''
      terminal.output.on('data', (chunk: Buffer) => {
        shown += chunk
      })
      const compinit = shell === 'zsh' ? 'autoload -Uz compinit && compinit -u -D; ' : ''
      const all: [string, RegExp][] = [[`${compinit}source ./script; echo rea""dy\r`, /ready/], ...lines]
      for (const [keys, expected] of all) {
        const before = shown.length
        terminal.input.write(keys)
        await eventually(() => expect(shown.slice(before)).toMatch(expected))
      }
      return shown
    }

    test.skipIf(!isMet(shell))('has the names of the node', async () => {
      await type(
        patient(),
        ['crisp -N root exec far-1\t', /far-1\/app/],
        ['\u0015crisp exec root//far-2\t', /far-2\/app/],
      )
    })

    test.skipIf(!isMet(shell))('asks nothing, and gives a node that hangs its time and no more', async () => {
      const settings = node.settings('root')
      node.know('silent', '  ProxyCommand grep -c says-nothing-until-its-end\n')
      node.know('locked', settings.replace(/IdentityFile .*/, 'IdentityFile /dev/null'))
      node.know(
        'unknown',
        settings
          .replace(/UserKnownHostsFile .*/, 'UserKnownHostsFile /dev/null')
          .replace('accept-new', 'ask'),
      )
      const env = {...patient(), CRISP_COMPLETION_MS: '3000'}
      const shown = await type(
        env,
        ...['silent', 'locked', 'unknown'].map((name): [string, RegExp] => [
          `crisp -N ${name} exec x\t\u0015echo go""es on\r`,
          /goes on/,
        ]),
      )
      expect(shown).not.toMatch(/password|continue connecting|passphrase/i)
      // What ssh has started ends with it.
      await eventually(() =>
        expect(execFileSync('ps', ['-eo', 'args'], {encoding: 'utf8'})).not.toContain(
          'grep -c says-nothing-until-its-end',
        ),
      )
    })
  })
})
