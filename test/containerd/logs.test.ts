import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {renameSync} from 'node:fs'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd, type TestPod} from '../support/containerd/containerd.js'
import {runInProcess} from '../support/in-process.js'
import {outcomeOf, startCli} from '../support/run-cli.js'

const labels = (pod: string, container: string) => ({
  'io.kubernetes.pod.name': pod,
  'io.kubernetes.pod.namespace': 'default',
  'io.kubernetes.pod.uid': `uid-${pod}`,
  'io.kubernetes.container.name': container,
})

describeOnContainerd('logs of a real containerd', () => {
  let containerd: Containerd
  let pod: TestPod

  beforeAll(async () => {
    containerd = await startContainerd()
    pod = await containerd.runPod('logs')
  })
  afterAll(() => containerd[Symbol.asyncDispose]())

  const crisp = (...argv: string[]) => runInProcess(['logs', ...argv], {endpoint: containerd.endpoint})
  const statusOf = async (containerId: string) =>
    (await containerd.client.runtime.containerStatus({containerId})).status
  const ended = async (id: string) => {
    while ((await statusOf(id))?.state !== 'CONTAINER_EXITED')
      await new Promise((resolve) => setTimeout(resolve, 50))
    return id
  }
  const run = async (name: string, script: string) => ended(await pod.runContainer(name, script))

  test('lines of 40 KiB, which containerd splits', async () => {
    await run('long', "for i in 1 2 3; do head -c 40960 /dev/zero | tr '\\0' $i; echo; done; echo short")
    const line = (digit: string) => `${digit.repeat(40_960)}\n`
    const all = [line('1'), line('2'), line('3'), 'short\n']
    expect((await crisp('long')).stdout).toBe(all.join(''))
    expect((await crisp('long', '--tail', '2')).stdout).toBe(all.slice(2).join(''))
    expect((await crisp('long', '--grep', '2')).stdout).toBe(all[1])
    const {stdout} = await crisp('long', '-t')
    expect(
      stdout.split('\n').map((text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\S+ ./.test(text)),
    ).toEqual([true, true, true, true, false])
  })

  test('binary output comes byte for byte', async () => {
    await run('binary', "head -c 300000 /dev/urandom | tr -d '\\r' | tee /tmp/b; sha256sum </tmp/b >&2")
    const cli = startCli(['logs', 'binary'], {endpoint: containerd.endpoint})
    const hash = createHash('sha256')
    cli.stdout.on('data', (chunk: Buffer) => hash.update(chunk))
    const {stderr} = await outcomeOf(cli)
    expect(stderr).toBe(`${hash.digest('hex')}  -\n`)
  })

  test('containerd itself drops a CR before a newline; a last line has no newline if it had none', async () => {
    await run('ends', "printf 'dos\\r\\nunix\\ncr\\rinside\\nno end'")
    expect(await crisp('ends')).toEqual({
      stdout: `dos${containerd.isCrio ? '\r' : ''}\nunix\ncr\rinside\nno end`,
      stderr: '',
      exitCode: 0,
    })
    expect((await crisp('ends', '--tail', '1')).stdout).toBe('no end')
    expect(JSON.parse((await crisp('ends', '-o', 'json', '--tail', '1')).stdout)).toMatchObject({
      pod: 'logs',
      container: 'ends',
      message: 'no end',
      partial: true,
    })
  })

  test('followed through two rotations, as the kubelet makes them', async () => {
    const writing =
      'i=0; until [ -e /enough ]; do echo $i; i=$((i+1)); usleep 100; done; echo end; sleep 1000'
    const id = await pod.runContainer('busy', writing)
    const path = (await statusOf(id))?.logPath ?? ''
    const cli = startCli(['logs', '-f', 'busy'], {endpoint: containerd.endpoint})
    const outcome = outcomeOf(cli)
    const until = async (found: () => boolean) => {
      while (!found()) await once(cli.stdout, 'data')
    }
    let shown = ''
    cli.stdout.on('data', (chunk: Buffer) => {
      shown += chunk
    })
    await until(() => shown !== '')
    for (const stamp of ['20260102-000010', '20260102-000020']) {
      renameSync(path, `${path}.${stamp}`)
      await containerd.client.runtime.reopenContainerLog({containerId: id})
      const before = shown.length
      await until(() => shown.length > before)
    }
    await containerd.client.runtime.execSync({containerId: id, cmd: ['touch', '/enough']})
    await until(() => shown.endsWith('\nend\n'))
    cli.kill('SIGINT')
    const {stdout} = await outcome
    const lines = stdout.split('\n').slice(0, -2)
    expect(stdout).toBe(`${lines.map((_, index) => index).join('\n')}\nend\n`)
    expect((await crisp('busy')).stdout).toBe(stdout)
    await containerd.client.runtime.stopContainer({containerId: id, timeout: '0'})
  })

  test('a container that restarts five times while it is followed', async () => {
    const crashing = await containerd.runPod('crash')
    const start = (attempt: number) =>
      crashing.runContainer('app', `echo run ${attempt}; echo oops >&2; printf end; exit ${attempt + 1}`, {
        attempt,
        config: {
          labels: labels('crash', 'app'),
          annotations: {'io.kubernetes.container.restartCount': `${attempt}`},
        },
      })
    const first = await ended(await start(0))
    const cli = startCli(['logs', '-f', 'crash/app'], {endpoint: containerd.endpoint})
    let stderr = ''
    const seen = (text: string) =>
      new Promise<void>((resolve) => {
        const look = (chunk: Buffer | string) => {
          stderr += chunk
          if (!stderr.includes(text)) return
          cli.stderr.off('data', look)
          resolve()
        }
        cli.stderr.on('data', look)
        look('')
      })
    const outcome = outcomeOf(cli)
    let last = first
    for (let attempt = 1; attempt <= 5; attempt++) {
      await seen(`attempt ${attempt - 1} exited with ${attempt} (Error); waiting`)
      last = await ended(await start(attempt))
    }
    await seen('attempt 5 exited with 6 (Error); waiting')
    await containerd.client.runtime.stopPodSandbox({podSandboxId: crashing.id})
    const result = await outcome
    expect(last).not.toBe(first)
    expect(result.exitCode).toBe(0)
    expect(result.stdout).toBe([0, 1, 2, 3, 4, 5].map((attempt) => `run ${attempt}\nend`).join('\n'))
    expect(result.stderr.split('\n').filter((line) => line.includes('follows'))).toEqual(
      [0, 1, 2, 3, 4].map(
        (attempt) =>
          `crisp: default/crash/app: attempt ${attempt} exited with ${attempt + 1} (Error); attempt ${attempt + 1} follows`,
      ),
    )
  })
})
