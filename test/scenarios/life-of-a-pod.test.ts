import {once} from 'node:events'
import {readFile, rename} from 'node:fs/promises'
import {type AddressInfo, connect, createServer, type Server} from 'node:net'
import {PassThrough, Readable} from 'node:stream'
import {text} from 'node:stream/consumers'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {ContainerConfig, ContainerStatus, Input} from '../../src/generated/cri.js'
import {forwardConnection, runRemoteCommand} from '../../src/streaming/index.js'
import {codeOf} from '../support/demo-node.js'
import {type Kind, type Stage, stages} from './stages.js'

// The same calls on the embedded runtime and on a real containerd. Where the two answer differently, `by` has both
// answers and why.

type Answers<Answer> = Partial<Record<Kind, Answer>> & {'the embedded runtime': Answer}

describe.each(stages)('on $name', ({kind, missing, start}) => {
  if (missing) {
    test.skip('is not on this machine')
    return
  }

  let stage: Stage
  beforeAll(async () => {
    stage = await start()
  })
  afterAll(async () => {
    await stage?.[Symbol.asyncDispose]()
  })

  /** Each runtime's own answer, and why they are not the same; the embedded runtime's where it has none of its own. */
  const by = <Answer>(answers: Answers<Answer>, _because: string): Answer =>
    answers[kind] ?? answers['the embedded runtime']

  async function runPod(name: string): Promise<string> {
    const {podSandboxId} = await stage.client.runtime.runPodSandbox({config: stage.podConfig(name)})
    return podSandboxId
  }

  async function create(
    podSandboxId: string,
    pod: string,
    name: string,
    script: string,
    config: Input<ContainerConfig> = {},
  ): Promise<string> {
    const {containerId} = await stage.client.runtime.createContainer({
      podSandboxId,
      config: stage.containerConfig(name, script, config),
      sandboxConfig: stage.podConfig(pod),
    })
    return containerId
  }

  const startContainer = (containerId: string) => stage.client.runtime.startContainer({containerId})

  async function statusOf(containerId: string): Promise<ContainerStatus> {
    const {status} = await stage.client.runtime.containerStatus({containerId})
    return status as ContainerStatus
  }

  async function ended(containerId: string): Promise<ContainerStatus> {
    await expect.poll(async () => (await statusOf(containerId)).state).toBe('CONTAINER_EXITED')
    return statusOf(containerId)
  }

  /** Resolves when the container has printed this line, so that what stands before it is done. */
  async function says(containerId: string, line: string): Promise<void> {
    const {logPath} = await statusOf(containerId)
    await expect.poll(() => readFile(logPath, 'utf8')).toMatch(new RegExp(`^\\S+ stdout F ${line}$`, 'm'))
  }

  test('a pod and its container from the first call to the last', async () => {
    const {runtime} = stage.client
    const pod = await runPod('whole')
    expect((await runtime.podSandboxStatus({podSandboxId: pod})).status).toMatchObject({
      id: pod,
      metadata: {name: 'whole', namespace: 'scene', uid: 'uid-whole', attempt: 0},
      state: 'SANDBOX_READY',
    })
    const container = await create(
      pod,
      'whole',
      'main',
      "trap 'exit 5' TERM; echo up; while :; do sleep 0.1; done",
      {
        labels: {app: 'x'},
        annotations: {note: 'y'},
      },
    )
    expect(await statusOf(container)).toMatchObject({
      state: 'CONTAINER_CREATED',
      startedAt: '0',
      finishedAt: '0',
      exitCode: 0,
      labels: {app: 'x'},
      annotations: {note: 'y'},
    })
    await startContainer(container)
    const running = await statusOf(container)
    expect(running).toMatchObject({state: 'CONTAINER_RUNNING', finishedAt: '0', reason: ''})
    await says(container, 'up')

    await runtime.stopContainer({containerId: container, timeout: '20'})
    const exited = await statusOf(container)
    expect(exited).toMatchObject({state: 'CONTAINER_EXITED', exitCode: 5, reason: 'Error'})
    const times = [exited.createdAt, exited.startedAt, exited.finishedAt].map(BigInt)
    expect(times).toEqual(times.toSorted((a, b) => Number(a - b)))

    await runtime.removeContainer({containerId: container})
    expect(await codeOf(runtime.containerStatus({containerId: container}))).toBe('notFound')
    await runtime.stopPodSandbox({podSandboxId: pod})
    expect((await runtime.podSandboxStatus({podSandboxId: pod})).status?.state).toBe('SANDBOX_NOTREADY')
    await runtime.removePodSandbox({podSandboxId: pod})
    expect(await codeOf(runtime.podSandboxStatus({podSandboxId: pod}))).toBe('notFound')
  })

  test('how a container ends', async () => {
    const {runtime} = stage.client
    const pod = await runPod('endings')
    const ending = async (name: string, script: string) => {
      const container = await create(pod, 'endings', name, script)
      await startContainer(container)
      const {exitCode, reason} = await ended(container)
      return {exitCode, reason}
    }
    expect(await ending('good', 'exit 0')).toEqual({exitCode: 0, reason: 'Completed'})
    expect(await ending('bad', 'exit 42')).toEqual({exitCode: 42, reason: 'Error'})

    const deaf = await create(pod, 'endings', 'deaf', "trap '' TERM; echo up; while :; do sleep 0.1; done")
    await startContainer(deaf)
    await says(deaf, 'up')
    await runtime.stopContainer({containerId: deaf, timeout: '1'})
    expect(await statusOf(deaf)).toMatchObject({exitCode: 137, reason: 'Error'})

    const absent = create(pod, 'endings', 'absent', '', {command: ['/no/such/command']})
    const refusedBy = by(
      {'the embedded runtime': 'StartContainer', 'CRI-O': 'CreateContainer'},
      'CRI-O lets runc create the process, and with it look for the command, when the container is created',
    )
    if (refusedBy === 'CreateContainer') expect(await codeOf(absent)).toBe('unknown')
    else {
      expect(await codeOf(startContainer(await absent))).toBe('unknown')
      expect(await statusOf(await absent)).toMatchObject({
        state: 'CONTAINER_EXITED',
        exitCode: 128,
        reason: 'StartError',
      })
    }
    await runtime.stopPodSandbox({podSandboxId: pod})
    await runtime.removePodSandbox({podSandboxId: pod})
  })

  test('stopping a pod kills its containers; removing it removes them', async () => {
    const {runtime} = stage.client
    const pod = await runPod('falling')
    const container = await create(
      pod,
      'falling',
      'main',
      "trap '' TERM; echo up; while :; do sleep 0.1; done",
    )
    await startContainer(container)
    await says(container, 'up')
    // CRI-O gives its containers as many whole seconds as the call may take, and the moment after them may be too short.
    const stop = () => codeOf(runtime.stopPodSandbox({podSandboxId: pod}, {timeoutMs: 1_900}))
    while ((await stop()) === 'deadlineExceeded');
    expect(await statusOf(container)).toMatchObject({state: 'CONTAINER_EXITED', exitCode: 137})
    await runtime.removePodSandbox({podSandboxId: pod})
    expect(await codeOf(runtime.containerStatus({containerId: container}))).toBe('notFound')
  })

  test('the status of each failure', async () => {
    const {runtime, image} = stage.client
    const unknownId = 'f'.repeat(64)
    const pod = await runPod('codes')
    const created = await create(pod, 'codes', 'created', 'exit 0')
    const running = await create(pod, 'codes', 'running', 'while :; do sleep 0.1; done')
    const exited = await create(pod, 'codes', 'exited', 'exit 0')
    await startContainer(running)
    await startContainer(exited)
    await ended(exited)
    const config = stage.containerConfig('new', 'exit 0')
    const codes = {
      'status of no container': await codeOf(runtime.containerStatus({containerId: unknownId})),
      'status of no pod': await codeOf(runtime.podSandboxStatus({podSandboxId: unknownId})),
      'start no container': await codeOf(startContainer(unknownId)),
      'stop no container': await codeOf(runtime.stopContainer({containerId: unknownId})),
      'remove no container': await codeOf(runtime.removeContainer({containerId: unknownId})),
      'stop no pod': await codeOf(runtime.stopPodSandbox({podSandboxId: unknownId})),
      'remove no pod': await codeOf(runtime.removePodSandbox({podSandboxId: unknownId})),
      'stats of no container': await codeOf(runtime.containerStats({containerId: unknownId})),
      'update no container': await codeOf(
        runtime.updateContainerResources({containerId: unknownId, linux: {}}),
      ),
      'log of no container': await codeOf(runtime.reopenContainerLog({containerId: unknownId})),
      'exec in no container': await codeOf(runtime.execSync({containerId: unknownId, cmd: ['true']})),
      'create in no pod': await codeOf(
        runtime.createContainer({podSandboxId: unknownId, config, sandboxConfig: {}}),
      ),
      'create from no image': await codeOf(
        runtime.createContainer({
          podSandboxId: pod,
          config: {...config, image: {image: 'test.local/nothing:1'}},
          sandboxConfig: stage.podConfig('codes'),
        }),
      ),
      'start a running one': await codeOf(startContainer(running)),
      'start an exited one': await codeOf(startContainer(exited)),
      'exec in a created one': await codeOf(runtime.execSync({containerId: created, cmd: ['true']})),
      'exec in an exited one': await codeOf(runtime.execSync({containerId: exited, cmd: ['true']})),
      'log of an exited one': await codeOf(runtime.reopenContainerLog({containerId: exited})),
      'exec over its time': await codeOf(
        runtime.execSync({containerId: running, cmd: ['sleep', '60'], timeout: '1'}),
      ),
      'a handler that is not there': await codeOf(
        runtime.runPodSandbox({config: stage.podConfig('handler'), runtimeHandler: 'nothing'}),
      ),
      'exec without a stream': await codeOf(runtime.exec({containerId: running, cmd: ['true']})),
      'a terminal and stderr': await codeOf(
        runtime.exec({containerId: running, cmd: ['true'], tty: true, stdout: true, stderr: true}),
      ),
      'status of no image': await codeOf(image.imageStatus({image: {image: 'test.local/nothing:1'}})),
      'remove no image': await codeOf(image.removeImage({image: {image: 'test.local/nothing:1'}})),
      'a name that is in use': await codeOf(create(pod, 'codes', 'created', 'exit 0')),
      'the same pod': await codeOf(runPod('codes')),
    }
    expect(codes).toEqual({
      'status of no container': 'notFound',
      'status of no pod': 'notFound',
      'start no container': 'notFound',
      'remove no container': 'ok',
      'remove no pod': 'ok',
      ...by(
        {
          'the embedded runtime': {'stop no container': 'ok', 'stop no pod': 'ok'},
          containerd: {'stop no container': 'notFound', 'stop no pod': 'notFound'},
        },
        'the CRI wants OK, which containerd gives only from some later 1.6 on than Debian’s',
      ),
      'exec in no container': 'notFound',
      ...by(
        {
          'the embedded runtime': {
            'stats of no container': 'notFound',
            'update no container': 'notFound',
            'log of no container': 'notFound',
            'create in no pod': 'notFound',
            'create from no image': 'notFound',
            'exec in a created one': 'unknown',
            'exec in an exited one': 'unknown',
            'exec over its time': 'deadlineExceeded',
          },
          'CRI-O': {
            'stats of no container': 'unknown',
            'update no container': 'unknown',
            'log of no container': 'unknown',
            'create in no pod': 'unknown',
            'create from no image': 'unknown',
            'exec in a created one': 'ok',
            'exec in an exited one': 'notFound',
            'exec over its time': 'ok',
          },
        },
        'CRI-O gives few failures a code, has a process in a created container, and answers a time limit with exit code -1',
      ),
      'start a running one': 'unknown',
      'start an exited one': 'unknown',
      'log of an exited one': 'unknown',
      'a handler that is not there': 'unknown',
      'exec without a stream': 'invalidArgument',
      'a terminal and stderr': 'invalidArgument',
      'status of no image': 'ok',
      'remove no image': 'ok',
      ...by(
        {
          'the embedded runtime': {
            'a name that is in use': 'failedPrecondition',
            'the same pod': 'failedPrecondition',
          },
          containerd: {'a name that is in use': 'unknown', 'the same pod': 'unknown'},
          'a release before containerd 2.1': {'a name that is in use': 'unknown', 'the same pod': 'unknown'},
          'CRI-O': {'a name that is in use': 'ok', 'the same pod': 'ok'},
        },
        'containerd has a code of its own for it only since 2.1, which the embedded runtime follows; CRI-O answers with the ID of what is there',
      ),
    })
    await runtime.removePodSandbox({podSandboxId: pod})
  })

  test('what may be done in a pod that was stopped', async () => {
    const {runtime} = stage.client
    const pod = await runPod('stopped')
    const container = await create(pod, 'stopped', 'main', 'exit 0')
    await runtime.stopPodSandbox({podSandboxId: pod})
    expect(await statusOf(container)).toMatchObject(
      by<Partial<ContainerStatus>>(
        {
          'the embedded runtime': {state: 'CONTAINER_CREATED', startedAt: '0', finishedAt: '0', exitCode: 0},
          'CRI-O': {state: 'CONTAINER_EXITED', exitCode: 143, reason: 'Error'},
        },
        'on CRI-O a created container has a process, which is stopped with the others',
      ),
    )
    const codes = {
      create: await codeOf(create(pod, 'stopped', 'other', 'exit 0')),
      start: await codeOf(startContainer(container)),
      forward: await codeOf(runtime.portForward({podSandboxId: pod, port: [80]})),
      again: await codeOf(runtime.stopPodSandbox({podSandboxId: pod})),
    }
    expect(codes).toEqual({
      create: by(
        {'the embedded runtime': 'unknown', containerd: 'notFound'},
        "containerd looks for the pause container's task, and passes on that it has found none",
      ),
      start: 'unknown',
      forward: by({'the embedded runtime': 'unknown', 'CRI-O': 'ok'}, 'CRI-O says it on the stream'),
      again: 'ok',
    })
    if (codes.forward === 'ok')
      await expect(forward(pod, 80)).rejects.toMatchObject({
        kind: 'failed',
        message: expect.stringContaining(`sandbox ${pod} is not running`),
      })
    await runtime.removePodSandbox({podSandboxId: pod})
  })

  test('filters', async () => {
    const {runtime} = stage.client
    const {podSandboxId: red} = await runtime.runPodSandbox({
      config: stage.podConfig('red', {labels: {colour: 'red', app: 'x'}}),
    })
    const {podSandboxId: blue} = await runtime.runPodSandbox({
      config: stage.podConfig('blue', {labels: {colour: 'blue', app: 'x'}}),
    })
    const inRed = await create(red, 'red', 'main', 'while :; do sleep 0.1; done', {labels: {role: 'main'}})
    const inBlue = await create(blue, 'blue', 'main', 'exit 0', {labels: {role: 'main'}})
    await startContainer(inRed)
    await runtime.stopPodSandbox({podSandboxId: blue})
    const pods = async (filter: object) =>
      (await runtime.listPodSandbox({filter})).items.map(({id}) => id).toSorted()
    const containers = async (filter: object) =>
      (await runtime.listContainers({filter})).containers.map(({id}) => id).toSorted()
    expect({
      label: await pods({labelSelector: {colour: 'red'}}),
      labels: await pods({labelSelector: {colour: 'red', app: 'y'}}),
      both: await pods({labelSelector: {app: 'x'}}),
      notReady: await pods({state: {state: 'SANDBOX_NOTREADY'}, labelSelector: {app: 'x'}}),
      prefix: await pods({id: red.slice(0, 20)}),
      absent: await pods({id: 'f'.repeat(64)}),
    }).toEqual({
      label: [red],
      labels: [],
      both: [red, blue].toSorted(),
      notReady: [blue],
      prefix: [red],
      absent: [],
    })
    expect({
      running: await containers({state: {state: 'CONTAINER_RUNNING'}, labelSelector: {role: 'main'}}),
      created: await containers({state: {state: 'CONTAINER_CREATED'}, labelSelector: {role: 'main'}}),
      pod: await containers({podSandboxId: blue.slice(0, 20)}),
      prefix: await containers({id: inRed.slice(0, 20)}),
      together: await containers({id: inRed, podSandboxId: blue}),
      absent: await containers({podSandboxId: 'f'.repeat(64)}),
    }).toEqual({
      running: [inRed],
      created: by({'the embedded runtime': [inBlue], 'CRI-O': []}, 'on CRI-O it has ended with its pod'),
      pod: [inBlue],
      prefix: [inRed],
      together: [],
      absent: [],
    })
    for (const podSandboxId of [red, blue]) await runtime.removePodSandbox({podSandboxId})
  })

  test('what the log holds', async () => {
    const {runtime} = stage.client
    const pod = await runPod('logs')
    const script =
      'echo plain; echo; echo to stderr >&2; printf "%016385d\\n" 0; printf "a\\r\\n"; printf rest'
    const container = await create(pod, 'logs', 'main', script)
    await startContainer(container)
    const {logPath} = await ended(container)
    const lines = (await readFile(logPath, 'utf8')).trimEnd().split('\n')
    expect(
      lines.every((line) =>
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d) std(out|err) [PF] /.test(line),
      ),
    ).toBe(true)
    const of = (stream: string) =>
      lines
        .map((line) => / (std\S+) (.*)$/s.exec(line) ?? [])
        .filter(([, name]) => name === stream)
        .map(([, , rest]) => rest)
    const {shown, longest} = by(
      {
        'the embedded runtime': {
          shown: ['F plain', 'F ', `P ${'0'.repeat(16_384)}`, 'F 0', 'F a', 'P rest'],
          longest: 16_384,
        },
        // In pieces as they were written.
        'CRI-O': {shown: undefined, longest: 8_192},
      },
      'conmon writes what one read has brought, 8 KiB at most, and keeps a carriage return',
    )
    expect(Math.max(...of('stdout').map((line = '') => line.length - 2))).toBe(longest)
    if (shown) expect(of('stdout')).toEqual(shown)
    else expect(joined(of('stdout'))).toEqual(['plain', '', '0'.repeat(16_385), 'a\r', 'rest'])
    expect(of('stderr')).toEqual(['F to stderr'])

    const talker = await create(pod, 'logs', 'talker', 'while read line; do echo "$line"; done', {
      stdin: true,
    })
    await startContainer(talker)
    const talking = (await statusOf(talker)).logPath
    const {url} = await runtime.attach({containerId: talker, stdin: true, stdout: true})
    const input = new PassThrough()
    const output = new PassThrough()
    const attached = runRemoteCommand({url, stdin: input, stdout: output, tty: false})
    input.write('before\n')
    await expect.poll(() => readFile(talking, 'utf8')).toMatch(/stdout F before\n$/)
    await rename(talking, `${talking}.old`)
    await runtime.reopenContainerLog({containerId: talker})
    input.write('after\n')
    await expect.poll(() => readFile(talking, 'utf8')).toMatch(/^\S+ stdout F after\n$/)
    await runtime.stopContainer({containerId: talker, timeout: '0'})
    await attached
    output.end()
    expect(await text(output)).toBe('before\nafter\n')
    await runtime.removePodSandbox({podSandboxId: pod})
  })

  test('exec: output, exit codes, stdin, terminal', async () => {
    const {runtime} = stage.client
    const pod = await runPod('exec')
    const containerId = await create(pod, 'exec', 'main', 'while :; do sleep 0.1; done', {
      envs: [{key: 'COLOUR', value: Buffer.from('green')}],
    })
    await startContainer(containerId)
    const sync = await runtime.execSync({
      containerId,
      cmd: ['/bin/sh', '-c', 'echo "$COLOUR"; echo no >&2; exit 3'],
      timeout: '10',
    })
    expect({...sync, stdout: String(sync.stdout), stderr: String(sync.stderr)}).toEqual({
      stdout: 'green\n',
      stderr: 'no\n',
      exitCode: 3,
    })

    const exec = async (cmd: string[], stdin?: string, tty = false) => {
      const {url} = await runtime.exec({
        containerId,
        cmd,
        stdin: stdin !== undefined,
        stdout: true,
        stderr: !tty,
        tty,
      })
      const stdout = new PassThrough()
      const stderr = new PassThrough()
      const exit = await runRemoteCommand({
        url,
        ...(stdin === undefined ? {} : {stdin: Readable.from([stdin])}),
        stdout,
        ...(tty ? {} : {stderr}),
        tty,
      })
      stdout.end()
      stderr.end()
      return {...exit, stdout: await text(stdout), stderr: await text(stderr)}
    }
    expect(await exec(['/bin/sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({
      kind: 'exited',
      exitCode: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    expect(await exec(['cat'], 'to the end')).toMatchObject({exitCode: 0, stdout: 'to the end'})
    expect(await exec(['/bin/sh', '-c', 'test -t 0 && echo terminal'], undefined, true)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('terminal\r\n'),
    })
    expect(await exec(['/bin/sh', '-c', 'kill -9 $$'])).toMatchObject({exitCode: 137})
    await runtime.removePodSandbox({podSandboxId: pod})
  })

  /** What a client of a port of the pod reads to its end. Rejects where the forwarding does. */
  async function forward(podSandboxId: string, remotePort: number): Promise<string> {
    const local = await listening(createServer())
    const accepted = once(local, 'connection')
    const caller = connect(portOf(local), '127.0.0.1')
    const [connection] = await accepted
    const {portForward} = stage.client.runtime
    const [carried, answer] = await Promise.allSettled([
      forwardConnection({
        openUrl: async () => (await portForward({podSandboxId, port: [remotePort]})).url,
        local: connection,
        remotePort,
      }),
      text(caller),
    ])
    local.close()
    for (const {status, reason} of [carried, answer] as PromiseRejectedResult[])
      if (status === 'rejected') throw reason
    return (answer as PromiseFulfilledResult<string>).value
  }

  test('a port of the pod', async () => {
    const podSandboxId = await runPod('ports')
    const server = await listening(createServer((socket) => socket.end('from the port')))
    expect(await forward(podSandboxId, portOf(server))).toBe('from the port')
    await expect(forward(podSandboxId, 1)).rejects.toMatchObject({kind: 'failed'})
    server.close()
    await stage.client.runtime.removePodSandbox({podSandboxId})
  })

  test('stats and images', async () => {
    const {runtime, image: images} = stage.client
    const pod = await runPod('stats')
    const containerId = await create(pod, 'stats', 'main', 'while :; do :; done')
    await startContainer(containerId)
    await expect
      .poll(async () =>
        Number((await runtime.containerStats({containerId})).stats?.cpu?.usageCoreNanoSeconds?.value),
      )
      .toBeGreaterThan(20_000_000)
    const {stats} = await runtime.listContainerStats({filter: {podSandboxId: pod}})
    expect(stats).toHaveLength(1)
    expect(Number(stats[0]?.memory?.workingSetBytes?.value)).toBeGreaterThan(1000)

    const {image} = await images.imageStatus({image: {image: stage.image}, verbose: true})
    expect(image?.repoTags).toContain(stage.image)
    expect(image?.id).toMatch(
      by(
        {'the embedded runtime': /^sha256:[0-9a-f]{64}$/, 'CRI-O': /^[0-9a-f]{64}$/},
        'CRI-O names no algorithm',
      ),
    )
    const {images: listed} = await images.listImages()
    expect(listed.map(({id}) => id)).toContain(image?.id)
    const {status} = await runtime.containerStatus({containerId, verbose: true})
    expect(status?.image?.image).toBe(stage.image)
    await runtime.removePodSandbox({podSandboxId: pod})
  })

  test('verbose info has the keys that tools read', async () => {
    const {runtime} = stage.client
    const pod = await runPod('info')
    const containerId = await create(pod, 'info', 'main', 'while :; do sleep 0.1; done')
    await startContainer(containerId)
    const {info} = await runtime.containerStatus({containerId, verbose: true})
    const {sandboxID, pid, config, runtimeSpec} = JSON.parse(info.info ?? '')
    const kept = by<object | undefined>(
      {'the embedded runtime': {name: 'main'}, 'CRI-O': {}},
      'CRI-O has annotations in place of the configuration',
    )
    expect({sandboxID, config: config?.metadata ?? {}, args: runtimeSpec.process.args[0]}).toEqual({
      sandboxID: pod,
      config: kept,
      args: '/bin/sh',
    })
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).toMatch(/^\/bin\/sh\0-c\0/)
    expect(await codeOf(runtime.containerStatus({containerId}))).toBe('ok')
    await runtime.removePodSandbox({podSandboxId: pod})
  })
})

async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

/** The contents of a log's lines, of which pieces are put together. */
function joined(lines: readonly (string | undefined)[]): string[] {
  const whole: string[] = []
  let open = false
  for (const line of lines) {
    const content = line?.slice(2) ?? ''
    if (open) whole.push(`${whole.pop()}${content}`)
    else whole.push(content)
    open = line?.startsWith('P ') ?? false
  }
  return whole
}
