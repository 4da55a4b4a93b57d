import {existsSync} from 'node:fs'
import {mkdir, readFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {PassThrough} from 'node:stream'
import {describe, expect, test, vi} from 'vitest'
import type {CriClient} from '../../src/client/connect.js'
import {startDemoRuntime} from '../../src/demo/index.js'
import {releaseNames} from '../../src/demo/server/behaviour.js'
import type {ContainerConfig, Input} from '../../src/generated/cri.js'
import {forwardConnection, runRemoteCommand} from '../../src/streaming/index.js'
import {clientOf, codeOf, containerIn, ended, podOn, shellImage, startIn} from '../support/demo-node.js'
import {eventually} from '../support/eventually.js'
import {createSink} from '../support/peers/sink.js'

// What each release that the embedded runtime can be like does differently. A row is a question and each one's answer;
// what is not named answers as containerd 2.3.

type Release = 'containerd-1.6' | 'containerd-2.3' | 'crio-1.30' | 'crio-1.36'
type Ask = (client: CriClient, directory: string) => Promise<unknown>

const podConfig = (name: string, logDirectory = '') => ({
  metadata: {name, namespace: 'test', uid: `uid-${name}`, attempt: 0},
  logDirectory,
})
const image = {image: shellImage, userSpecifiedImage: shellImage}

async function execOf(client: CriClient, containerId: string, cmd: string[], tty = false) {
  const [stdout, stderr] = [createSink(), createSink()]
  const {url} = await client.runtime.exec({containerId, cmd, stdout: true, stderr: !tty, stdin: false, tty})
  const exit = await runRemoteCommand({url, tty, stdout, ...(tty ? {} : {stderr})}).then(
    (result) => (result.kind === 'exited' ? result.exitCode : result.kind),
    ({message}) => message,
  )
  return {exit, stdout: stdout.text(), stderr: stderr.text()}
}

async function infoOf(client: CriClient, containerId: string) {
  const {info} = await client.runtime.containerStatus({containerId, verbose: true})
  return JSON.parse(info.info ?? '{}')
}

/** The words of a failure, or what it was instead. */
async function wordsOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'no failure',
    ({details}) => details.replace(/time="[^"]*"/, 'time=NOW'),
  )
}

async function logOf(client: CriClient, directory: string, script: string): Promise<string> {
  const pod = await podOn(client, {logDirectory: join(directory, 'logs')})
  const containerId = await startIn(client, pod, ['/bin/sh', '-c', script], {logPath: 'main.log'})
  const {logPath} = await ended(client, containerId)
  return readFile(logPath, 'utf8')
}

