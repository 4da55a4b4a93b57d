import {readFile} from 'node:fs/promises'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {attemptsOf, restartAfterKill, steps} from '../support/cut-restart.js'
import {runInProcess} from '../support/in-process.js'
import {runCli} from '../support/run-cli.js'

describeOnContainerd('restart on a real containerd', () => {
  let containerd: Containerd
  beforeAll(async () => {
    containerd = await startContainerd()
  })
  afterAll(() => containerd[Symbol.asyncDispose]())

  const inspect = async (containerId: string) => {
    const {status, info} = await containerd.client.runtime.containerStatus({containerId, verbose: true})
    return {status, info: JSON.parse(info.info ?? '{}')}
  }

  test('a container is made again as it was, and its log goes on', async () => {
    if (containerd.isCrio) return
    const pod = await containerd.runPod('again')
    const config = {
      envs: [{key: 'COLOUR', value: Buffer.from('grün "x"')}],
      workingDir: '/tmp',
      linux: {
        resources: {memoryLimitInBytes: '67108864', cpuShares: '512'},
        securityContext: {
          runAsUser: {value: '0'},
          runAsGroup: {value: '7'},
          capabilities: {addCapabilities: ['NET_ADMIN']},
          namespaceOptions: {network: 'NODE' as const, pid: 'CONTAINER' as const},
        },
      },
    }
    const old = await pod.runContainer('again-main', 'echo up; exec sleep 1000', {config})
    const before = await inspect(old)
    const {stdout, stderr, exitCode} = await runInProcess(
      ['restart', '-t', '0', '-o', 'json', 'again-main'],
      containerd,
    )
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    const after = await inspect(JSON.parse(stdout).restarted[0].id)
    expect(await attemptsOf(containerd.client, pod.id)).toEqual(['1 RUNNING'])
    expect(after.info.config).toEqual({
      ...before.info.config,
      metadata: {...before.info.config.metadata, attempt: 1},
      annotations: {...before.info.config.annotations, 'crisp.restart/replaces': old},
    })
    expect(after.info.runtimeSpec.process).toEqual(before.info.runtimeSpec.process)
    expect(after.status?.imageRef).toBe(before.status?.imageRef)
    await expect
      .poll(async () => (await readFile(after.status?.logPath ?? '', 'utf8')).match(/ up\n/g))
      .toHaveLength(2)
  })

  test("a kubelet's is left running where this machine has none", async () => {
    const pod = await containerd.runPod('kubelets')
    const annotations = {'io.kubernetes.container.restartCount': '0'}
    await pod.runContainer('kubelets-main', 'exec sleep 1000', {config: {annotations}})
    const {stdout, stderr, exitCode} = await runInProcess(['restart', 'kubelets-main'], containerd)
    expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1})
    expect(stderr).toMatch(
      /kubelets-main is for a kubelet to start again, and none runs on this node: systemctl start kubelet; crisp stop only stops it\n$/,
    )
    expect(await attemptsOf(containerd.client, pod.id)).toEqual(['0 RUNNING'])
  })

  test('of two at once one does it, and the other says so', async () => {
    if (containerd.isCrio) return
    const pod = await containerd.runPod('twice')
    await pod.runContainer('twice-main', 'exec sleep 1000')
    const outcomes = await Promise.all(
      [1, 2].map(() => runCli(['restart', '-t', '0', 'twice-main'], containerd)),
    )
    const said = outcomes.map(({stderr}) => stderr).join('')
    // The second may come when the first is done, or find what that has made.
    expect(said).toMatch(
      /^(crisp: another restart of \S+twice-main is under way, and has made [\da-f]{13} for it: nothing is left to do here\n)?$/,
    )
    expect(await attemptsOf(containerd.client, pod.id)).toEqual([expect.stringMatching(/^\d RUNNING$/)])
  })

  test.each(steps)('killed after %s: never none, and the next restart goes on from there', async (call) => {
    if (containerd.isCrio) return
    const pod = await containerd.runPod(`cut-${call.toLowerCase()}`)
    await pod.runContainer(`main-${call.toLowerCase()}`, 'exec sleep 1000')
    await restartAfterKill(containerd, pod.id, call)
  })
})
