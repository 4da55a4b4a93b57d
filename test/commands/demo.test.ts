import {chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises'
import {tmpdir, userInfo} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {stopServers} from '../../src/cli/demo-process.js'
import {readProcess} from '../../src/demo/processes/process-table.js'
import {demoSocketPath, runningServers, type ServerFacts} from '../../src/demo/state/home.js'
import {runAsNobody} from '../support/as-nobody.js'
import {type FoundProcess, processesWith} from '../support/processes.js'
import {outcomeOf, runCli, startCli} from '../support/run-cli.js'

let home: string
let env: NodeJS.ProcessEnv

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'crisp-home-'))
  // Nothing else is to lie there, such as the kept code of a command.
  env = {XDG_RUNTIME_DIR: home, NODE_DISABLE_COMPILE_CACHE: '1'}
  process.env.XDG_RUNTIME_DIR = home
})

afterEach(async () => {
  await stopServers(demoSocketPath(), new AbortController().signal)
  await rm(home, {recursive: true, force: true})
  delete process.env.XDG_RUNTIME_DIR
})

const isRoot = process.getuid?.() === 0
const ofRoot = isRoot
  ? 'crisp: the embedded runtime runs as root and isolates nothing: what a container does, it does to this machine (crisp demo --user NAME runs it as another user)\n'
  : ''
const started = `crisp: started the embedded runtime: its containers are ordinary processes of yours, without isolation (crisp demo --stop ends it)\n${ofRoot}`

async function server(): Promise<ServerFacts> {
  const servers = await runningServers()
  expect(servers).toHaveLength(1)
  return servers[0] as ServerFacts
}

/** The processes of this test's runtimes. */
function containers(): Promise<FoundProcess[]> {
  return processesWith(`CRISP_DEMO_CONTAINER=${home}`)
}

test('-r demo starts it once and says so; its state survives; --stop leaves nothing', async () => {
  const first = await runCli(['-r', 'demo', 'pods', '-q', '--name', 'orders'], {env})
  expect(first).toMatchObject({stderr: started, exitCode: 0})
  const second = await runCli(['pods', '-q', '--name', 'orders'], {endpoint: 'demo', env})
  expect(second).toEqual({stdout: first.stdout, stderr: '', exitCode: 0})
  const {pid} = await server()
  expect((await containers()).length).toBeGreaterThan(8)

  expect(await runCli(['demo', '--stop'], {env})).toEqual({stdout: '', stderr: '', exitCode: 0})
  expect(await readProcess(pid)).toBeUndefined()
  expect(await containers()).toEqual([])
  expect(await readdir(join(home, 'crisp'))).toEqual([])
})

test('two first commands at once get the same runtime', async () => {
  const config = join(home, 'crictl.yaml')
  await writeFile(config, 'runtime-endpoint: demo\n')
  const results = await Promise.all([
    runCli(['-r', 'demo', 'pods', '-q'], {env}),
    runCli(['--config', config, 'pods', '-q'], {env}),
  ])
  expect(results.map(({exitCode}) => exitCode)).toEqual([0, 0])
  expect(results[0]?.stdout).toEqual(results[1]?.stdout)
  await server()
})

test('in the foreground it shows each call, and Ctrl-C leaves nothing', async () => {
  const demo = startCli(['demo'], {env})
  const outcome = outcomeOf(demo)
  let shown = ''
  const until = (expected: string) =>
    new Promise<void>((resolve) => {
      const look = () => shown.includes(expected) && resolve()
      demo.stdout.on('data', look)
      look()
    })
  demo.stdout.on('data', (chunk: Buffer) => {
    shown += chunk
  })
  await until('CRI calls as they come')
  await runCli(['-r', 'demo', 'inspect', 'abcdef'], {env})
  await until('ListContainers')
  demo.kill('SIGINT')
  const {stdout, stderr, exitCode} = await outcome
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 130})
  expect(stdout).toContain('crisp -r demo ps -a\n')
  expect(stdout).toMatch(
    isRoot ? /PROCESSES OF ROOT ON THIS MACHINE[\s\S]*demo --user NAME/ : /ordinary processes of yours/,
  )
  expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}ListContainers +\d+(\.\d)? ms$/m)
  expect(await containers()).toEqual([])
  expect(await readdir(join(home, 'crisp'))).toEqual([])
})