const rows: [string, Ask, Partial<Record<Release, unknown>>][] = [
  [
    'its name, with what it is behind its version',
    async (client) => {
      const {runtimeName, runtimeVersion} = await client.runtime.version()
      return [runtimeName, runtimeVersion]
    },
    {
      'containerd-1.6': ['containerd', 'v1.6.39+crisp-demo'],
      'containerd-2.3': ['containerd', 'v2.3.4+crisp-demo'],
      'crio-1.30': ['cri-o', '1.30.14+crisp-demo'],
      'crio-1.36': ['cri-o', '1.36.3+crisp-demo'],
    },
  ],
  [
    'a pod and a container whose names are in use',
    async (client) => {
      const config = podConfig('twice')
      const {podSandboxId} = await client.runtime.runPodSandbox({config})
      const containerId = await containerIn(client, podSandboxId, ['/bin/true'])
      const answers = [
        client.runtime
          .runPodSandbox({config})
          .then((again) => again.podSandboxId === podSandboxId && 'the same pod'),
        containerIn(client, podSandboxId, ['/bin/true']).then(
          (again) => again === containerId && 'the same container',
        ),
      ]
      return Promise.all(answers.map((answer) => answer.catch(({code}) => code)))
    },
    {
      'containerd-1.6': [2, 2],
      'containerd-2.3': [9, 9],
      'crio-1.30': ['the same pod', 'the same container'],
      'crio-1.36': ['the same pod', 'the same container'],
    },
  ],
  [
    'a log path with a folder that is not there, and one that is',
    async (client, directory) => {
      const logDirectory = join(directory, 'logs')
      const pod = await podOn(client, {logDirectory})
      const first = await wordsOf(containerIn(client, pod, ['/bin/true'], {logPath: 'main/0.log'}))
      await mkdir(join(logDirectory, 'other'), {recursive: true})
      const metadata = {name: 'other', attempt: 0}
      return [
        first,
        await codeOf(containerIn(client, pod, ['/bin/true'], {metadata, logPath: 'other/0.log'})),
      ]
    },
    {
      'containerd-2.3': ['no failure', 'ok'],
      'crio-1.30': ['exit status 1', 'ok'],
      'crio-1.36': ['exit status 1', 'ok'],
    },
  ],
  [
    'where the log is when the request names another directory, or no path',
    async (client, directory) => {
      const logDirectory = join(directory, 'pod')
      const pod = await podOn(client, {logDirectory})
      const sandboxConfig = podConfig('x', join(directory, 'elsewhere'))
      const pathOf = async (name: string, logPath: string) => {
        const config: Input<ContainerConfig> = {metadata: {name}, image, command: ['/bin/true'], logPath}
        const {containerId} = await client.runtime.createContainer({podSandboxId: pod, config, sandboxConfig})
        const {status} = await client.runtime.containerStatus({containerId})
        return status?.logPath.replace(directory, '').replace(containerId, 'ID')
      }
      return [await pathOf('a', 'a.log'), await pathOf('b', '')]
    },
    {
      'containerd-2.3': ['/elsewhere/a.log', ''],
      'crio-1.30': ['/pod/a.log', '/pod/ID.log'],
      'crio-1.36': ['/pod/a.log', '/pod/ID.log'],
    },
  ],
  [
    'the log directory in the verbose status of a pod',
    async (client, directory) => {
      const podSandboxId = await podOn(client, {logDirectory: join(directory, 'pod')})
      const {info} = await client.runtime.podSandboxStatus({podSandboxId, verbose: true})
      const {config, runtimeSpec} = JSON.parse(info.info ?? '{}')
      const annotated = runtimeSpec.annotations?.['io.kubernetes.cri-o.LogPath']
      return [config?.log_directory, annotated && dirname(annotated)].map((path) =>
        path?.replace(directory, ''),
      )
    },
    {
      'containerd-2.3': ['/pod', undefined],
      'crio-1.30': [undefined, '/pod'],
      'crio-1.36': [undefined, '/pod'],
    },
  ],
  [
    'the verbose status of a container',
    async (client) => {
      const containerId = await startIn(client, await podOn(client), ['/bin/true'])
      await ended(client, containerId)
      const {config, pid, privileged, runtimeSpec} = await infoOf(client, containerId)
      return {config: config !== undefined, pid: pid > 0, privileged, root: typeof runtimeSpec.root?.path}
    },
    {
      'containerd-2.3': {config: true, pid: false, privileged: undefined, root: 'undefined'},
      'crio-1.30': {config: false, pid: true, privileged: false, root: 'string'},
      'crio-1.36': {config: false, pid: true, privileged: false, root: 'string'},
    },
  ],
  [
    'a command that is not there',
    async (client) => {
      const pod = await podOn(client)
      const created = await wordsOf(containerIn(client, pod, ['/no/such']))
      const {containers} = await client.runtime.listContainers()
      const started =
        containers[0] && (await wordsOf(client.runtime.startContainer({containerId: containers[0].id})))
      return [created, started?.replace(/"[0-9a-f]{64}"/, 'ID')]
    },
    {
      'containerd-2.3': [
        'no failure',
        'cannot start container ID: exec: "/no/such": stat /no/such: no such file or directory',
      ],
      'crio-1.30': [
        String.raw`container create failed: time=NOW level=error msg="runc create failed: unable to start container process: exec: \"/no/such\": stat /no/such: no such file or directory"`,
        undefined,
      ],
      'crio-1.36': [
        String.raw`container create failed: time=NOW level=error msg="runc create failed: unable to start container process: exec: \"/no/such\": stat /no/such: no such file or directory"`,
        undefined,
      ],
    },
  ],
  [
    'exec of a command that is not there, in one call and as a stream',
    async (client) => {
      const containerId = await startIn(client, await podOn(client), ['/bin/sleep', '100'])
      const {exit, stderr} = await execOf(client, containerId, ['nope'])
      return [
        await wordsOf(client.runtime.execSync({containerId, cmd: ['nope']})),
        exit,
        stderr.replace(/time="[^"]*"/, 'time=NOW'),
      ]
    },
    {
      'containerd-2.3': [
        'exec: "nope": executable file not found in $PATH',
        'Internal error occurred: exec: "nope": executable file not found in $PATH',
        '',
      ],
      ...crio([
        String.raw`command error: time=NOW level=error msg="exec failed: unable to start container process: exec: \"nope\": executable file not found in $PATH", exit code -1`,
        255,
        `${String.raw`time=NOW level=error msg="exec failed: unable to start container process: exec: \"nope\": executable file not found in $PATH"`}\n`,
      ]),
    },
  ],
  [
    'exec in a container that was only created, that has exited, that is not there',
    async (client) => {
      const pod = await podOn(client)
      const created = await containerIn(client, pod, ['/bin/true'])
      const exited = await startIn(client, pod, ['/bin/true'], {metadata: {name: 'exited'}})
      await ended(client, exited)
      const execSync = (containerId: string) =>
        codeOf(client.runtime.execSync({containerId, cmd: ['/bin/echo', 'x']}))
      const answers = [await execSync(created), await execSync(exited), await execSync('f'.repeat(64))]
      await client.runtime.removeContainer({containerId: created})
      return answers
    },
    {
      'containerd-2.3': ['unknown', 'unknown', 'notFound'],
      ...crio(['ok', 'notFound', 'notFound']),
    },
  ],
  [
    'ExecSync over its time',
    async (client) => {
      const containerId = await startIn(client, await podOn(client), ['/bin/sleep', '100'])
      const cmd = ['/bin/sleep', '100']
      return client.runtime.execSync({containerId, cmd, timeout: '1'}).then(
        ({stderr, exitCode}) => [Buffer.from(stderr).toString(), exitCode],
        ({code}) => code,
      )
    },
    {'containerd-2.3': 4, ...crio(['command timed out', -1])},
  ],
  [
    'what a terminal session begins with',
    async (client) => {
      const containerId = await startIn(client, await podOn(client), ['/bin/sleep', '100'])
      const {stdout} = await execOf(client, containerId, ['/bin/echo', 'x'], true)
      return stdout
    },
    {'containerd-2.3': 'x\r\n', ...crio('\0\0x\r\n')},
  ],
  [
    'a container without image.user_specified_image',
    async (client) =>
      codeOf(containerIn(client, await podOn(client), ['/bin/true'], {image: {image: shellImage}})),
    {'containerd-2.3': 'ok', ...crio('unknown')},
  ],
  [
    'a group without a user, in a container and a pod; and with one',
    async (client) => {
      const runAsGroup = {value: '1'}
      const pod = await podOn(client)
      const container = (name: string, securityContext: object) =>
        codeOf(containerIn(client, pod, ['/bin/true'], {metadata: {name}, linux: {securityContext}}))
      return [
        await container('a', {runAsGroup}),
        await codeOf(podOn(client, {linux: {securityContext: {runAsGroup}}})),
        await container('b', {runAsGroup, runAsUser: {value: '1'}}),
        await container('c', {runAsGroup, runAsUsername: 'nobody'}),
      ]
    },
    {'containerd-2.3': ['unknown', 'unknown', 'ok', 'ok']},
  ],
  [
    'the cgroup driver, and a pod whose cgroup parent is no slice',
    async (client) => {
      const driver = await client.runtime.runtimeConfig().then(
        ({linux}) => linux?.cgroupDriver,
        ({code}) => code,
      )
      return [driver, await codeOf(podOn(client, {linux: {cgroupParent: '/a/b'}}))]
    },
    {
      'containerd-1.6': [12, 'ok'],
      'containerd-2.3': ['CGROUPFS', 'ok'],
      'crio-1.30': ['SYSTEMD', 'unknown'],
      'crio-1.36': ['CGROUPFS', 'ok'],
    },
  ],
  [
    'stop and removal of what is not there',
    async (client) => {
      const [podSandboxId, containerId] = ['e'.repeat(64), 'f'.repeat(64)]
      return Promise.all(
        [
          client.runtime.stopPodSandbox({podSandboxId}),
          client.runtime.removePodSandbox({podSandboxId}),
          client.runtime.stopContainer({containerId}),
          client.runtime.removeContainer({containerId}),
        ].map(codeOf),
      )
    },
    {'containerd-2.3': ['ok', 'ok', 'ok', 'ok']},
  ],
  [
    'stats and a new log of a container that is not there',
    async (client) => {
      const containerId = 'f'.repeat(64)
      return Promise.all(
        [client.runtime.containerStats({containerId}), client.runtime.reopenContainerLog({containerId})].map(
          codeOf,
        ),
      )
    },
    {'containerd-2.3': ['notFound', 'notFound'], ...crio(['unknown', 'unknown'])},
  ],
  [
    'figures of processor and memory of a pod',
    async (client) => {
      await startIn(client, await podOn(client), ['/bin/sleep', '100'])
      const {stats} = await client.runtime.listPodSandboxStats()
      return [Boolean(stats[0]?.linux?.cpu), Boolean(stats[0]?.linux?.memory)]
    },
    {'containerd-2.3': [true, true], 'crio-1.36': [false, false]},
  ],
  [
    'events',
    async (client) => {
      await podOn(client)
      const abort = new AbortController()
      try {
        for await (const event of client.runtime.getContainerEvents({}, {signal: abort.signal}))
          return event.containerEventType
        return 'none'
      } catch (error) {
        return (error as {code: number}).code
      } finally {
        abort.abort()
      }
    },
    {'containerd-1.6': 12, 'containerd-2.3': 'CONTAINER_CREATED_EVENT', ...crio('none')},
  ],
  [
    'what a pull answers with',
    async (client) => {
      const {imageRef} = await client.image.pullImage({image: {image: shellImage}})
      return imageRef.replace(/[0-9a-f]{64}/, 'DIGEST')
    },
    {
      'containerd-2.3': 'sha256:DIGEST',
      'crio-1.30': 'registry.crisp.demo/shell@sha256:DIGEST',
      'crio-1.36': 'DIGEST',
    },
  ],
  [
    'IDs of images, and names that no image has',
    async (client) => {
      const {images} = await client.image.listImages()
      const id = images[0]?.id ?? ''
      const hex = id.replace('sha256:', '')
      const known = async (image: string) => {
        const status = await client.image.imageStatus({image: {image}}).catch(({code}) => code)
        return typeof status === 'number' ? status : status.image?.id === id
      }
      return [
        id.startsWith('sha256:'),
        await Promise.all(
          [hex, `sha256:${hex}`, hex.slice(0, 12), 'nothing', 'test.local/nothing:1'].map(known),
        ),
      ]
    },
    {
      'containerd-2.3': [true, [true, true, true, false, false]],
      ...crio([false, [true, 2, true, 2, false]]),
    },
  ],
  [
    'a created container, when it or its pod is stopped',
    async (client) => {
      const pod = await podOn(client)
      const names = ['alone', 'with its pod']
      const ids = await Promise.all(
        names.map((name) => containerIn(client, pod, ['/bin/true'], {metadata: {name, attempt: 0}})),
      )
      await client.runtime.stopContainer({containerId: ids[0] ?? '', timeout: '10'})
      await client.runtime.stopPodSandbox({podSandboxId: pod})
      const statuses = await Promise.all(
        ids.map((containerId) => client.runtime.containerStatus({containerId})),
      )
      return statuses.map(({status}) => [status?.state, status?.exitCode, status?.startedAt])
    },
    {
      'containerd-2.3': Array(2).fill(['CONTAINER_CREATED', 0, '0']),
      ...crio(Array(2).fill(['CONTAINER_EXITED', 143, '-6795364578871345152'])),
    },
  ],
  [
    'a container that ignores SIGTERM, when its pod is stopped by a call that waits almost two seconds',
    async (client, directory) => {
      const pod = await podOn(client)
      const up = join(directory, 'up')
      const script = `trap 'echo asked; asked=1' TERM; : > '${up}'; while :; do sleep 0.1; done`
      const containerId = await startIn(client, pod, ['/bin/sh', '-c', script])
      await eventually(() => expect(existsSync(up)).toBe(true))
      const stop = () => codeOf(client.runtime.stopPodSandbox({podSandboxId: pod}, {timeoutMs: 1_900}))
      while ((await stop()) === 'deadlineExceeded');
      const {exitCode, startedAt, finishedAt} = await ended(client, containerId)
      return [exitCode, BigInt(finishedAt) - BigInt(startedAt) > 900_000_000n]
    },
    {'containerd-2.3': [137, false], ...crio([137, true])},
  ],
  [
    'PortForward to a pod that was stopped',
    async (client) => {
      const podSandboxId = await podOn(client)
      await client.runtime.stopPodSandbox({podSandboxId})
      const openUrl = async () => (await client.runtime.portForward({podSandboxId, port: [80]})).url
      const local = new PassThrough()
      const failure = await forwardConnection({openUrl, local, remotePort: 80}).catch((error) => error)
      return [failure.name, failure.message.replace(/[0-9a-f]{64}/, 'ID')]
    },
    {
      'containerd-2.3': ['RpcError', 'PortForward: Unknown: pod sandbox "ID" is not running'],
      ...crio(['StreamError', 'sandbox ID is not running']),
    },
  ],
  [
    'the file systems of images',
    async (client) => {
      const {imageFilesystems, containerFilesystems} = await client.image.imageFsInfo()
      return [imageFilesystems.length, containerFilesystems.length]
    },
    {'containerd-2.3': [1, 0], ...crio([1, 1])},
  ],
  [
    'fields that a release has, and labels of a pod',
    async (client) => {
      const podSandboxId = await podOn(client, {labels: {app: 'web'}})
      const containerId = await containerIn(client, podSandboxId, ['/bin/true'])
      const {status} = await client.runtime.containerStatus({containerId})
      const pod = await client.runtime.podSandboxStatus({podSandboxId})
      return {
        user: Boolean(status?.user),
        stopSignal: status?.stopSignal,
        imageId: status?.imageId !== '',
        labels: pod.status?.labels,
      }
    },
    {
      'containerd-1.6': {
        user: false,
        stopSignal: 'SIGNAL_RUNTIME_DEFAULT',
        imageId: false,
        labels: {app: 'web'},
      },
      'containerd-2.3': {user: true, stopSignal: 'SIGNAL_SIGTERM', imageId: true, labels: {app: 'web'}},
      'crio-1.30': {
        user: false,
        stopSignal: 'SIGNAL_RUNTIME_DEFAULT',
        imageId: true,
        labels: {app: 'web', 'io.kubernetes.container.name': 'POD'},
      },
      'crio-1.36': {
        user: true,
        stopSignal: 'SIGNAL_RUNTIME_DEFAULT',
        imageId: true,
        labels: {app: 'web', 'io.kubernetes.container.name': 'POD'},
      },
    },
  ],
  [
    'the pieces of a long line in the log, and the form of its times',
    async (client, directory) => {
      const log = await logOf(
        client,
        directory,
        'head -c 20000 /dev/zero | tr "\\0" x; echo; printf "end\\r\\n"',
      )
      const lines = log.split('\n').slice(0, -1)
      const longest = Math.max(...lines.map((line) => line.split(' ').at(-1)?.length ?? 0))
      const time = lines[0]?.split(' ')[0] ?? ''
      return [longest, /\.\d{9}[+-]\d\d:\d\d$/.test(time), lines.at(-1)?.endsWith('\r')]
    },
    {'containerd-2.3': [16_384, false, false], ...crio([8_192, true, true])},
  ],
  [
    'protocols of exec over WebSocket',
    async (client) => {
      const containerId = await startIn(client, await podOn(client), ['/bin/sleep', '100'])
      const {WebSocket} = await import('ws')
      return Promise.all(
        ['v5.channel.k8s.io', 'v4.channel.k8s.io'].map(async (protocol) => {
          const {url} = await client.runtime.exec({containerId, cmd: ['/bin/true'], stdout: true})
          const socket = new WebSocket(url.replace(/^http/, 'ws'), protocol)
          return new Promise((resolve) => {
            socket.on('open', () => resolve('taken')).on('error', ({message}) => resolve(message))
          })
        }),
      )
    },
    {
      'containerd-1.6': ['Unexpected server response: 403', 'taken'],
      'containerd-2.3': ['taken', 'Unexpected server response: 403'],
      'crio-1.30': ['Unexpected server response: 403', 'taken'],
      'crio-1.36': ['taken', 'taken'],
    },
  ],
]

