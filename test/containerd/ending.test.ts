import {once} from 'node:events'
import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {listContainers} from '../../src/client/lists.js'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {runInProcess} from '../support/in-process.js'
import {testWith} from '../support/needs.js'
import {outcomeOf, startCli} from '../support/run-cli.js'

const stubborn = "trap '' TERM; while :; do sleep 1; done"

describeOnContainerd('stop, remove and wait', () => {
  let containerd: Containerd

  beforeAll(async () => {
    containerd = await startContainerd()
  })
  afterAll(async () => {
    await containerd?.[Symbol.asyncDispose]()
  })

  const crisp = (...words: string[]) => runInProcess(words, containerd)

  test('ten containers that ignore SIGTERM have one grace period of 2 s between them, not ten', async () => {
    const pod = await containerd.runPod('stubborn')
    const names = Array.from({length: 10}, (_, index) => `s${index}`)
    for (const name of names) await pod.runContainer(name, stubborn)
    const {stdout, stderr, exitCode} = await crisp('--debug', 'stop', '-t', '2', ...names)
    expect({stdout, exitCode}).toEqual({stdout: names.map((name) => `${name}\n`).join(''), exitCode: 0})
    const [asked, answered] = [names.map(() => '->'), names.map(() => '<-')]
    expect(stderr.match(/..(?= StopContainer)/g)).toEqual([...asked, ...answered])
    expect(await crisp('wait', 's0', '--for=exited')).toMatchObject({stdout: '137\n', exitCode: 0})
    expect(await crisp('rmp', '-f', 'stubborn', '--wait')).toEqual({
      stdout: 'Stopped sandbox stubborn\nRemoved sandbox stubborn\n',
      stderr: '',
      exitCode: 0,
    })
  })

  test('start, stop and rm as crictl says them; logs go with their container', async () => {
    const pod = await containerd.runPod('life')
    const [one, two] = [
      await pod.runContainer('one', 'echo hello; exec sleep 1000', {start: false}),
      await pod.runContainer('two', 'exit 7', {start: false}),
    ]
    expect(await crisp('start', 'one', two.slice(0, 13))).toEqual({
      stdout: `one\n${two.slice(0, 13)}\n`,
      stderr: '',
      exitCode: 0,
    })
    expect(await crisp('wait', 'life/two')).toEqual({stdout: '7\n', stderr: '', exitCode: 0})
    expect(await crisp('start', 'two')).toEqual({
      stdout: '',
      stderr: 'crisp: container "two" has exited with 7 and cannot be started again: create a new one\n',
      exitCode: 1,
    })
    const logs = join(pod.config.logDirectory ?? '', 'one')
    expect(await readdir(logs)).toEqual(['0.log'])
    expect(await crisp('rm', 'one', 'two')).toEqual({
      stdout: 'two\n',
      stderr: 'crisp: container "one" is running: stop it first, or remove it with -f\n',
      exitCode: 1,
    })
    expect(await crisp('rm', '-f', one)).toEqual({stdout: `${one}\n`, stderr: '', exitCode: 0})
    expect(await readdir(logs)).toEqual([])
    expect(await crisp('rm', one)).toMatchObject({stdout: '', exitCode: 3})
    for (const _ of [1, 2])
      expect(await crisp('rm', '-f', 'one', one, 'two', '--ignore-missing')).toEqual({
        stdout: '',
        stderr: '',
        exitCode: 0,
      })
    expect(await crisp('rmp', '-f', 'life')).toMatchObject({exitCode: 0})
  })

  test('wait sees what happens while it waits', async () => {
    const pod = await containerd.runPod('waiting')
    const id = await pod.runContainer('job', 'exec sleep 1000', {start: false})
    const running = outcomeOf(startCli(['wait', 'job', '--for=running'], containerd))
    const removed = outcomeOf(startCli(['wait', 'default/waiting', '--for=removed'], containerd))
    expect(await crisp('start', 'job')).toMatchObject({exitCode: 0})
    expect(await running).toEqual({stdout: `${id}\n`, stderr: '', exitCode: 0})
    expect(await crisp('wait', 'waiting', '--for=ready')).toMatchObject({exitCode: 0})
    expect(await crisp('rmp', '-f', 'waiting')).toMatchObject({exitCode: 0})
    expect(await removed).toEqual({stdout: 'default/waiting\n', stderr: '', exitCode: 0})
  })

  testWith('own containerd')(
    'containerd killed during rm -fa: crisp reports every remaining container, and a second run removes them',
    async () => {
      const pod = await containerd.runPod('crash')
      const ids: string[] = []
      for (let index = 0; index < 8; index++) ids.push(await pod.runContainer(`c${index}`, 'exec sleep 1000'))
      const cli = startCli(['rm', '-f', '-a', '--parallel', '1'], containerd)
      const outcome = outcomeOf(cli)
      await once(cli.stdout, 'data')
      await containerd.stop('SIGKILL')
      const {stdout, stderr, exitCode} = await outcome
      expect(exitCode).toBe(4)
      const removed = stdout.split('\n').filter((line) => line !== '')
      const failed = stderr.split('\n').filter((line) => line !== '')
      for (const line of failed)
        expect(line).toMatch(/^crisp: removing container "[0-9a-f]{64}": \w+: the runtime at .* hung up/)
      expect([...removed, ...failed.map((line) => line.split('"')[1])].sort()).toEqual([...ids].sort())
      expect(removed.length).toBeGreaterThan(0)
      expect(failed.length).toBeGreaterThan(0)

      const waiting = outcomeOf(startCli(['wait', '--for=runtime', '--timeout', '1m'], containerd))
      await containerd.start()
      expect(await waiting).toMatchObject({stdout: expect.stringMatching(/^containerd \S+\n$/), exitCode: 0})
      expect(await crisp('rm', '-f', '-a', '--wait')).toMatchObject({stderr: '', exitCode: 0})
      expect(await listContainers(containerd.client)).toEqual([])
      expect(await crisp('rmp', '-fa')).toMatchObject({stderr: '', exitCode: 0})
    },
  )
})