test('a second Ctrl-C ends it at once, and leaves nothing either', async () => {
  const demo = startCli(['demo'], {env})
  const outcome = outcomeOf(demo)
  await new Promise<void>((resolve) => {
    demo.stdout.on('data', (chunk: Buffer) => String(chunk).includes('CRI calls as they come') && resolve())
  })
  const away = ['exec', 'toolbox/shell', 'sh', '-c', 'setsid sleep 1000 >/dev/null 2>&1 &']
  expect(await runCli(['-r', 'demo', ...away], {env})).toMatchObject({exitCode: 0})
  demo.kill('SIGINT')
  demo.kill('SIGINT')
  expect((await outcome).exitCode).toBe(130)
  await expect.poll(containers).toEqual([])
  expect(await readdir(join(home, 'crisp'))).toEqual([])
})

test('after SIGKILL the next start cleans up', async () => {
  await runCli(['demo', '--detach'], {env})
  const {pid} = await server()
  const orphans = await containers()
  process.kill(pid, 'SIGKILL')
  expect(await runCli(['demo', '--detach', '--empty'], {env})).toMatchObject({exitCode: 0})
  expect(orphans.length).toBeGreaterThan(8)
  expect(await containers()).toEqual([])
  const next = await server()
  expect((await readdir(join(home, 'crisp'))).toSorted()).toEqual(['demo.sock', `server-${next.pid}`])
})

test('after SIGKILL --stop ends and removes what it left', async () => {
  await runCli(['demo', '--detach'], {env})
  const {pid} = await server()
  const orphans = await containers()
  process.kill(pid, 'SIGKILL')
  await mkdir(join(home, 'crisp', 'server-4194305'))
  expect(await runCli(['demo', '--stop'], {env})).toEqual({
    stdout: '',
    stderr: 'crisp: the embedded runtime was killed: what it left is removed\n',
    exitCode: 0,
  })
  expect(orphans.length).toBeGreaterThan(8)
  expect(await containers()).toEqual([])
  expect(await readdir(join(home, 'crisp'))).toEqual([])
  expect(await runCli(['demo', '--stop'], {env})).toMatchObject({stderr: 'crisp: no embedded runtime runs\n'})
})

test('a demo on a socket that is already in use is refused', async () => {
  await runCli(['demo', '--detach', '--empty'], {env})
  expect(await runCli(['demo'], {env})).toEqual({
    stdout: '',
    stderr: `crisp: cannot listen on ${home}/crisp/demo.sock: something listens there already; stop it with crisp demo --stop, or name another place with --socket\n`,
    exitCode: 1,
  })
  expect(await readdir(join(home, 'crisp'))).toHaveLength(2)
})

test('the demo takes a seed file, faults and another release', async () => {
  const seed = join(home, 'node.yaml')
  await writeFile(
    seed,
    `pods:
- name: mine
  namespace: lab
  containers:
  - {name: talker, image: 'registry.crisp.demo/any:1.0', command: [sleep, '1000']}
`,
  )
  const flags = ['--seed', seed, '--fail', 'PullImage=unavailable', '--like', 'containerd-1.6']
  await runCli(['demo', '--detach', ...flags], {env})
  const names = await runCli(['-r', 'demo', 'ps', '-o', 'name'], {env})
  expect(names.stdout).toBe('lab/mine/talker\n')
  const metrics = await runCli(['-r', 'demo', 'metricsp'], {env})
  expect(metrics.stderr).toContain('does not implement ListPodSandboxMetrics')
})

