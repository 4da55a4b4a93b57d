import {readFile} from 'node:fs/promises'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {runCli} from '../support/run-cli.js'

describeOnContainerd('exec as another user', () => {
  let containerd: Containerd
  let id: string
  beforeAll(async () => {
    containerd = await startContainerd()
    const pod = await containerd.runPod('node')
    id = await pod.runContainer('web', 'while :; do sleep 1; done', {
      config: {linux: {securityContext: {capabilities: {dropCapabilities: ['NET_RAW']}}}},
    })
  })
  afterAll(async () => {
    await containerd?.[Symbol.asyncDispose]()
  })

  const crisp = (argv: string[], stdin?: string) =>
    runCli(argv, {endpoint: containerd.endpoint, ...(stdin === undefined ? {} : {stdin})})

  test('by numbers, inside the container and with no more rights than it has', async () => {
    expect(await crisp(['exec', '--user', '1000:2000', 'web', 'sh', '-c', 'id -u; id -g; exit 7'])).toEqual({
      stdout: '1000\n2000\n',
      stderr: '',
      exitCode: 7,
    })
    expect(await crisp(['exec', '-i', '--user', '1000', 'web', 'cat'], 'typed')).toEqual({
      stdout: 'typed',
      stderr: '',
      exitCode: 0,
    })
    const {info} = await containerd.client.runtime.containerStatus({containerId: id, verbose: true})
    const {pid} = JSON.parse(info.info ?? '{}')
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const line = (name: string, text: string) => new RegExp(`^${name}:.*$`, 'm').exec(text)?.[0]
    const {stdout} = await crisp([
      'exec',
      '--user',
      '0',
      'web',
      'cat',
      '/proc/self/status',
      '/proc/self/cgroup',
    ])
    for (const name of ['CapBnd', 'CapEff', 'Seccomp', 'NoNewPrivs'])
      expect(line(name, stdout)).toBe(line(name, status))
    expect(stdout).toContain(id)
  })

  test.each(['nobody', '1000:', '-1', '4294967295', '1000 --privileged'])('%s is no user', async (user) => {
    const {stdout, stderr, exitCode} = await crisp(['exec', `--user=${user}`, 'web', 'id'])
    expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 2})
    expect(stderr).toBe(`crisp: --user should be UID or UID:GID in numbers, not "${user}"\n`)
  })

  test('not with what only the CRI does', async () => {
    expect(await crisp(['exec', '-s', '--user', '1', 'web', 'id'])).toEqual({
      stdout: '',
      stderr: 'crisp: --user goes neither with --sync nor with --parallel\n',
      exitCode: 2,
    })
  })
})
