import {afterAll, beforeAll, expect, test} from 'vitest'
import {describeOnOwnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {type Registry, startRegistry} from '../support/containerd/registry.js'
import {runInProcess} from '../support/in-process.js'
import {runCli} from '../support/run-cli.js'

describeOnOwnContainerd('pull from a registry', () => {
  const password = 'S3cret-Passw0rd'
  let containerd: Containerd
  let open: Registry
  let closed: Registry
  let image = ''
  let guarded = ''

  beforeAll(async () => {
    ;[containerd, open, closed] = await Promise.all([
      startContainerd(),
      startRegistry(),
      startRegistry({user: 'ann', password}),
    ])
    image = await open.push(containerd.archive, 'test/busybox:1.35')
    await open.push(containerd.archive, 'test/busybox:other')
    guarded = await closed.push(containerd.archive, 'test/busybox:1.35')
  })
  afterAll(async () => {
    await closed?.[Symbol.asyncDispose]()
    await open?.[Symbol.asyncDispose]()
    await containerd?.[Symbol.asyncDispose]()
  })

  /** With `--debug`, whose lines go nowhere but into the search for the secret. */
  async function pull(words: string[], stdin = '') {
    const {stdout, stderr, exitCode} = await runCli(['--debug', 'pull', ...words], {
      endpoint: containerd.endpoint,
      env: {HOME: containerd.directory},
      stdin,
    })
    for (const secret of [password, Buffer.from(`ann:${password}`).toString('base64')])
      expect(stdout + stderr).not.toContain(secret)
    const said = stderr
      .split('\n')
      .filter((line) => !/^crisp: (->|<-)|^UserError|^NotFoundError|^ {4}at/.test(line))
    return {stdout, stderr: said.join('\n'), exitCode}
  }

  test('a public image is pulled, and pulled again', async () => {
    for (const _ of [1, 2])
      expect(await pull([image])).toEqual({
        stdout: expect.stringMatching(/^Image is up to date for sha256:[0-9a-f]{64}\n$/),
        stderr: '',
        exitCode: 0,
      })
  })

  test.each([
    [['--creds', `ann:${password}`], ''],
    [['--creds-stdin'], `ann:${password}\n`],
    [['-u', 'ann', '--password-stdin'], password],
    [['--auth', Buffer.from(`ann:${password}`).toString('base64')], ''],
  ])('basic auth, right: %j', async (flags, stdin) => {
    expect(await pull([...flags, '-q', guarded], stdin)).toEqual({
      stdout: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/),
      stderr: '',
      exitCode: 0,
    })
  })

  test('basic auth, wrong', async () => {
    expect(await pull(['--creds', `ann:${password}x`, guarded])).toEqual({
      stdout: '',
      stderr: expect.stringContaining(
        `pulling image "${guarded}": ${closed.address} refused the credentials: check user and password (`,
      ),
      exitCode: 1,
    })
  })

  test('basic auth, missing', async () => {
    expect(await pull([guarded])).toEqual({
      stdout: '',
      stderr: expect.stringContaining(
        `pulling image "${guarded}": ${closed.address} wants credentials: give --creds USER, or log in with docker login or podman login (`,
      ),
      exitCode: 1,
    })
  })

  test('unknown tag', async () => {
    const unknown = `${open.address}/test/busybox:absent`
    expect(await pull([unknown])).toMatchObject({
      stderr: expect.stringContaining(
        `pulling image "${unknown}": ${open.address} has no such image: check its name`,
      ),
      exitCode: 3,
    })
  })

  test('registry down; the other images come all the same', async () => {
    const down = '127.0.0.1:9/test/busybox:1.35'
    expect(await pull([down, image])).toEqual({
      stdout: expect.stringMatching(/^Image is up to date for sha256:/),
      stderr: expect.stringContaining(
        `pulling image "${down}": the node cannot reach the registry 127.0.0.1:9: is it up? curl -v 127.0.0.1:9/v2/ on the node says more (connect: connection refused)`,
      ),
      exitCode: 1,
    })
  })

  test('an invalid image name is refused', async () => {
    expect(await pull(['BAD//Name'])).toMatchObject({
      stderr: expect.stringContaining('no image is named like this: write registry/name:tag'),
      exitCode: 2,
    })
  })

  test('rmi of one tag warns of the other, and both go', async () => {
    const other = image.replace('1.35', 'other')
    await pull([image, other])
    const outcome = await runInProcess(['rmi', other], containerd)
    expect(outcome.stderr).toMatch(
      /containerd removes the image with all its tags, also .*test\/busybox:1\.35/,
    )
    expect(outcome.stdout.split('\n')).toEqual(
      expect.arrayContaining([`Deleted: ${image}`, `Deleted: ${other}`]),
    )
    expect(await runInProcess(['rmi', image], containerd)).toMatchObject({stdout: '', exitCode: 3})
    expect(await runInProcess(['rmi', image, '--ignore-missing'], containerd)).toMatchObject({
      stderr: '',
      exitCode: 0,
    })
  })
})
