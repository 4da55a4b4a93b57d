import {spawnSync} from 'node:child_process'
import {readFile, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd, type TestPod} from '../support/containerd/containerd.js'
import {runInProcess} from '../support/in-process.js'
import {testWith} from '../support/needs.js'
import {outcomeOf, startCli} from '../support/run-cli.js'

/** The kernel's own figures of a process's control group, in either hierarchy. */
async function cgroupOf(pid: number) {
  const places = (await readFile(`/proc/${pid}/cgroup`, 'utf8')).trimEnd().split('\n')
  const placeOf = (controller: string) => {
    const line = places.find((place) => place.split(':')[1]?.split(',').includes(controller))
    if (!line) return {version: 2, path: join('/sys/fs/cgroup', places[0]?.split(':')[2] ?? '')}
    const [, controllers = '', path = ''] = line.split(':')
    return {version: 1, path: join('/sys/fs/cgroup', controllers.replace('cpu,cpuacct', controller), path)}
  }
  const value = async (path: string, key?: string) => {
    const text = await readFile(path, 'utf8')
    return Number(key === undefined ? text : new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1])
  }
  return {
    async workingSetBytes() {
      const {version, path} = placeOf('memory')
      const [file, key] =
        version === 1 ? ['usage_in_bytes', 'total_inactive_file'] : ['current', 'inactive_file']
      const [used, inactive] = await Promise.all([
        value(join(path, `memory.${file}`)),
        value(join(path, 'memory.stat'), key),
      ])
      return used - inactive
    },
    /** Lets all pods of the test have what they want, however busy the machine is otherwise. */
    async goFirst() {
      const {version, path} = placeOf('cpu')
      const [file, weight] = version === 1 ? ['cpu.shares', '262144'] : ['cpu.weight', '10000']
      await writeFile(join(dirname(path), file), weight)
    },
  }
}

