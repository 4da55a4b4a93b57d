import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {rpcCode} from '../../src/errors/errors.js'
import type * as cri from '../../src/generated/cri.js'
import {progressText} from '../../src/terminal/pull-progress.js'
import {type FakeRuntime, never, startFakeRuntime, status} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {outcomeOf, startCli} from '../support/run-cli.js'
import {startOnTerminal} from '../support/terminal-text.js'

const fetched = {PullImage: ({image}: cri.PullImageRequest) => ({imageRef: `sha256:${image?.image}`})}

function authOf(runtime: FakeRuntime): unknown {
  const auth = runtime.calls.find(({method}) => method === 'PullImage')?.request.auth as cri.AuthConfig | null
  return auth && Object.fromEntries(Object.entries(auth).filter(([, value]) => value !== ''))
}

describe('what it prints', () => {
  test('what crictl prints, one line for each image in the order asked', async () => {
    let first = () => {}
    const other = new Promise<void>((resolve) => {
      first = resolve
    })
    await using runtime = await startFakeRuntime({
      PullImage: async ({image}: cri.PullImageRequest) => {
        if (image?.image === 'a:1') await other
        else first()
        return {imageRef: `sha256:${image?.image}`}
      },
    })
    expect(await runInProcess(['pull', 'a:1', 'b:2'], runtime)).toEqual({
      stdout: 'Image is up to date for sha256:a:1\nImage is up to date for sha256:b:2\n',
      stderr: '',
      exitCode: 0,
    })
  })

  test('-q: the reference alone; every image is tried, the worst code wins', async () => {
    await using runtime = await startFakeRuntime({
      PullImage: ({image}: cri.PullImageRequest) => {
        if (image?.image === 'b:2') throw status(rpcCode.notFound, 'b:2: not found')
        return {imageRef: `sha256:${image?.image}`}
      },
    })
    expect(await runInProcess(['pull', '-q', 'a:1', 'b:2', 'c:3'], runtime)).toEqual({
      stdout: 'sha256:a:1\nsha256:c:3\n',
      stderr:
        'crisp: pulling image "b:2": docker.io has no such image: check its name, tag and platform (b:2: not found)\n',
      exitCode: 3,
    })
  })

  test.each([
    [['busybox:1'], 0, 0, 'si', 'pulling busybox:1: 0s'],
    [['busybox:1'], 12, 34_200_000, 'si', 'pulling busybox:1: 12s, image filesystem +34MB (estimate)'],
    [['busybox:1'], 12, 34_200_000, 'iec', 'pulling busybox:1: 12s, image filesystem +33MiB (estimate)'],
    [['a', 'b'], 3, -5, 'si', 'pulling 2 images: 3s'],
  ] as const)('the line on a terminal: %j after %d s', (left, seconds, grown, units, text) => {
    expect(progressText(left, seconds, grown, units)).toBe(text)
  })
})

