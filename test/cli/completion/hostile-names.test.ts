import {mkdir, mkdtemp, readdir, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, onTestFailed, onTestFinished, test} from 'vitest'
import {spawnOnTerminal} from '../../../src/demo/processes/pty.js'
import type * as cri from '../../../src/generated/cri.js'
import {id, kubeletContainer, startFakeRuntime} from '../../support/fake-runtime.js'
import {isMet} from '../../support/needs.js'
import {program, runCli} from '../../support/run-cli.js'

// Names that are commands, on a terminal: Tab completes them, Enter runs the line. Each would make a file.

const names = [
  'aa$(id>ran-a)',
  'bb`id>ran-b`',
  "cc';id>ran-c;'",
  'dd"$(id>ran-d)"',
  'ee;id>ran-e',
  'ii\\;id>ran-i',
  'jj{a,b}*?[x]',
  'll#!$$',
]
/** Not offered at all. */
const broken = ['mm\nid>ran-m', 'oo\u001b[201~id>ran-o']

const shells = {
  bash: {argv: ['bash', '--norc', '--noprofile', '-i'], setup: "bind 'set enable-bracketed-paste off'"},
  zsh: {argv: ['zsh', '-f', '-i'], setup: 'autoload -Uz compinit && compinit -u -D'},
  fish: {argv: ['fish', '--no-config', '-i'], setup: 'true'},
} as const

for (const [shell, {argv, setup}] of Object.entries(shells)) {
  const need = shell as keyof typeof shells
  test.skipIf(!isMet(need))(`${shell} completes names that are commands as names`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'crisp-names-'))
    onTestFinished(() => rm(folder, {recursive: true, force: true}))
    const all = [...names, ...broken]
    const idOf = (index: number) => id(`e${index.toString(16)}a`)
    await using runtime = await startFakeRuntime({
      ListContainers: {
        containers: all.map((name, index) =>
          kubeletContainer('default', 'web', name, {id: idOf(index), metadata: {name}}),
        ),
      },
      ListPodSandbox: {items: []},
      ContainerStatus: ({containerId}: cri.ContainerStatusRequest) => ({status: {id: containerId}}),
    })
    const bin = join(folder, 'bin')
    const work = join(folder, 'work')
    await mkdir(bin)
    await mkdir(work)
    await symlink(program, join(bin, 'crisp'))
    const {stdout: script} = await runCli(['completion', shell, '--name', 'crisp'])
    await writeFile(join(folder, 'script'), script)
    const terminal = await spawnOnTerminal([...argv], {
      cwd: work,
      columns: 200,
      rows: 50,
      env: {
        PATH: `${bin}:${process.env.PATH}`,
        HOME: folder,
        TERM: 'dumb',
        CRI_CONFIG_FILE: '/dev/null',
        CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint,
        CRISP_COMPLETION_MS: '30000',
      },
    })
    let shown = ''
    let wake = () => {}
    terminal.output.on('data', (chunk: Buffer) => {
      shown += chunk
      wake()
    })
    onTestFailed(() => console.error(shown))
    onTestFinished(() => terminal.kill('SIGKILL'))
    const until = async (text: string) => {
      while (!shown.includes(text)) await new Promise<void>((resolve) => (wake = resolve))
      shown = ''
    }
    terminal.input.write(`${setup}; source ${join(folder, 'script')}; echo re''ady\r`)
    await until('ready')
    for (const [index, name] of all.entries()) {
      const lists = runtime.calls.filter(({method}) => method === 'ListContainers').length
      terminal.input.write(`crisp inspect -q ${name.slice(0, 2)}\t`)
      while (runtime.calls.filter(({method}) => method === 'ListContainers').length === lists)
        await runtime.nextCall('ListContainers')
      terminal.input.write(`\recho en''d${index}x\r`)
      await until(`end${index}x`)
    }
    const asked = runtime.calls.filter(({method}) => method === 'ContainerStatus')
    expect(asked.map(({request}) => request.containerId)).toEqual(names.map((_, index) => idOf(index)))
    expect(await readdir(work)).toEqual([])
  })
}
