import {existsSync} from 'node:fs'
import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../src/demo/index.js'
import {clientOf, shellImage, startIn} from '../support/demo-node.js'
import {runInProcess} from '../support/in-process.js'

// Where CRI-O and containerd differ, the commands behave alike.

describe.each(['crio-1.30', 'crio-1.36', 'containerd-2.3'])('as %s', (like) => {
  const isCrio = like.startsWith('crio')
  let runtime: DemoRuntime
  let base: string
  let podFile: string
  let containerFile: string
  const crisp = (...argv: string[]) =>
    runInProcess(argv, {...runtime, env: {XDG_STATE_HOME: join(base, 'state')}})
  const running = async () => (await crisp('ps', '-q', '--no-trunc')).stdout

  beforeEach(async () => {
    runtime = await startDemoRuntime({like, seed: {images: [shellImage]}})
    base = await mkdtemp(join(tmpdir(), 'crisp-crio-'))
    podFile = await write('pod.json', {
      metadata: {name: 'web', namespace: 'prod', uid: 'uid-1'},
      log_directory: join(base, 'logs', 'prod_web_uid-1'),
    })
    containerFile = await write('container.json', containerOf('app', ['/bin/sleep', '1000']))
  })
  afterEach(async () => {
    await runtime[Symbol.asyncDispose]()
    await rm(base, {recursive: true})
  })

  async function write(name: string, content: object): Promise<string> {
    const path = join(base, name)
    await writeFile(path, JSON.stringify(content))
    return path
  }
  function containerOf(name: string, command: string[]) {
    return {metadata: {name}, image: {image: shellImage}, command, log_path: `${name}.log`}
  }

  test('the same run twice: the second fails, and the container of the first runs on', async () => {
    const first = await crisp('run', '--no-pull', containerFile, podFile)
    expect(first).toMatchObject({stderr: '', exitCode: 0})
    const second = await crisp('run', '--no-pull', containerFile, podFile)

    expect(second).toMatchObject({stdout: '', exitCode: 1})
    expect(await running()).toBe(first.stdout)
    if (isCrio)
      expect(second.stderr).toMatch(
        new RegExp(`^crisp: ${first.stdout.slice(0, 13)}, [0-9a-f]{13}: there before, under the name in use`),
      )
  })

  test('a run that fails in a pod that was there takes its container away, and nothing else', async () => {
    const {stdout: podId} = await crisp('runp', podFile)
    const {stdout: other} = await crisp('create', podId.trim(), containerFile, podFile)
    // It is made, and cannot be started twice at once.
    const failing = await write('failing.json', {...containerOf('b', ['/bin/true']), working_dir: '/no/such'})
    expect((await crisp('run', '--no-pull', failing, podFile)).exitCode).toBe(1)

    expect((await crisp('ps', '-aq', '--no-trunc')).stdout).toBe(other)
    expect((await crisp('pods', '-q', '--no-trunc')).stdout).toBe(podId)
  })

  test('a log directory that was there before the pod outlives a run that fails', async () => {
    const kept = join(base, 'logs', 'prod_web_uid-1', 'earlier.log')
    await mkdir(join(kept, '..'), {recursive: true})
    await writeFile(kept, 'of an earlier pod')
    const failing = await write('failing.json', containerOf('b', ['/no/such']))

    expect((await crisp('run', '--no-pull', failing, podFile)).exitCode).toBe(1)
    expect(await readFile(kept, 'utf8')).toBe('of an earlier pod')
    expect((await crisp('pods', '-q')).stdout).toBe('')
  })

  test('--rm in a pod whose container has the name already leaves that alone', async () => {
    await crisp('runp', podFile)
    const {stdout: id} = await crisp(
      'create',
      'web',
      await write('quick.json', containerOf('quick', ['/bin/true'])),
    )
    const {exitCode} = await crisp('run', '--rm', '--pod', 'web', '--name', 'quick', shellImage, 'echo', 'x')

    expect(exitCode).toBe(isCrio ? 0 : 125)
    expect((await crisp('ps', '-aq', '--no-trunc')).stdout).toBe(id)
  })

  test('run IMAGE, in the foreground and the background, and its log', async () => {
    expect(await crisp('run', '--rm', shellImage, 'echo', 'hello')).toEqual({
      stdout: 'hello\n',
      stderr: '',
      exitCode: 0,
    })
    expect((await crisp('run', '--name', 'quiet', shellImage, 'echo', 'in the log')).exitCode).toBe(0)
    await crisp('wait', 'quiet')
    expect((await crisp('logs', 'quiet')).stdout).toBe('in the log\n')
    using client = clientOf(runtime)
    const [pod] = (await client.runtime.listPodSandbox()).items
    expect((await crisp('rmp', '-f', 'quiet')).exitCode).toBe(0)
    expect(existsSync(join(base, 'state', 'crisp', 'pods', `default_quiet_${pod?.metadata?.uid}`))).toBe(
      false,
    )
  })

  test('run --pod and create without the pod’s file log where the pod logs', async () => {
    await crisp('runp', podFile)
    expect(await crisp('run', '--rm', '--pod', 'web', shellImage, 'echo', 'beside')).toEqual({
      stdout: 'beside\n',
      stderr: '',
      exitCode: 0,
    })
    const {stdout: id} = await crisp('create', 'web', containerFile)
    const logPath = await crisp('inspect', id.trim(), '-o', 'jsonpath={.status.logPath}')
    expect(logPath.stdout.trim()).toBe(join(base, 'logs', 'prod_web_uid-1', 'app.log'))
  })

  test('the files of init', async () => {
    const [pod, container] = [join(base, 'init-pod.yaml'), join(base, 'init-container.yaml')]
    await crisp('init', 'pod', pod)
    await crisp('init', 'container', container, '--image', shellImage)
    // The demo's root may log there, a user may not: the rest of the file is as it is.
    const text = await readFile(pod, 'utf8')
    await writeFile(pod, text.replace(/^log_directory: .*$/m, `log_directory: ${join(base, 'logs')}`))

    expect(await crisp('run', '--no-pull', container, pod)).toMatchObject({stderr: '', exitCode: 0})
  })

  test('a command that is not there, and one that cannot be executed: 127, 126, and words', async () => {
    await crisp('run', '--name', 'shell', shellImage, 'sleep', '1000')
    const plain = join(base, 'plain')
    await writeFile(plain, '')
    const missing = 'crisp: there is no "nope" in the container: give the full path'
    for (const argv of [
      ['exec', 'shell'],
      ['exec', '-t', 'shell'],
      ['exec', '--sync', 'shell'],
      ['run', '--rm', '--entrypoint', 'nope', shellImage],
    ]) {
      const run = argv[0] === 'run'
      const {stderr, stdout, exitCode} = await crisp(...argv, ...(run ? [] : ['nope']))
      expect([argv, exitCode]).toEqual([argv, 127])
      expect(stderr).toContain(missing)
      if (!argv.includes('-t')) expect(stdout).toBe('')
    }
    for (const argv of [
      ['exec', 'shell', plain],
      ['exec', '--sync', 'shell', plain],
    ]) {
      const {stderr, exitCode} = await crisp(...argv)
      expect([argv, exitCode]).toEqual([argv, 126])
      expect(stderr).toContain(`"${plain}" cannot be executed in the container: permission denied\n`)
    }
    // Its own, whatever it says.
    expect((await crisp('exec', 'shell', 'sh', '-c', 'exit 255')).exitCode).toBe(255)
  })

  test('a repository, a tag and the beginning of a digest choose images', async () => {
    const chosen = async (word: string) => (await crisp('images', word, '-q', '--no-trunc')).stdout.trim()
    expect((await crisp('pull', 'registry.crisp.demo/any:1.0')).exitCode).toBe(0)
    const {stdout} = await crisp('images', shellImage, '-o', 'json')
    const {id, repoDigests} = JSON.parse(stdout).images[0]
    const hex = id.replace('sha256:', '')
    const digest = repoDigests[0].replace(/^.*@/, '')

    for (const word of [
      'registry.crisp.demo/shell:1.0',
      'registry.crisp.demo/shell',
      'shell:1.0',
      'shell',
      ...[hex, hex.slice(0, 12)].flatMap((word) => [word, `sha256:${word}`]),
      digest.slice(0, 19),
      repoDigests[0],
    ])
      expect([word, await chosen(word)]).toEqual([word, id])
    await crisp('run', '--name', 'sleeper', shellImage, 'sleep', '1000')
    const {stdout: container} = await crisp('ps', '-q', '--no-trunc', '--name', 'sleeper')
    for (const word of [shellImage, hex.slice(0, 12), `sha256:${hex}`])
      expect([word, (await crisp('ps', '-q', '--image', word)).stdout]).toEqual([word, container])
    expect(
      (await crisp('inspecti', `sha256:${hex.slice(0, 12)}`, '-o', 'jsonpath={.status.id}')).stdout,
    ).toBe(`${id}\n`)
  })

  test('a word that is no image is none, whatever the runtime says of short names', async () => {
    expect(await crisp('inspecti', 'nothing')).toMatchObject({
      stderr: 'crisp: no image "nothing": crisp images lists all\n',
      exitCode: 3,
    })
    expect(await crisp('images', 'nothing', '-q')).toMatchObject({stdout: '', stderr: '', exitCode: 0})
    expect(await crisp('ps', '--image', 'nothing', '-q')).toMatchObject({stdout: '', stderr: '', exitCode: 0})
    for (const word of ['nothing', `sha256:${'f'.repeat(64)}`])
      expect(await crisp('rmi', word, '--ignore-missing')).toMatchObject({stderr: '', exitCode: 0})
  })

  test('what is gone is missing on every verb, and done with --ignore-missing', async () => {
    const gone = 'f'.repeat(64)
    const [noContainer, noPod] = [`crisp: no container "${gone}"`, `crisp: no pod "${gone}"`]
    const lines: [string[], string][] = [
      [['start', gone], ''],
      [['update', '--memory', '64m', gone], isCrio ? noContainer : ''],
      [['checkpoint', '--export', join(base, 'checkpoint.tar'), gone], ''],
      [['rm', '-f', gone], noContainer],
      [['rmp', '-f', gone], noPod],
    ]
    for (const [argv, words] of lines) {
      const {stdout, stderr, exitCode} = await crisp(...argv)
      expect([argv, stdout, exitCode]).toEqual([argv, '', 3])
      expect(stderr).toContain(words)
      const done = {stdout: '', stderr: '', exitCode: 0}
      expect([argv, await crisp(...argv, '--ignore-missing')]).toEqual([argv, done])
    }
    expect((await crisp('stop', gone)).exitCode).toBe(0)
    expect((await crisp('stopp', gone)).exitCode).toBe(0)
    expect((await crisp('cp', `${gone}:/etc/hostname`, '-')).exitCode).toBe(3)
    expect((await crisp('create', '--no-pull', gone, containerFile, podFile)).exitCode).toBe(3)
    for (const argv of [
      ['exec', gone, 'true'],
      ['exec', '-s', gone, 'true'],
      ['attach', gone],
    ])
      expect([argv, (await crisp(...argv)).exitCode]).toEqual([argv, 125])
  })

  test('a create from an image that is not there is told as missing', async () => {
    const {stdout: pod} = await crisp('runp', podFile)
    const config = {...containerOf('app', ['true']), image: {image: 'registry.crisp.demo/any:1.0'}}
    const file = await write('other.json', config)
    const {stderr, exitCode} = await crisp('create', '--no-pull', pod.trim(), file, podFile)
    expect(exitCode).toBe(3)
    if (isCrio) expect(stderr).toContain('no image "registry.crisp.demo/any:1.0"')
  })

  test('rmi by an ID with its algorithm', async () => {
    const {stdout} = await crisp('images', shellImage, '-o', 'jsonpath={.images[0].id}')
    const hex = stdout.trim().replace('sha256:', '')
    expect(await crisp('rmi', `sha256:${hex}`)).toMatchObject({stderr: '', exitCode: 0})
    expect((await crisp('images', '-q')).stdout).toBe('')
  })

  test.each(['stopp', 'rmp -f'])('%s kills at once what ignores SIGTERM', async (line) => {
    const script = "trap '' TERM; echo up; while :; do sleep 0.1; done"
    await crisp('run', '--name', 'deaf', shellImage, 'sh', '-c', script)
    await vi.waitFor(async () => expect((await crisp('logs', 'deaf')).stdout).toBe('up\n'))
    const calls = async () => (await crisp('-D', ...line.split(' '), 'deaf')).stderr
    // Two minutes go by otherwise: CRI-O takes the time of the call for the grace period.
    const stopped = /StopContainer.*StopPodSandbox/s.test(await calls())
    expect(stopped).toBe(isCrio)
    expect(await running()).toBe('')
  })

  test('a created container that ended with its pod has never run', async () => {
    const {stdout: pod} = await crisp('runp', podFile)
    await crisp('create', pod.trim(), containerFile, podFile)
    await crisp('stopp', 'web')
    const {stdout} = await crisp('describe', 'app')
    expect(stdout).toMatch(
      isCrio
        ? /State +exited with 143 \(SIGTERM\), [a-z0-9 ]+ ago, not started\n/
        : /State +created .*, not started\n/,
    )
    expect((await crisp('inspect', 'app', '-o', 'table')).stdout).not.toMatch(/^Started/m)
  })

  test('rmi --all-tags takes the whole image', async () => {
    const [shell] = JSON.parse((await crisp('images', shellImage, '-o', 'json')).stdout).images
    expect((await crisp('rmi', '--all-tags', shellImage)).exitCode).toBe(0)
    expect((await crisp('images', '-q', '--no-trunc')).stdout).not.toContain(shell.id)
  })

  test('an exited container shows no process, and a pod without statistics no memory', async () => {
    await crisp('run', '--name', 'done', shellImage, 'true')
    await crisp('wait', 'done')
    expect((await crisp('describe', 'done')).stdout).not.toMatch(/^PID/m)
    await crisp('run', '--name', 'busy', shellImage, 'sleep', '1000')
    const memory = (await crisp('statsp', '--pod', 'busy', '-o', 'table')).stdout
      .split('\n')[1]
      ?.split(/ {2,}/)[3]
    expect(memory).toMatch(like === 'crio-1.36' ? /^-$/ : /B$/)
  })

  test('which finds the container of a directory of its root file system', async () => {
    const {stdout: id} = await crisp('run', '--name', 'here', shellImage, 'sleep', '1000')
    using client = clientOf(runtime)
    const {info} = await client.runtime.containerStatus({containerId: id.trim(), verbose: true})
    const root = JSON.parse(info.info ?? '{}').runtimeSpec.root?.path
    if (!isCrio) return expect(root).toBeUndefined()
    expect((await crisp('which', join(root, 'some', 'file'))).stdout).toContain('its root file system')
  })

  test('exec --sync that times out exits with 124 and prints whole lines', async () => {
    await crisp('run', '--name', 'shell', shellImage, 'sleep', '1000')
    const {stderr, exitCode} = await crisp('exec', '--sync', '--timeout', '1', 'shell', 'sleep', '100')
    expect(exitCode).toBe(124)
    expect(stderr).toMatch(/^(command timed out\n)?crisp: .*\n$/)
  })
})

test.each([
  ['without the kubelet’s labels', {}],
  ['with them', {'io.kubernetes.pod.uid': 'uid-1'}],
])('events of a CRI-O that has them, of a pod %s', async (_, labels) => {
  await using runtime = await startDemoRuntime({like: 'crio-1.36-events', seed: {images: [shellImage]}})
  using client = clientOf(runtime)
  const events = runInProcess(['events', '-o', 'wide', '--pod', 'web'], {
    ...runtime,
    enough: (text) => /prod\/web\/main +started/.test(text),
  })
  const metadata = {name: 'web', namespace: 'prod', uid: 'uid-1'}
  const {podSandboxId} = await client.runtime.runPodSandbox({config: {metadata, labels}})
  const containerId = await startIn(client, podSandboxId, ['/bin/sleep', '100'], {labels})

  const lines = (await events).stdout.split('\n').map((line) => line.split(/ {2,}/).slice(1))
  expect(lines).toContainEqual(['prod/web/main', 'started', containerId.slice(0, 13)])
})
