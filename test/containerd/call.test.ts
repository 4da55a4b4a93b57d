import {expect, test} from 'vitest'
import {allRpcs, type Rpc} from '../../src/config-files/requests.js'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {busyboxImage, startContainerd} from '../support/containerd/containerd.js'
import {runInProcess} from '../support/in-process.js'
import {runCli} from '../support/run-cli.js'

describeOnContainerd('call, on a real containerd', () => {
  test('every call is answered, or is said not to be there', async () => {
    await using containerd = await startContainerd()
    const pod = await containerd.runPod('web-1')
    const container = await pod.runContainer('server', 'sleep 1000')
    const {endpoint} = containerd
    const requests: Record<string, string> = {
      PodSandboxStatus: `{pod_sandbox_id: ${pod.id}}`,
      PodSandboxStats: `{pod_sandbox_id: ${pod.id}}`,
      PortForward: `{pod_sandbox_id: ${pod.id}, port: [80]}`,
      ContainerStatus: `{container_id: ${container}}`,
      ContainerStats: `{container_id: ${container}}`,
      UpdateContainerResources: `{container_id: ${container}, linux: {cpu_shares: 512}}`,
      ExecSync: `{container_id: ${container}, cmd: [echo, hi]}`,
      Exec: `{container_id: ${container}, cmd: [echo], stdout: true}`,
      Attach: `{container_id: ${container}, stdout: true}`,
      ImageStatus: `{image: "${busyboxImage}"}`,
      StopContainer: `{container_id: ${container}}`,
      RemoveContainer: `{container_id: ${container}}`,
      StopPodSandbox: `{pod_sandbox_id: ${pod.id}}`,
      RemovePodSandbox: `{pod_sandbox_id: ${pod.id}}`,
    }
    // The others want what only a test of their own makes, or a registry.
    const elsewhere = [
      ...['RunPodSandbox', 'CreateContainer', 'StartContainer', 'ReopenContainerLog', 'CheckpointContainer'],
      ...['UpdatePodSandboxResources', 'UpdateRuntimeConfig', 'PullImage', 'RemoveImage'],
    ]
    const last = ['StopContainer', 'RemoveContainer', 'StopPodSandbox', 'RemovePodSandbox']
    const place = ({name}: Rpc) => last.indexOf(name)
    const unlike: Record<string, string> = {}
    for (const {name} of allRpcs().sort((a, b) => place(a) - place(b))) {
      if (elsewhere.includes(name)) continue
      const argv = ['call', name, requests[name] ?? '{}', '--yes']
      const {stdout, stderr, exitCode} =
        name === 'GetContainerEvents'
          ? await runCli(argv, {endpoint, enough: (text) => text.includes('\n')})
          : await runInProcess(argv, {endpoint})
      const isAbsent = / does not implement /.test(stderr)
      if (exitCode === 0) JSON.parse(stdout || '{}')
      else if (!isAbsent && exitCode !== 130) unlike[name] = stderr
    }
    expect(unlike).toEqual({})
  })
})