function crio(answer: unknown): Pick<Record<Release, unknown>, 'crio-1.30' | 'crio-1.36'> {
  return {'crio-1.30': answer, 'crio-1.36': answer}
}

describe.each<Release>(['containerd-1.6', 'containerd-2.3', 'crio-1.30', 'crio-1.36'])('%s', (like) => {
  test.each(rows)('%s', async (_question, ask, answers) => {
    await using runtime = await startDemoRuntime({like, seed: {images: [shellImage]}})
    using client = clientOf(runtime)

    expect(await ask(client, runtime.directory)).toEqual(
      like in answers ? answers[like] : answers['containerd-2.3'],
    )
  })
})

test.each(releaseNames)('the node to look at is whole as %s', async (like) => {
  await using runtime = await startDemoRuntime({like, seed: 'node'})
  using client = clientOf(runtime)
  await vi.waitFor(async () => {
    const {containers} = await client.runtime.listContainers()
    expect(containers.filter(({state}) => state === 'CONTAINER_RUNNING').length).toBeGreaterThan(5)
    const statuses = await Promise.all(
      containers.map(({id: containerId}) => client.runtime.containerStatus({containerId})),
    )
    expect(
      statuses.filter(({status}) => status?.state === 'CONTAINER_RUNNING' && !existsSync(status.logPath)),
    ).toEqual([])
  })
})