describeOnContainerd('live figures and events of a real containerd', () => {
  let containerd: Containerd
  let pod: TestPod
  const ids: Record<string, string> = {}

  const crisp = (...argv: string[]) => runInProcess(argv, {endpoint: containerd.endpoint})
  const rowsOf = (stdout: string) =>
    stdout
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(/ {2,}/))
  const cgroup = async (containerId = '') => {
    const {info} = await containerd.client.runtime.containerStatus({containerId, verbose: true})
    return cgroupOf(JSON.parse(info.info ?? '{}').pid)
  }

  beforeAll(async () => {
    containerd = await startContainerd()
    pod = await containerd.runPod('live-1', {labels: {app: 'live'}})
    ids.busy = await pod.runContainer('busy', 'while :; do :; done', {
      config: {linux: {resources: {cpuPeriod: '100000', cpuQuota: '50000'}}},
    })
    ids.idle = await pod.runContainer('idle', 'sleep 1000')
    ids.large = await pod.runContainer(
      'large',
      "x=$(head -c 20000000 /dev/zero | tr '\\0' x); echo ready; sleep 1000; echo $x",
      {config: {linux: {resources: {memoryLimitInBytes: '200000000'}}}},
    )
  })
  afterAll(() => containerd?.[Symbol.asyncDispose]())

  test('a busy container uses what it may of a core, an idle one nothing', async () => {
    await (await cgroup(ids.busy)).goFirst()
    const {stdout} = await crisp('stats', '--seconds', '2', '--sort', 'name', '--all')
    const cpu = Object.fromEntries(rowsOf(stdout).map((row) => [row[1], Number(row[2])]))
    expect(Object.keys(cpu)).toEqual(['busy', 'idle', 'large'])
    // What else runs on this machine takes its part of the core.
    expect(cpu.busy).toBeGreaterThan(10)
    expect(cpu.busy).toBeLessThan(60)
    expect(cpu.idle).toBeLessThan(1)
  })

  test('memory is within 5% of what the control group says, and is set against the limit', async () => {
    const group = await cgroup(ids.large)
    await expect.poll(() => group.workingSetBytes()).toBeGreaterThan(20_000_000)
    const {stats} = JSON.parse((await crisp('stats', '-o', 'json', '--id', ids.large ?? '')).stdout)
    const kernel = await group.workingSetBytes()
    const bytes = Number(stats[0].memory.workingSetBytes.value)
    expect(Math.abs(bytes - kernel) / kernel).toBeLessThan(0.05)

    const wide = (await crisp('stats', '-o', 'wide', '--pod', 'live-1', '--id', ids.large ?? '')).stdout
    const [titles = [], row = []] = wide
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/))
    const cell = (title: string) => row[titles.indexOf(title)]
    expect([cell('MEM LIMIT'), cell('POD'), cell('NAMESPACE')]).toEqual(['200MB', 'live-1', 'default'])
    expect(Number(cell('MEM % OF LIMIT'))).toBeCloseTo((100 * bytes) / 200_000_000, -1)
  })

  test('statsp counts the pod as a whole', async () => {
    const [table, json] = await Promise.all([
      crisp('statsp', '--seconds', '1', '-o', 'wide', '--label', 'app=live'),
      crisp('statsp', '-o', 'json', 'live-1'),
    ])
    const [row = []] = rowsOf(table.stdout)
    expect([row[0], row[4], row.at(-1)]).toEqual(['live-1', 'default', '3'])
    // With cgroupfs CRI-O tells nothing of pods.
    if (containerd.isCrio) expect(row[2]).toBe('-')
    else expect(Number(row[2])).toBeGreaterThan(10)
    const {stats} = JSON.parse(json.stdout)
    expect(stats.map(({attributes}: {attributes: object}) => attributes)).toEqual([
      expect.objectContaining({id: pod.id, metadata: expect.objectContaining({name: 'live-1'})}),
    ])
  })

  test('statsp: a pod without a parent for its control group costs only its own row', async () => {
    await containerd.runPod('orphan', {linux: {cgroupParent: ''}})
    const {stdout, stderr} = await crisp('statsp', '--seconds', '0')
    expect(rowsOf(stdout).map((row) => row[0])).toContain('live-1')
    const measured = rowsOf(stdout).some((row) => row[0] === 'orphan')
    expect(stderr).toMatch(measured ? /^$/ : /^crisp: default\/orphan: PodSandboxStats: [^\n]*\n$/)
  })

  test('top --once: the busy one first', async () => {
    const {stdout} = await crisp('top', '--once')
    expect(stdout).toMatch(/^(containerd|cri-o) \d/)
    // Newer ones warn there of what is deprecated.
    expect(stdout).toMatch(/RuntimeReady {2}NetworkReady|NOT ContainerdHasNoDeprecationWarnings/)
    const names = [...stdout.matchAll(/^ {2}live-1\/(\w+)/gm)].map(([, name]) => name)
    expect(names[0]).toBe('busy')
    expect(names.toSorted()).toEqual(['busy', 'idle', 'large'])
    await containerd.client.runtime.stopContainer({containerId: ids.busy ?? '', timeout: '0'})
  })

  // One containerd sends events, another does not: each has its own test.
  const release = /\d+\.\d+/.exec(String(spawnSync('containerd', ['--version']).stdout))?.[0] ?? ''
  const sendsEvents = Number(release.split('.')[0]) >= 2
  const pollingTest = (name: string, run: () => Promise<void>) =>
    sendsEvents || testWith('own containerd')(name, run)
  const eventsTest = (name: string, run: () => Promise<void>) =>
    sendsEvents && testWith('own containerd')(name, run)

  pollingTest(
    'events, polled where the runtime has none: every start and exit of what lives two intervals and is removed at once, a restart in between',
    async () => {
      const argv = ['events', '--poll-interval', '300ms', '--type', 'started,stopped', '-o', 'wide']
      const cli = startCli(argv, {endpoint: containerd.endpoint})
      onTestFinished(() => void cli.kill('SIGKILL'))
      const outcome = outcomeOf(cli)
      const said = () => new Promise((resolve) => cli.stderr.once('data', resolve))
      await said()
      const seen: string[] = []
      let text = ''
      cli.stdout.on('data', (chunk: Buffer) => {
        text += chunk
        const lines = text.split('\n')
        text = lines.pop() ?? ''
        seen.push(
          ...lines.filter((line) => line.includes('  ')).map((line) => line.slice('02:50:31  '.length)),
        )
      })
      /** How it has ended is seen by whoever looks before it is removed. */
      const lives = async (name: string, code: number, {remove}: {remove: boolean}) => {
        const {runtime} = containerd.client
        const containerId = await pod.runContainer(name, `sleep 0.6; exit ${code}`)
        const state = async () => (await runtime.containerStatus({containerId})).status?.state
        if (remove) {
          await expect.poll(state, {interval: 5}).toBe('CONTAINER_EXITED')
          await runtime.removeContainer({containerId})
        }
        const end = `  ${containerId.slice(0, 13)}`
        const isOf = (line: string) => line.endsWith(end)
        const says = (text: string) =>
          expect.stringMatching(new RegExp(`^default/live-1/${name} +${text}${end}$`))
        const stopped = [says(`exited with ${code}`), ...(remove ? [says('stopped')] : [])]
        await expect
          .poll(() => seen.filter(isOf), {interval: 5})
          .toEqual([says('started'), expect.toBeOneOf(stopped)])
        return 2
      }
      let told = 0
      for (let life = 0; life < 4; life++) told += await lives(`short-${life}`, 0, {remove: true})
      told += await lives('kept', 7, {remove: false})
      const restarting = said()
      await containerd.stop()
      await restarting
      // Only then is it looked at once an interval again.
      const answering = said()
      await containerd.start()
      await answering
      told += await lives('later', 9, {remove: true})

      cli.kill('SIGINT')
      const {stderr, exitCode} = await outcome
      expect(seen).toHaveLength(told)
      expect({stderr, exitCode}).toEqual({
        stderr:
          'crisp: the runtime sends no events: lists are compared, what comes and goes between two of them is missed\ncrisp: the runtime does not answer: asking again until it does\ncrisp: the runtime answers again\n',
        exitCode: 130,
      })
    },
  )

  eventsTest(
    'events, where the runtime has them: exit codes, out of memory, what happened while it was restarted',
    async () => {
      const cli = startCli(['events', '-o', 'wide'], {endpoint: containerd.endpoint})
      onTestFinished(() => void cli.kill('SIGKILL'))
      const outcome = outcomeOf(cli)
      let text = ''
      let changed = () => {}
      for (const stream of [cli.stdout, cli.stderr])
        stream.on('data', (chunk: Buffer) => {
          text += chunk
          changed()
        })
      const says = async (...words: string[]) => {
        while (!words.every((word) => text.includes(word)))
          await new Promise<void>((resolve) => {
            changed = resolve
          })
      }
      const line = (words: string, containerId: string) => `  ${words}  ${containerId.slice(0, 13)}\n`

      const code = await pod.runContainer('code', 'exit 3')
      await says(...['created', 'started', 'exited with 3'].map((word) => line(word, code)))
      await containerd.client.runtime.removeContainer({containerId: code})
      await says(line('removed', code))

      const resources = {memoryLimitInBytes: '20000000', memorySwapLimitInBytes: '20000000'}
      const hungry = await pod.runContainer('hungry', 'x=a; while :; do x=$x$x; done', {
        config: {linux: {resources}},
      })
      await says(line('killed, out of memory (137)', hungry))

      const {info} = await containerd.client.runtime.containerStatus({
        containerId: ids.idle ?? '',
        verbose: true,
      })
      await containerd.stop()
      await says('connection to the runtime lost')
      process.kill(JSON.parse(info.info ?? '{}').pid, 'SIGKILL')
      await containerd.start()
      await says('the lists show 1 change meanwhile', (ids.idle ?? '').slice(0, 13))
      const later = await pod.runContainer('later', 'exit 9')
      await says(line('exited with 9', later))

      cli.kill('SIGINT')
      expect((await outcome).exitCode).toBe(130)
    },
  )

  test('info tells the cgroup driver from the configuration', async () => {
    const {stdout} = await crisp('info', '-o', 'table')
    expect(stdout).toMatch(/^Runtime: (containerd|cri-o) \S+, CRI v1\nCgroup driver: CGROUPFS\n/)
  })
})