describe('credentials', () => {
  const ways: [string, string[], NodeJS.ProcessEnv, string, unknown][] = [
    ['--creds', ['--creds', 'ann:p:w'], {}, '', {username: 'ann', password: 'p:w'}],
    ['--creds without a password', ['--creds', 'ann'], {}, '', {username: 'ann'}],
    ['CRICTL_CREDS', [], {CRICTL_CREDS: 'bob:env'}, '', {username: 'bob', password: 'env'}],
    [
      '--creds before CRICTL_CREDS',
      ['--creds', 'ann:f'],
      {CRICTL_CREDS: 'bob:env'},
      '',
      {username: 'ann', password: 'f'},
    ],
    ['--auth', ['--auth', 'YW5uOnB3'], {}, '', {auth: 'YW5uOnB3'}],
    ['CRICTL_AUTH', [], {CRICTL_AUTH: 'YW5uOnB3'}, '', {auth: 'YW5uOnB3'}],
    [
      '--creds-stdin',
      ['--creds-stdin'],
      {},
      'ann:from:stdin\nmore',
      {username: 'ann', password: 'from:stdin'},
    ],
    ['--password-stdin', ['-u', 'ann', '--password-stdin'], {}, 's3\n', {username: 'ann', password: 's3'}],
    ['--password', ['--username', 'ann', '--password', 's4'], {}, '', {username: 'ann', password: 's4'}],
    [
      '--username before --creds',
      ['-u', 'ann', '--password', 's5', '--creds', 'x:y'],
      {},
      '',
      {username: 'ann', password: 's5'},
    ],
    ['none', [], {}, '', null],
  ]
  test.each(ways)('%s', async (_, flags, env, stdin, auth) => {
    await using runtime = await startFakeRuntime(fetched)
    expect(
      await runInProcess(['pull', 'a:1', ...flags], {...runtime, env: {HOME: '/nonexistent', ...env}, stdin}),
    ).toMatchObject({
      stderr: '',
      exitCode: 0,
    })
    expect(authOf(runtime)).toEqual(auth)
  })

  test("docker's login, by the image's registry; --authfile instead of it", async () => {
    const home = await mkdtemp(join(tmpdir(), 'crisp-home-'))
    try {
      const auths = {'quay.io': {auth: Buffer.from('q:1').toString('base64')}}
      await writeFile(join(home, 'config.json'), JSON.stringify({auths}))
      await using runtime = await startFakeRuntime(fetched)
      const env = {HOME: '/nonexistent', DOCKER_CONFIG: home}
      await runInProcess(['pull', 'quay.io/app', 'other.example/app', '--parallel=1'], {...runtime, env})
      expect(runtime.calls.map(({request}) => (request.auth as cri.AuthConfig | null)?.username)).toEqual([
        'q',
        undefined,
      ])
      expect(
        await runInProcess(['pull', 'quay.io/app', '--authfile', join(home, 'none')], {...runtime, env}),
      ).toEqual({
        stdout: '',
        stderr: `crisp: auth file ${join(home, 'none')}: does not exist\n`,
        exitCode: 1,
      })
    } finally {
      await rm(home, {recursive: true})
    }
  })

  test.each([
    [['--creds', 'a:b', '--auth', 'c'], '--creds and --auth: give credentials in one way'],
    [['--creds', ':hunter2'], '--creds has no user: write USER:PASSWORD'],
    [['-u', 'ann'], '--username asks for the password on a terminal: pipe it in with --password-stdin'],
    [['--password-stdin'], '--password and --password-stdin are of the account that --username names'],
    [['--creds-stdin', '--pod-config', '-'], 'stdin holds either the pod or the credentials'],
    [['-pt', '-5s'], '--pull-timeout "-5s" should not be negative'],
    [['--pull-timeout', '5'], '--pull-timeout "5" is not a duration: write 5s'],
  ])('%j is a mistake', async (flags, message) => {
    expect(await runInProcess(['pull', 'a:1', ...flags])).toEqual({
      stdout: '',
      stderr: `crisp: ${message}\n`,
      exitCode: 2,
    })
  })

  const pair = Buffer.from('ann:hunter2').toString('base64')
  test.each([
    [['--creds', 'ann:hunter2'], {}, ''],
    [['--auth', pair], {}, ''],
    [['--creds-stdin'], {}, 'ann:hunter2'],
    [['-u', 'ann', '--password-stdin'], {}, 'hunter2'],
    [[], {CRICTL_CREDS: 'ann:hunter2'}, ''],
    [['-u', 'ann', '--password', 'hunter2'], {CRISP_STACK: '1'}, ''],
  ])(
    'no secret of %j in anything it prints, not with --debug, not when the runtime repeats it',
    async (flags, env, stdin) => {
      await using runtime = await startFakeRuntime({
        PullImage: () =>
          Promise.reject(status(rpcCode.unknown, `unauthorized: Basic ${pair} is ann:hunter2`)),
      })
      const {stdout, stderr, exitCode} = await runInProcess(['--debug', 'pull', 'a:1', ...flags], {
        ...runtime,
        env,
        stdin,
      })
      expect(exitCode).toBe(1)
      expect(stderr).toContain('-> PullImage')
      expect(stderr).toContain('(secret)')
      expect(stdout + stderr).not.toContain('hunter2')
      expect(stdout + stderr).not.toContain(pair)
    },
  )
})

