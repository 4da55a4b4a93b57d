import {once} from 'node:events'
import {mkdir, readdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {spawnOnTerminal} from '../../src/demo/processes/pty.js'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {busyboxImage, type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {crispCommand, outcomeOf, runCli, startCli} from '../support/run-cli.js'

describeOnContainerd('run in the foreground on a real containerd', () => {
  let containerd: Containerd
  beforeAll(async () => {
    containerd = await startContainerd()
  })
  afterAll(() => containerd[Symbol.asyncDispose]())

  // The control group is one that goes with this containerd.
  const here = () => [
    ...['--host-network', '--log-directory', join(containerd.directory, 'logs')],
    ...['--cgroup-parent', `/crisp-${containerd.directory.slice(-6)}`],
  ]
  const run = (flags: string[], command: string[], stdin = '') =>
    runCli(['run', ...here(), ...flags, busyboxImage, '--', ...command], {...containerd, stdin})

  const podNames = async () => {
    const {items} = await containerd.client.runtime.listPodSandbox()
    return items.map(({metadata}) => metadata?.name)
  }

  test("--rm shows both streams, whole, and ends with the container's own code; nothing is left", async () => {
    const script = 'echo out; echo err >&2; printf "no newline"; exit 7'
    const outcome = await run(['--rm'], ['sh', '-c', script])
    expect(outcome).toEqual({stdout: 'out\nno newline', stderr: 'err\n', exitCode: 7})
    expect(await podNames()).toEqual([])
    expect(await readdir(join(containerd.directory, 'logs'))).toEqual([])
  })

  test('all of a long output, lines longer than the log takes at once too', async () => {
    const directory = join(containerd.directory, 'seen')
    await mkdir(directory)
    // It waits to be seen, since containerd 1.6 throws away what it has not logged by the time a container exits.
    const script =
      'i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; head -c 100000 /dev/zero | tr "\\0" x; echo; until [ -e /seen/all ]; do sleep 0.1; done; exit 4'
    const cli = startCli(
      ['run', ...here(), '--rm', '-v', `${directory}:/seen:ro`, busyboxImage, '--', 'sh', '-c', script],
      containerd,
    )
    cli.stdin.end()
    const outcome = outcomeOf(cli)
    const expected = [
      ...Array.from({length: 3000}, (_, i) => `line ${i}\n`),
      `${'x'.repeat(100_000)}\n`,
    ].join('')
    let length = 0
    cli.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length === expected.length) void writeFile(join(directory, 'all'), '')
    })
    const {stdout, stderr, exitCode} = await outcome
    expect({same: stdout === expected, stderr, exitCode}).toEqual({same: true, stderr: '', exitCode: 4})
  })

  test('-i passes all of stdin and then its end', async () => {
    const input = Array.from({length: 2000}, (_, i) => `${(i * 7919) % 2000}\n`).join('')
    const {stdout, stderr, exitCode} = await run(['-i', '--rm'], ['sort', '-n'], input)
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    expect(stdout).toBe(Array.from({length: 2000}, (_, i) => `${i}\n`).join(''))
  })

  test('a command that is not there: 127, and nothing is left', async () => {
    expect(await run(['--rm'], ['/no/such'])).toEqual({
      stdout: '',
      stderr:
        'crisp: there is no "/no/such" in the container: give the full path of a program that its image has (some images have no shell at all)\n',
      exitCode: 127,
    })
    expect(await podNames()).toEqual([])
  })

  test('a failure of crisp or the runtime exits with 125', async () => {
    const {stdout, stderr, exitCode} = await runCli(
      ['run', '--rm', '--pod', 'nobody', busyboxImage],
      containerd,
    )
    expect({stdout, stderr, exitCode}).toEqual({
      stdout: '',
      stderr: 'crisp: no pod "nobody": crisp pods lists all\n',
      exitCode: 125,
    })
  })

  test('Ctrl-C ends and removes it with --rm', async () => {
    const cli = startCli(
      ['run', ...here(), '--rm', busyboxImage, '--', 'sh', '-c', 'echo ready; sleep 1000'],
      containerd,
    )
    cli.stdout.once('data', () => cli.kill('SIGINT'))
    expect(await outcomeOf(cli)).toEqual({stdout: 'ready\n', stderr: '', exitCode: 130})
    expect(await podNames()).toEqual([])
  })

  test('without --rm a container in the foreground outlives Ctrl-C, and is named', async () => {
    const cli = startCli(
      [
        'run',
        ...here(),
        '--name',
        'stays',
        '-i',
        busyboxImage,
        '--',
        'sh',
        '-c',
        'read a; echo $a; sleep 1000',
      ],
      containerd,
    )
    cli.stdin.write('hello\n')
    cli.stdout.once('data', () => cli.kill('SIGINT'))
    const {stdout, stderr, exitCode} = await outcomeOf(cli)
    expect({stdout, exitCode}).toEqual({stdout: 'hello\n', exitCode: 130})
    expect(stderr).toMatch(
      /^crisp: the container keeps running: crisp attach ([\da-f]{13}), or crisp rm -f \1\n$/,
    )
    expect(await podNames()).toEqual(['stays'])
  })

  test('--rm in a pod that is there removes the container and its log alone', async () => {
    const {stdout, exitCode} = await runCli(
      ['run', '--pod', 'stays', '--rm', busyboxImage, 'echo', 'beside'],
      containerd,
    )
    expect({stdout, exitCode}).toEqual({stdout: 'beside\n', exitCode: 0})
    const {containers} = await containerd.client.runtime.listContainers()
    expect(containers.map(({metadata}) => metadata?.name)).toEqual(['stays'])
  })

  test('-it is a terminal of its own, with our size, and ends with what was typed', async () => {
    const argv = ['run', ...here(), '--rm', '-it', busyboxImage, 'sh']
    const terminal = await spawnOnTerminal([...crispCommand, ...argv], {
      cwd: containerd.directory,
      columns: 90,
      rows: 20,
      env: {
        PATH: process.env.PATH,
        TERM: 'xterm',
        CRI_CONFIG_FILE: '/dev/null',
        CONTAINER_RUNTIME_ENDPOINT: containerd.endpoint,
      },
    })
    let shown = ''
    terminal.output.on('data', (chunk: Buffer) => {
      shown += chunk
    })
    while (!shown.includes('# ')) await once(terminal.output, 'data')
    terminal.input.write('stty size; id -u; exit 4\r')
    const [exitCode] = await Promise.all([terminal.exited, once(terminal.output, 'end')])
    expect(exitCode).toBe(4)
    expect(shown).toContain('20 90\r\n0\r\n')
    expect(await podNames()).toEqual(['stays'])
  })
})