test('--socket starts the demo at that path, apart from the default one', async () => {
  const socket = join(home, 'own.sock')
  const {stdout} = await runCli(['demo', '-d', '--empty', '--socket', socket], {env})
  expect(stdout).toBe(`unix://${socket}\n`)
  const version = await runCli(['version', '-o', 'jsonpath={.runtimeName}'], {
    endpoint: `unix://${socket}`,
    env,
  })
  expect(version.stdout.trim()).toBe('crisp-demo')
  expect(await runCli(['demo', '--stop'], {env})).toMatchObject({stderr: 'crisp: no embedded runtime runs\n'})
  await runCli(['demo', '--stop', '--socket', socket], {env})
  expect(await runningServers()).toEqual([])
})

if (isRoot) {
  test('root serves as another user with --user: server, files, containers and exec are theirs', async () => {
    await chmod(home, 0o1777)
    const theirs = {...env, TMPDIR: home}
    const seed = join(home, 'node.yaml')
    const container = `{name: idle, image: 'registry.crisp.demo/any:1.0', command: [sleep, '1000']}`
    await writeFile(seed, `pods: [{name: lab, containers: [${container}]}]`, {mode: 0o600})
    const {stdout, stderr} = await runCli(['demo', '-d', '--user', 'nobody', '--seed', seed], {
      // What the environment says of names is nobody's rights.
      env: {...theirs, USER: 'nobody', LOGNAME: 'nobody'},
    })
    const {uid, gid} = await stat(join(home, 'crisp-65534'))
    expect({stdout, stderr, uid, gid}).toEqual({
      stdout: `unix://${home}/crisp-65534/demo.sock\n`,
      stderr: '',
      uid: 65534,
      gid: 65534,
    })
    try {
      const endpoint = stdout.trim()
      const identity = 'grep -E "^(Uid|Gid|Groups)" /proc/self/status; echo $HOME > mine; cat mine'
      const nobody = `Uid:${'\t65534'.repeat(4)}\nGid:${'\t65534'.repeat(4)}\nGroups:\t65534 \n`
      for (const how of [[], ['-s'], ['-t']]) {
        const result = await runCli(['exec', ...how, 'idle', 'sh', '-c', identity], {endpoint, env})
        expect(result.stdout.replaceAll('\r', '')).toMatch(new RegExp(`^${nobody}${home}/crisp-65534/`))
      }
      const [{pid} = {pid: 0}] = await processesWith(`CRISP_DEMO_CONTAINER=${home}/crisp-65534`)
      expect(
        (await readFile(`/proc/${pid}/status`, 'utf8')).match(/^(Uid|Gid|Groups):.*\n/gm)?.join(''),
      ).toBe(nobody)
      // The default one is root's still.
      expect(await runCli(['demo', '--stop'], {env: theirs})).toMatchObject({
        stderr: 'crisp: no embedded runtime runs\n',
      })
    } finally {
      expect(await runCli(['demo', '--stop', '--user', 'nobody'], {env: theirs})).toEqual({
        stdout: '',
        stderr: '',
        exitCode: 0,
      })
    }
    expect(await readdir(join(home, 'crisp-65534'))).toEqual([])
  })

  test('a place that the other user may not write is an error and leaves nothing', async () => {
    await chmod(home, 0o755)
    const result = await runCli(['demo', '-d', '--user', 'nobody', '--socket', join(home, 'own.sock')], {
      env: {...env, TMPDIR: home},
    })
    expect(result).toMatchObject({stdout: '', exitCode: 1})
    expect(result.stderr).toMatch(/^crisp: .*permission denied.*\n$/)
    expect((await readdir(home)).filter((name) => name !== 'crisp')).toEqual([])
  })

  test.each([
    ['nobody-knows', '--detach'],
    ['nobody-knows', '--stop'],
    ['nobody-knows'],
    ['', '--stop'],
    // Root's, and none at all, where a number is of 32 bits.
    ['4294967296', '--stop'],
    ['4294967295', '--stop'],
  ])('a user that is not there is a wrong usage: demo --user %s %s', async (user, ...argv) => {
    expect(await runCli(['demo', '--user', user, ...argv], {env})).toEqual({
      stdout: '',
      stderr: `crisp: --user: there is no user "${user}"\n`,
      exitCode: 2,
    })
  })
}

