import {expect, test} from 'vitest'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {startContainerd} from '../support/containerd/containerd.js'
import {runInProcess} from '../support/in-process.js'
import {runCli} from '../support/run-cli.js'

describeOnContainerd('which, on a real containerd', () => {
  test('from a process, its port, its log and its root file system to the container', async () => {
    await using containerd = await startContainerd()
    const ownNetwork = {linux: {securityContext: {namespaceOptions: {network: 'POD'} as const}}}
    const pod = await containerd.runPod('web-1', ownNetwork)
    const id = await pod.runContainer('server', 'httpd -p 8080; echo up; sleep 1000')
    await pod.runContainer('other', 'sleep 1000')
    const crisp = (...argv: string[]) => runInProcess(argv, {endpoint: containerd.endpoint})
    const inspected = async (path: string) =>
      (await crisp('inspect', id, '-o', `jsonpath=${path}`)).stdout.trim()
    const pid = await inspected('{.info.pid}')
    const logPath = await inspected('{.status.logPath}')

    for (const query of [pid, logPath, `/run/somewhere/${id}/rootfs/etc`]) {
      expect(await crisp('which', query, '-q')).toEqual({stdout: `${id}\n`, stderr: '', exitCode: 0})
    }
    const address = (await crisp('inspectp', pod.id, '-o', 'jsonpath={.status.network.ip}')).stdout.trim()
    expect(await crisp('which', address, '-q')).toEqual({stdout: `${pod.id}\n`, stderr: '', exitCode: 0})

    const enough = (text: string) => text.includes('up')
    await runCli(['logs', '--follow', id], {endpoint: containerd.endpoint, enough})
    const {stdout: listener} = await crisp('which', ':8080', '--no-trunc')
    expect(listener).toContain(id)
    expect(listener).toMatch(/\(httpd\) listens on \[::\]:8080\/tcp/)

    const {stdout, exitCode} = await crisp('which', String(process.pid))
    expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 3})
  })
})