describe('on a terminal', () => {
  const terminal = ({endpoint}: FakeRuntime, words: string) =>
    startOnTerminal(words.split(' '), {columns: 200, endpoint, env: {HOME: '/nonexistent', TERM: 'xterm'}})

  test.each(['--creds ann', '-u ann'])('%s asks for the password and does not show it', async (flags) => {
    await using runtime = await startFakeRuntime(fetched)
    const child = terminal(runtime, `pull ${flags} a:1`)
    const outcome = outcomeOf(child)
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('Password of ann: ')) child.stdin.write('huntee\x7fr2\r')
    })
    const {stdout, exitCode} = await outcome
    expect(stdout.replaceAll('\r\n', '\n')).toBe('Password of ann: \nImage is up to date for sha256:a:1\n')
    expect(exitCode).toBe(0)
    expect(authOf(runtime)).toEqual({username: 'ann', password: 'hunter2'})
  })

  test('Ctrl-C at the question ends with 130 and asks the runtime for nothing', async () => {
    await using runtime = await startFakeRuntime(fetched)
    const child = terminal(runtime, 'pull -u ann a:1')
    const outcome = outcomeOf(child)
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('Password of ann: ')) child.stdin.write('\x03')
    })
    expect((await outcome).exitCode).toBe(130)
    expect(runtime.calls).toEqual([])
  })

  test('a line says how long it takes and is wiped away; the growth is called an estimate', async () => {
    let measured = 0
    let done = () => {}
    const pulled = new Promise<void>((resolve) => {
      done = resolve
    })
    await using runtime = await startFakeRuntime({
      PullImage: async () => {
        await pulled
        return {imageRef: 'sha256:1'}
      },
      ImageFsInfo: () => ({
        imageFilesystems: [{usedBytes: {value: `${1_000_000 + 5_000_000 * measured++}`}}],
      }),
    })
    const child = terminal(runtime, 'pull a:1')
    const outcome = outcomeOf(child)
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('(estimate)')) done()
    })
    const {stdout} = await outcome
    expect(stdout).toMatch(/\r\u001b\[2Kpulling a:1: \ds, image filesystem \+\d+MB \(estimate\)/)
    expect(stdout).toMatch(/\r\u001b\[2KImage is up to date for sha256:1\r\n$/)
  })
})

test('Ctrl-C cancels the pull on the server and ends with 130', async () => {
  await using runtime = await startFakeRuntime({PullImage: never})
  const cli = startCli(['pull', 'a:1', 'b:1', 'c:1', '--parallel', '2'], runtime)
  const outcome = outcomeOf(cli)
  const first = await runtime.nextCall('PullImage')
  cli.kill('SIGINT')
  await first.cancelled
  expect(await outcome).toEqual({stdout: '', stderr: '', exitCode: 130})
  expect(runtime.calls.length).toBeLessThanOrEqual(2)
})

test('annotations and the pod go along', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-pod-'))
  try {
    await writeFile(join(directory, 'pod.yaml'), 'metadata: {name: p, namespace: ns, uid: u}\n')
    await using runtime = await startFakeRuntime(fetched)
    const flags = ['-a', 'k=v,x=1', '--annotation', 'y=2', '--pod-config', join(directory, 'pod.yaml')]
    expect(await runInProcess(['pull', 'a:1', ...flags], runtime)).toMatchObject({stderr: '', exitCode: 0})
    expect(runtime.calls[0]?.request).toMatchObject({
      image: {image: 'a:1', annotations: {k: 'v', x: '1', y: '2'}},
      sandboxConfig: {metadata: {name: 'p', namespace: 'ns', uid: 'u'}},
    })
  } finally {
    await rm(directory, {recursive: true})
  }
})