test('only root becomes another user, and everybody is the user that they are', async () => {
  const name = userInfo().username === 'root' ? 'nobody' : userInfo().username
  const as = (user: string) => runAsNobody(['demo', '--stop', '--user', user], {env: {XDG_RUNTIME_DIR: ''}})
  expect(await as('root')).toEqual({
    stdout: '',
    stderr: 'crisp: only root can become root: without --user it runs as you\n',
    exitCode: 1,
  })
  expect(await as(name)).toMatchObject({stderr: 'crisp: no embedded runtime runs\n', exitCode: 0})
})

test('a path too long for a socket is an error and leaves no files', async () => {
  const directory = join(home, 'a'.repeat(100))
  await mkdir(directory)
  const socket = join(directory, 'cri.sock')
  expect(await runCli(['demo', '--socket', socket], {env})).toEqual({
    stdout: '',
    stderr: `crisp: cannot listen on ${socket}: too long for the path of a socket; name a shorter one with --socket, or a shorter directory in XDG_RUNTIME_DIR\n`,
    exitCode: 1,
  })
  expect(await readdir(directory)).toEqual([])
})

test('a directory that others can look into is not used', async () => {
  await mkdir(join(home, 'crisp'))
  // Whatever the umask.
  await chmod(join(home, 'crisp'), 0o755)
  expect(await runCli(['-r', 'demo', 'ps'], {env})).toEqual({
    stdout: '',
    stderr: `crisp: ${home}/crisp is not yours alone: remove it, or set XDG_RUNTIME_DIR to a directory of yours\n`,
    exitCode: 1,
  })
  await rm(join(home, 'crisp'), {recursive: true})
})

test.each([
  ['--fail', 'PullImag=notFound', '--fail: the CRI has no call "PullImag": did you mean PullImage?'],
  [
    '--fail',
    'PullImage=sad',
    '--fail: "sad" is no gRPC status: write one such as notFound, unavailable, internal',
  ],
  ['--cut', 'ListImages', '--cut "ListImages": write METHOD=…, such as ListContainers=…'],
  ['--delay', '*=5', '"5" is not a duration: write 5s'],
])('%s %s', async (flag, value, message) => {
  expect(await runCli(['demo', flag, value], {env})).toEqual({
    stdout: '',
    stderr: `crisp: ${message}\n`,
    exitCode: 2,
  })
})

test.each([
  [
    'a wrong field',
    'pods: [{name: a, containers: [{nam: b}]}]',
    (seed: string) => `seed file ${seed}: no such field pods[0].containers[0].nam, did you mean name?`,
  ],
  [
    'an image that is not there',
    'pods: [{name: a, containers: [{name: b, image: nothing}]}]',
    () => 'seed: pod "a": image "nothing" is not on this node: pull it first',
  ],
  ['no YAML', 'pods: [', (seed: string) => expect.stringContaining(`seed file ${seed}: not YAML: `)],
])('a seed with %s', async (_, content, message) => {
  const seed = join(home, 'node.yaml')
  await writeFile(seed, content)
  const {stderr, exitCode} = await runCli(['demo', '--seed', seed], {env})
  expect({stderr: stderr.replace(/^crisp: (.*)\n$/, '$1'), exitCode}).toEqual({
    stderr: message(seed),
    exitCode: 1,
  })
  expect((await readdir(home, {recursive: true})).filter((name) => name.includes('server-'))).toEqual([])
})
