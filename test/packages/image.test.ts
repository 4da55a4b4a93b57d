import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {knownSockets} from '../../src/client/endpoints.js'
import {type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {eventually} from '../support/eventually.js'
import {released, run, version} from '../support/packages.js'

// The image on a real containerd, as `kubectl debug node/NAME` runs one: the node's root is at /host.

const archive = () => released('-image.tar')
let containerd: Containerd
beforeAll(async () => {
  containerd = await startContainerd()
})
afterAll(() => containerd[Symbol.asyncDispose]())

test('in a debug pod it sees the node, by default', async () => {
  const socket = containerd.endpoint.replace('unix://', '')
  await run('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', archive()])
  const web = await containerd.runPod('web')
  await web.runContainer('app', 'echo said; sleep 1000')

  // A node whose containerd has its socket and its logs where they usually are.
  const host = join(containerd.directory, 'host')
  for (const folder of ['run/containerd', 'etc']) mkdirSync(join(host, folder), {recursive: true})
  writeFileSync(join(host, 'run/containerd/containerd.sock'), '')
  writeFileSync(join(host, 'etc/crictl.yaml'), 'timeout: 7\n')
  const debug = await containerd.runPod('node-debugger')
  const inDebugPod = async (name: string, args: string[]) => {
    const {containerId} = await containerd.client.runtime.createContainer({
      podSandboxId: debug.id,
      sandboxConfig: debug.config,
      config: {
        metadata: {name},
        image: {image: `localhost/crisp:${version}`},
        // As it passes on what stands behind its --.
        command: ['crisp', ...args],
        logPath: `${name}.log`,
        mounts: [
          {hostPath: host, containerPath: '/host'},
          {hostPath: socket, containerPath: '/host/run/containerd/containerd.sock'},
        ],
      },
    })
    await containerd.client.runtime.startContainer({containerId})
    const {status} = await eventually(async () => {
      const answer = await containerd.client.runtime.containerStatus({containerId})
      expect(answer.status?.state).toBe('CONTAINER_EXITED')
      return answer
    })
    return {
      exitCode: status?.exitCode,
      log: readFileSync(join(debug.config.logDirectory ?? '', `${name}.log`), 'utf8'),
    }
  }

  expect(await inDebugPod('ps', ['ps'])).toEqual({exitCode: 0, log: expect.stringMatching(/Running +app /)})
  // The node's own settings count.
  expect(await inDebugPod('config', ['config', '--get', 'timeout'])).toEqual({
    exitCode: 0,
    log: expect.stringMatching(/ 7s?\n/),
  })
})

test('with the socket mounted it sees the node', async () => {
  const socket = containerd.endpoint.replace('unix://', '')
  const mount = `type=bind,src=${socket},dst=/run/containerd/containerd.sock,options=rbind:rw`
  const ctr = ['--address', socket, '--namespace', 'k8s.io']
  await run('ctr', [...ctr, 'images', 'import', archive()])
  const {stdout} = await run('ctr', [
    ...ctr,
    'run',
    '--rm',
    '--mount',
    mount,
    `localhost/crisp:${version}`,
    'crisp-image',
    '/usr/local/bin/crisp',
    'version',
  ])
  expect(stdout).toContain('containerd')
})

test('skopeo takes it for both architectures', async () => {
  for (const architecture of ['amd64', 'arm64']) {
    const {stdout} = await run('skopeo', [
      '--override-arch',
      architecture,
      'inspect',
      '--config',
      `oci-archive:${archive()}`,
    ])
    expect(JSON.parse(stdout)).toMatchObject({
      architecture,
      os: 'linux',
      config: {Entrypoint: ['/usr/local/bin/crisp']},
    })
  }
  const copy = join(containerd.directory, 'copy')
  await run('skopeo', ['copy', `oci-archive:${archive()}`, `dir:${copy}`])
  const {layers} = JSON.parse(readFileSync(join(copy, 'manifest.json'), 'utf8'))
  const {stdout} = await run('tar', ['-tvzf', join(copy, layers[0].digest.replace('sha256:', ''))])
  const links = stdout.matchAll(/ (\S+) -> \/host\/(\S+)$/gm)
  const linked = [...links].map(([, path, target]) => {
    expect(path).toBe(target)
    return path as string
  })
  // Every place where a runtime may have its socket is that of the node.
  for (const {path} of knownSockets)
    expect(linked.some((link) => `${path.slice(1)}/`.startsWith(`${link}/`))).toBe(true)
})
