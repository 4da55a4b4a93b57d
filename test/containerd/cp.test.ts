import {appendFileSync, mkdirSync, writeFileSync} from 'node:fs'
import {lstat, mkdtemp, readFile, rm, symlink} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd, type TestPod} from '../support/containerd/containerd.js'
import {exchangeForEver} from '../support/exchange.js'
import {diskBytesOf, fileTrees, manifestOf} from '../support/file-trees.js'
import {runInProcess} from '../support/in-process.js'
import {runCli} from '../support/run-cli.js'

// Containers with file systems of their own: `shell` has tar, busybox's, `bare` has none.

const races = Number(process.env.CRISP_COPY_RACES ?? 12)
const done = {stdout: '', stderr: '', exitCode: 0}

describeOnContainerd('cp on a real containerd', () => {
  let containerd: Containerd
  let pod: TestPod
  let directory: string
  /** Where this machine sees the containers' files. */
  const roots: Record<string, string> = {}

  const crisp = (...argv: string[]) => runInProcess(argv, {endpoint: containerd.endpoint})
  const start = async (name: string, script: string, config: object = {}) => {
    const id = await pod.runContainer(name, `${script}; touch /ready; exec sleep 100000`, {config})
    const {info} = await containerd.client.runtime.containerStatus({containerId: id, verbose: true})
    const root = `/proc/${JSON.parse(info.info ?? '').pid}/root`
    while (!(await lstat(join(root, 'ready')).catch(() => undefined)))
      await new Promise((resolve) => setTimeout(resolve, 20))
    roots[name] = root
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'crisp-cp-'))
    containerd = await startContainerd()
    pod = await containerd.runPod('node')
    await start('shell', ':')
    await start('bare', 'rm /bin/tar')
  })
  afterAll(async () => {
    await containerd[Symbol.asyncDispose]()
    await rm(directory, {recursive: true})
  })

  describe.each(['shell', 'bare'])('there and back, %s', (container) => {
    test.each(Object.entries(fileTrees))('%s', async (name, make) => {
      const id = `${container}-${name.replaceAll(' ', '-')}`
      const [tree, inside, back] = [
        join(directory, id),
        join(roots[container] as string, id),
        join(directory, 'back', id),
      ]
      mkdirSync(tree)
      mkdirSync(back, {recursive: true})
      make(tree)
      const whole = manifestOf(tree)
      const holesAreFilled = container === 'shell' && name === 'files with holes'
      expect(await crisp('cp', '-a', tree, `${container}:/`)).toEqual({
        ...done,
        stderr: holesAreFilled
          ? "crisp: the container's tar knows no holes: files that have some grow to their full size\n"
          : '',
      })
      expect(manifestOf(inside)).toEqual(whole)
      expect(await crisp('cp', '-a', `${container}:/${id}/.`, back)).toEqual(done)
      expect(manifestOf(back)).toEqual(whole)
      if (name !== 'files with holes') return
      expect(diskBytesOf(back)).toBeLessThan(4 * 1024 * 1024)
      if (!holesAreFilled) expect(diskBytesOf(inside)).toBeLessThan(4 * 1024 * 1024)
    })
  })

  test.each(['shell', 'bare'])('what the kernel makes up as it is read is whole, %s', async (container) => {
    for (const path of [
      '/proc/version',
      '/sys/kernel/mm/transparent_hugepage/enabled',
      '/proc/filesystems',
    ]) {
      const {stdout} = await crisp('exec', container, 'cat', path)
      const copy = join(directory, `${container}-kernel`)
      expect(await crisp('cp', `${container}:${path}`, copy)).toEqual(done)
      expect(await readFile(copy, 'utf8')).toBe(stdout)
    }
  })

  test('settings of the network and of the names are those of the container, never the reader', async () => {
    const path = '/proc/sys/kernel/hostname'
    const {stdout} = await crisp('exec', 'shell', 'cat', path)
    const copy = join(directory, 'hostname')
    for (const container of ['shell', 'bare']) {
      expect(await crisp('cp', `${container}:${path}`, copy)).toEqual(done)
      expect(await readFile(copy, 'utf8')).toBe(stdout)
    }
    expect(await crisp('cp', 'bare:/proc/sys/kernel', join(directory, 'settings'))).toEqual({
      stdout: '',
      stderr:
        "crisp: bare:/proc/sys/kernel: its values are those of whoever reads them: crisp exec bare cat shows the container's\n",
      exitCode: 1,
    })
    const environ = join(directory, 'environ')
    // A process of its own: what is in this one's environment is not what it was started with.
    const copied = await runCli(['cp', 'bare:/proc/self/environ', environ], containerd)
    expect(copied.exitCode).toBe(0)
    expect(await readFile(environ, 'utf8')).not.toContain('CRI_CONFIG_FILE')
  })

  test.each(['shell', 'bare'])(
    'all of a container, without what the kernel makes up, %s',
    async (container) => {
      const copy = join(directory, `all-of-${container}`)
      mkdirSync(copy)
      const {stderr} = await crisp('cp', `${container}:/.`, copy)
      // Devices are left out, one line each.
      for (const line of stderr.trimEnd().split('\n'))
        expect(line).toMatch(/^crisp: "?(\.\/)?(dev\/.*left out|(proc|sys): its contents are left out)/)
      const [original, copied] = await Promise.all(
        [roots[container] as string, copy].map((root) => readFile(join(root, 'bin', 'busybox'))),
      )
      // `toEqual` looks at its megabytes one byte at a time.
      expect(original?.equals(copied as Buffer)).toBe(true)
      expect((await lstat(join(copy, 'proc'))).isDirectory()).toBe(true)
      await expect(lstat(join(copy, 'proc', 'version'))).rejects.toMatchObject({code: 'ENOENT'})
    },
  )

  test('a container whose working directory is gone', async () => {
    await start('lost', 'echo text > /file; rmdir /gone', {workingDir: '/gone'})
    const copy = join(directory, 'from-lost')
    const copied = await crisp('cp', '--debug', 'lost:/file', copy)
    expect(copied.exitCode).toBe(0)
    expect(copied.stderr).toMatch(/copied through \/proc\/\d+\/root: tar cannot run in the container\n$/)
    expect(await readFile(copy, 'utf8')).toBe('text\n')
    expect(await crisp('cp', copy, 'lost:/back')).toEqual(done)
    expect(await readFile(join(roots.lost as string, 'back'), 'utf8')).toBe('text\n')
  })

  test('a file that is written while it is copied is one line, and the others are whole', async () => {
    const inside = join(roots.bare as string, 'changing')
    mkdirSync(inside)
    for (const name of ['a', 'z']) writeFileSync(join(inside, name), name)
    writeFileSync(join(inside, 'log'), Buffer.alloc(10_000_000, 'x'))
    const writing = setInterval(() => appendFileSync(join(inside, 'log'), 'more'), 1)
    const {stderr, exitCode} = await crisp('cp', 'bare:/changing', directory)
    clearInterval(writing)
    expect({stderr, exitCode}).toEqual({
      stderr: 'crisp: changing/log: it changed while it was read\n',
      exitCode: 1,
    })
    for (const name of ['a', 'z'])
      expect(await readFile(join(directory, 'changing', name), 'utf8')).toBe(name)
    const log = await readFile(join(directory, 'changing', 'log'), 'utf8')
    expect(log.replace(/^x+/, '')).toMatch(/^(more)*$/)
    expect(log.length).toBeGreaterThanOrEqual(10_000_000)
  })

  test('a program inside that exchanges a directory with a symlink gets nothing of the node', async () => {
    const [secret, inside] = [join(directory, 'secret'), join(roots.bare as string, 'race')]
    for (const place of [secret, join(inside, 'd')]) {
      mkdirSync(place, {recursive: true})
      for (let index = 0; index < 20; index++)
        writeFileSync(join(place, `${index}`), place === secret ? 'of the node' : 'of the container')
    }
    await symlink(secret, join(inside, 'link'))
    await using _ = await exchangeForEver(join(inside, 'd'), join(inside, 'link'))
    for (let race = 0; race < races; race++) {
      const {stdout, stderr} = await crisp('cp', ...(race % 2 === 0 ? ['-L'] : []), 'bare:/race', '-')
      expect(stdout).not.toContain('of the node')
      expect(stderr).not.toMatch(/\/proc\//)
    }
  })
})
