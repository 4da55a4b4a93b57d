import {execFile} from 'node:child_process'
import {mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {gzipSync} from 'node:zlib'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {describeOnOwnContainerd} from '../support/containerd/availability.js'
import {busyboxImage, type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {startPushRegistry} from '../support/push-registry.js'
import {crispInShell, runCli, startCli, textOf} from '../support/run-cli.js'
import {callsMade, unlikeTable} from '../support/verb-calls.js'

const run = promisify(execFile)
const id = expect.stringMatching(/^sha256:[0-9a-f]{64}$/)

describeOnOwnContainerd('images by the runtime’s own tool', () => {
  let containerd: Containerd
  let other: Containerd
  beforeAll(async () => {
    ;[containerd, other] = await Promise.all([startContainerd(), startContainerd()])
  })
  afterAll(async () => {
    await other?.[Symbol.asyncDispose]()
    await containerd?.[Symbol.asyncDispose]()
  })

  const crisp = (argv: string[], options: {stdin?: string; env?: NodeJS.ProcessEnv} = {}) =>
    runCli(argv, {endpoint: containerd.endpoint, ...options})
  const ctr = async (...words: string[]) => {
    const socket = containerd.endpoint.replace('unix://', '')
    return (await run('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', ...words])).stdout
  }
  const images = async ({client}: Containerd) =>
    (await client.image.listImages()).images.toSorted((a, b) => a.id.localeCompare(b.id))
  const done = (stdout: string, stderr = '') => ({stdout, stderr, exitCode: 0})

  test('what was saved and loaded again is the same image by digest, and another containerd knows nothing', async () => {
    const before = await images(other)
    const file = join(containerd.directory, 'saved.tar')
    expect(await crisp(['save', busyboxImage, '-f', file])).toEqual(done(''))
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const digests = await ctr('ls', `name==${busyboxImage}`)
    await containerd.client.image.removeImage({image: {image: busyboxImage}})
    expect(JSON.parse((await crisp(['load', file, '-o', 'json'])).stdout)).toEqual({
      images: [{name: busyboxImage, id}],
    })
    expect(await ctr('ls', `name==${busyboxImage}`)).toBe(digests)
    expect(await images(other)).toEqual(before)
    expect(await crisp(['save', busyboxImage, '-f', file])).toEqual({
      stdout: '',
      stderr: `crisp: ${file} is there already: name another file\n`,
      exitCode: 1,
    })
  })

  test('through pipes, and from what other tools have written', async () => {
    const save = startCli(['save', busyboxImage], {endpoint: containerd.endpoint})
    const load = startCli(['load', '-'], {endpoint: containerd.endpoint})
    save.stdout.pipe(load.stdin)
    expect(await textOf(load.stdout)).toBe(`Loaded: ${busyboxImage}\n`)
    expect(await crisp(['load', '-q', containerd.archive])).toEqual(done(`${busyboxImage}\n`))
  })

  const noSpace = expect.stringMatching(/^crisp: ctr: .*: no space left on device\n$/)

  test('a disk that is full leaves no file', async () => {
    const line = `${crispInShell} -r ${containerd.endpoint} save ${busyboxImage} > /dev/full`
    await expect(run('sh', ['-c', line])).rejects.toMatchObject({code: 1, stderr: noSpace})
    const small = join(containerd.directory, 'small')
    await mkdir(small)
    await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', small])
    try {
      const {stderr, exitCode} = await crisp(['save', busyboxImage, '-f', join(small, 'image.tar')])
      expect({stderr, exitCode}).toEqual({stderr: noSpace, exitCode: 1})
      expect(await readdir(small)).toEqual([])
    } finally {
      await run('umount', [small])
    }
  })

  test('what is no archive is said to be none', async () => {
    const {stderr, exitCode} = await crisp(['load', '-'], {stdin: 'no archive'})
    expect(stderr).toMatch(
      /^crisp: ctr: .*: this is no archive of images, or it is cut off; one that is packed goes through gzip -dc … \| load -\n$/,
    )
    expect(exitCode).toBe(1)
    expect((await crisp(['load', '/dev/zero'])).stderr).toBe(
      'crisp: /dev/zero is not a file: a stream goes in by stdin, as load - < /dev/zero\n',
    )
  })

  test('what gzip has packed is unpacked, and of others it is said how', async () => {
    const file = (name: string) => join(containerd.directory, name)
    const archive = await readFile(containerd.archive)
    const packed = gzipSync(archive)
    await writeFile(file('app.tgz'), packed)
    await writeFile(file('cut.tgz'), packed.subarray(0, packed.length / 2))
    await writeFile(file('app.tar.zst'), Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0]))
    expect(await crisp(['load', file('app.tgz')])).toEqual(done(`Loaded: ${busyboxImage}\n`))
    expect((await crisp(['load', '--dry-run', file('app.tgz')])).stdout).toMatch(
      new RegExp(`^gzip -dc ${file('app.tgz')} \\| /usr/bin/ctr .* import .*-\n$`),
    )
    for (const [name, text] of [
      ['cut.tgz', 'is packed by gzip, and damaged or cut off: unexpected end of file'],
      ['app.tar.zst', `is packed by zstd: zstd -dc ${file('app.tar.zst')} | crisp load -`],
    ] as const)
      expect(await crisp(['load', file(name)])).toEqual({
        stdout: '',
        stderr: `crisp: ${file(name)} ${text}\n`,
        exitCode: 1,
      })
  })

  test('a directory is no archive, and stdin is named by -', async () => {
    const {directory} = containerd
    expect(await crisp(['load', directory])).toEqual({
      stdout: '',
      stderr: `crisp: ${directory} is a directory: an archive of what is in it goes in by stdin, tar -C ${directory} -c . | crisp load -\n`,
      exitCode: 1,
    })
    expect((await crisp(['load', '-q'], {stdin: 'x'})).stderr).toBe(
      'crisp: which archive? crisp load FILE, or load - for what comes by stdin\n',
    )
  })

  test('a reader that has gone is no failure, as everywhere', async () => {
    const save = startCli(['save', busyboxImage], {endpoint: containerd.endpoint})
    save.stdout.destroy()
    const said = textOf(save.stderr)
    const code = await new Promise((resolve) => save.once('exit', resolve))
    expect({code, said: await said}).toEqual({code: 0, said: ''})
  })

  test('names come and go one by one, and the CRI shows it', async () => {
    expect(await crisp(['tag', busyboxImage, 'app', 'quay.io/team/app:2'])).toEqual(
      done('Tagged: docker.io/library/app:latest\nTagged: quay.io/team/app:2\n'),
    )
    const {image} = await containerd.client.image.imageStatus({image: {image: 'quay.io/team/app:2'}})
    expect(image?.repoTags.toSorted()).toEqual(
      ['docker.io/library/app:latest', 'quay.io/team/app:2', busyboxImage].toSorted(),
    )
    expect(await crisp(['untag', 'app'])).toEqual(done('Untagged: docker.io/library/app:latest\n'))
    expect(await crisp(['rmi', '--tag-only', 'quay.io/team/app:2'])).toEqual(
      done('Untagged: quay.io/team/app:2\n'),
    )
    const {image: left} = await containerd.client.image.imageStatus({image: {image: busyboxImage}})
    expect(left?.repoTags).toEqual([busyboxImage])
    expect(await crisp(['untag', busyboxImage])).toEqual(
      done(
        `Untagged: ${busyboxImage}\n`,
        `crisp: ${busyboxImage} was its last tag: the image stays as ${left?.id}\n`,
      ),
    )
    expect(await crisp(['tag', left?.id.slice(7, 19) ?? '', busyboxImage])).toEqual(
      done(`Tagged: ${busyboxImage}\n`),
    )
  })

  test('a name that another image has moves, which is said', async () => {
    const {image} = await containerd.client.image.imageStatus({image: {image: busyboxImage}})
    await crisp(['tag', busyboxImage, 'moving:1'])
    expect(await crisp(['tag', 'test.local/pause:1', 'moving:1'])).toEqual(
      done(
        'Tagged: docker.io/library/moving:1\n',
        `crisp: docker.io/library/moving:1 was a name of ${image?.id}\n`,
      ),
    )
    await crisp(['untag', 'moving:1'])
  })

  test.each(['--help', '-x', '; touch x', 'a\nb', '$(id)', '../x', 'A/b', ''])(
    'a word like %j is neither a name nor an option nor a command',
    async (word) => {
      const before = await images(containerd)
      for (const line of [
        ['tag', busyboxImage, '--', word],
        ['tag', '--', word, 'a:1'],
        ['save', '--', word],
        ['push', '--', word],
        ['push', busyboxImage, '--', word],
        ['untag', '--', word],
      ]) {
        const {stdout, exitCode} = await crisp(line)
        expect({line, stdout, exitCode}).toEqual({line, stdout: '', exitCode: expect.any(Number)})
        expect(exitCode).toBeGreaterThan(0)
      }
      expect(await images(containerd)).toEqual(before)
    },
  )

  test('--dry-run and --trace print the command as one could type it', async () => {
    const socket = containerd.endpoint.replace('unix://', '')
    const shown = `/usr/bin/ctr --address ${socket} --namespace k8s.io images`
    expect(await crisp(['load', '--dry-run', "it's.tar"])).toEqual(
      done(`${shown} import --snapshotter overlayfs - < 'it'\\''s.tar'\n`),
    )
    expect(await crisp(['save', '--dry-run', busyboxImage])).toEqual(
      done(`${shown} export - ${busyboxImage}\n`),
    )
    expect(await crisp(['push', '--dry-run', '--creds', 'ann:geheim', busyboxImage])).toEqual(
      done(`${shown} push --user=ann ${busyboxImage}\n`),
    )
    expect(await crisp(['untag', '--dry-run', busyboxImage])).toEqual(done(`${shown} rm ${busyboxImage}\n`))
    const {stderr} = await crisp(['tag', '--trace', busyboxImage, busyboxImage])
    expect(stderr).toContain(`crisp: ${shown} tag --force ${busyboxImage} ${busyboxImage}\n`)
  })

  test('a registry gets it, with a login that no command line and no environment shows', async () => {
    const login = {user: 'ann', password: "S3cret; pass'word $x"}
    await using open = await startPushRegistry()
    await using closed = await startPushRegistry(login)
    const target = `${open.address}/team/app:1`
    expect(await crisp(['push', busyboxImage, target])).toEqual(done(`Pushed: ${target}\n`))
    expect([...open.manifests.keys()]).toEqual(['team/app:1'])

    const guarded = `${closed.address}/team/app:1`
    const words = ['push', '--debug', '-u', login.user, '--password-stdin', busyboxImage, guarded]
    const {stdout, stderr, exitCode} = await crisp(words, {stdin: login.password})
    expect({stdout, exitCode}).toEqual({stdout: `Pushed: ${guarded}\n`, exitCode: 0})
    expect(stderr).not.toContain(login.password)
    expect([...closed.manifests]).toEqual([...open.manifests])
    expect(closed.welcomed).toBeGreaterThan(3)
    expect(closed.leaks).toEqual([])

    const refused = await crisp(['push', '--creds-stdin', busyboxImage, guarded], {stdin: 'ann:wrong-one\n'})
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toMatch(/^crisp: ctr: .*(401|authoriz).*\n$/)
    expect(refused.stderr).not.toContain('wrong-one')
  })

  test('over a connection the archive and the login are of this machine', async () => {
    const home = join(containerd.directory, 'login')
    await mkdir(join(home, 'run'), {recursive: true, mode: 0o700})
    const script = (name: string, text: string) =>
      writeFile(join(home, name), `#!/bin/sh\n${text}\n`, {mode: 0o755})
    await script('crisp', `exec ${crispInShell} "$@"`)
    await script(
      'ssh',
      'for last; do :; done\ncase $* in -G*) echo "hostname stub"; exit 0;; esac\n[ "$last" = "exit 0" ] || exec /bin/sh -c "$last"',
    )
    const env = {PATH: `${home}:${process.env.PATH}`, XDG_RUNTIME_DIR: join(home, 'run')}
    const far = (...words: string[]) => farWith(undefined, ...words)
    const farWith = (stdin: string | undefined, ...words: string[]) =>
      crisp(['--node', 'stub', '--node-crisp', join(home, 'crisp'), ...words, '-r', containerd.endpoint], {
        env,
        ...(stdin === undefined ? {} : {stdin}),
      })
    const file = join(home, 'far.tar')
    expect(await far('save', busyboxImage, '-f', file)).toEqual(done(''))
    expect((await run('tar', ['-tf', file])).stdout).toContain('oci-layout\n')
    expect(await far('load', file)).toEqual(done(`Loaded: ${busyboxImage}\n`))
    await writeFile(`${file}.gz`, gzipSync(await readFile(file)))
    expect(await far('load', `${file}.gz`)).toEqual(done(`Loaded: ${busyboxImage}\n`))
    expect((await far('save', 'no-such:1', '-f', join(home, 'none.tar'))).exitCode).toBe(3)
    expect(await readdir(home)).not.toContain('none.tar')

    // A login comes by stdin, or from a file of this machine, and no process shows it.
    const login = {user: 'ann', password: "S3cret; pass'word $x"}
    await using closed = await startPushRegistry(login)
    const target = `${closed.address}/team/app:1`
    expect(
      await farWith(login.password, 'push', '-u', login.user, '--password-stdin', busyboxImage, target),
    ).toEqual(done(`Pushed: ${target}\n`))
    const auth = Buffer.from(`${login.user}:${login.password}`).toString('base64')
    const authFile = join(home, 'auth.json')
    await writeFile(authFile, JSON.stringify({auths: {[closed.address]: {auth}}}), {mode: 0o600})
    expect(await far('push', '--authfile', authFile, busyboxImage, target)).toEqual(
      done(`Pushed: ${target}\n`),
    )
    expect(closed.leaks).toEqual([])
    const refused = await farWith('ann:wrong-one\n', 'push', '--creds-stdin', busyboxImage, target)
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).not.toContain('wrong-one')
  })

  test('the calls of each verb are those that explain tells', async () => {
    await using registry = await startPushRegistry()
    const file = join(containerd.directory, 'explained.tar')
    for (const [verb, ...words] of [
      ['save', busyboxImage, '-f', file],
      ['load', file],
      ['tag', busyboxImage, 'explained:1', 'explained:2'],
      ['push', 'explained:1', `${registry.address}/explained:1`],
      ['untag', 'explained:1'],
      ['rmi', '--tag-only', 'explained:2'],
    ] as const) {
      const {stderr, exitCode} = await crisp([verb, '--trace=json', ...words])
      expect({verb, exitCode}).toEqual({verb, exitCode: 0})
      const made = callsMade(stderr)
      expect({verb, made, unlike: unlikeTable(verb, made)}).toEqual({verb, made, unlike: []})
    }
  })

  test('Ctrl-C ends the tool too', async () => {
    const load = startCli(['load', '-'], {endpoint: containerd.endpoint})
    const socket = containerd.endpoint.replace('unix://', '')
    const running = async () =>
      (await run('ps', ['-eo', 'args'])).stdout.includes(
        `ctr --address ${socket} --namespace k8s.io images import -`,
      )
    await expect.poll(running, {timeout: 30_000}).toBe(true)
    load.kill('SIGINT')
    const [code] = await new Promise<[number | null]>((resolve) =>
      load.once('close', (ended) => resolve([ended])),
    )
    expect(code).toBe(130)
    expect(await running()).toBe(false)
  })
})
