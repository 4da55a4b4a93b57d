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
    /** What one call answers the next one sends. */
    const made = {pod: '', container: ''}
    const metadata = {name: 'called', uid: 'uid-called', namespace: 'default'}
    const config = {metadata, ...pod.config, linux: pod.config.linux, logDirectory: undefined}
    const making: Record<string, () => unknown> = {
      RunPodSandbox: () => ({config: {...config, metadata}}),
      CreateContainer: () => ({
        podSandboxId: made.pod,
        config: {metadata: {name: 'called'}, image: {image: busyboxImage}, command: ['sleep', '1000']},
        sandboxConfig: {...config, metadata},
      }),
      StartContainer: () => ({containerId: made.container}),
      ReopenContainerLog: () => ({containerId: container}),
      CheckpointContainer: () => ({containerId: container, location: `${containerd.directory}/c.tar`}),
      UpdatePodSandboxResources: () => ({podSandboxId: pod.id}),
      UpdateRuntimeConfig: () => ({runtimeConfig: {networkConfig: {podCidr: '10.1.0.0/16'}}}),
      PullImage: () => ({image: {image: 'registry.invalid/absent:1'}}),
      RemoveImage: () => ({image: {image: 'registry.invalid/absent:1'}}),
    }
    /** These are answered with why not: there is no such registry, and no CRIU. */
    const refused: Record<string, RegExp> = {PullImage: /registry\.invalid/, CheckpointContainer: /criu/i}
    const last = ['StopContainer', 'RemoveContainer', 'StopPodSandbox', 'RemovePodSandbox']
    const place = ({name}: Rpc) => last.indexOf(name)
    const unlike: Record<string, string> = {}
    const send = async (name: string) => {
      const argv = ['call', name, requests[name] ?? JSON.stringify(making[name]?.() ?? {}), '--yes']
      return name === 'GetContainerEvents'
        ? runCli(argv, {endpoint, enough: (text) => text.includes('\n')})
        : runInProcess(argv, {endpoint})
    }
    for (const {name} of allRpcs().sort((a, b) => place(a) - place(b))) {
      const {stdout, stderr, exitCode} = await send(name)
      const isAbsent = / does not implement /.test(stderr)
      if (exitCode === 0) {
        const answer = JSON.parse(stdout || '{}')
        if (name === 'RunPodSandbox') made.pod = answer.podSandboxId
        if (name === 'CreateContainer') made.container = answer.containerId
      } else if (!isAbsent && exitCode !== 130 && !refused[name]?.test(stderr)) unlike[name] = stderr
    }
    expect(unlike).toEqual({})
  })
})
