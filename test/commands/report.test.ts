import {execFile, execFileSync} from 'node:child_process'
import {linkSync, mkdirSync, symlinkSync, writeFileSync} from 'node:fs'
import {mkdtemp, readdir, readFile, rm, stat, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {promisify} from 'node:util'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {startFakeNode} from '../support/fake-node.js'
import {never, secondsAgo, startFakeRuntime, status} from '../support/fake-runtime.js'
import {runInProcess as crisp} from '../support/in-process.js'
import {crispCommand, outcomeOf, startCli} from '../support/run-cli.js'
import {startSickNode, web, webPod} from '../support/sick-node.js'

const run = promisify(execFile)

let directory: string
let archive: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-report-'))
  archive = join(directory, 'report.tar.gz')
})
afterEach(() => rm(directory, {recursive: true}))

/** What is in an archive, by name below its one folder. */
async function contentsOf(path: string): Promise<Record<string, string>> {
  const target = await mkdtemp(join(directory, 'unpacked-'))
  await run('tar', ['-xzf', path, '-C', target])
  const [folder = '', ...others] = await readdir(target)
  expect(others).toEqual([])
  const names = (await readdir(join(target, folder), {recursive: true, withFileTypes: true}))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const texts = await Promise.all(names.map((name) => readFile(name, 'latin1')))
  return Object.fromEntries(
    names.map((name, index) => [name.slice(join(target, folder).length + 1), texts[index] ?? '']),
  )
}

test('thirty secrets in environment, annotations, arguments, registry and runtime configuration: none goes in', async () => {
  const planted: string[] = []
  const secret = () => {
    planted.push(`s3cr3t-${planted.length}-x`)
    return planted.at(-1) as string
  }
  await using node = await startSickNode()
  const annotations = () => ({
    [`example.com/${secret()}`]: secret(),
    'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({password: secret()}),
    'io.kubernetes.container.preStopHandler': JSON.stringify({exec: {command: ['sh', '-c', secret()]}}),
  })
  const labels = () => ({[`token-${secret()}`]: secret(), app: secret()})
  Object.assign(node.pods[0] ?? {}, {
    annotations: {'kubernetes.io/config.source': 'api', ...annotations()},
    labels: labels(),
  })
  const [container] = node.containers
  Object.assign(container ?? {}, {
    annotations: {...container?.annotations, ...annotations()},
    labels: {...container?.labels, ...labels()},
    image: {image: 'busybox:1.36', annotations: {auth: secret()}},
  })
  node.answers.ContainerStatus = {
    status: {
      ...container,
      message: `exec: "${secret()}": executable file not found`,
      reason: 'StartError',
      exitCode: 128,
      state: 'CONTAINER_EXITED',
      mounts: [{containerPath: `/run/${secret()}`, hostPath: `/var/lib/${secret()}`}],
      resources: {linux: {unified: {[secret()]: secret()}}},
    },
    info: {
      info: JSON.stringify({
        pid: 4711,
        config: {envs: [{key: 'PASSWORD', value: secret()}], args: [secret()], command: [secret()]},
        runtimeSpec: {process: {args: ['serve', `--token=${secret()}`], env: [`TOKEN=${secret()}`]}},
      }),
    },
  }
  node.answers.PodSandboxStatus = {
    status: {...node.pods[0]},
    info: {
      info: JSON.stringify({config: {annotations: {x: secret()}}, runtimeSpec: {annotations: {y: secret()}}}),
    },
  }
  Object.assign(node.settings, {
    registry: {
      configs: {'registry.example': {auth: {username: 'u', password: secret(), identitytoken: secret()}}},
      headers: {Authorization: [secret()]},
    },
    env: [secret()],
  })
  node.answers.ListImages = {
    images: [
      {
        id: 'sha256:11',
        repoTags: ['busybox:1.36'],
        size: '1',
        spec: {image: 'x', annotations: {k: secret()}},
      },
    ],
  }
  node.answers.ListContainerStats = {
    stats: [
      {
        attributes: {id: web, annotations: {k: secret()}, labels: {k: secret()}},
        cpu: {usageNanoCores: {value: '5'}},
      },
    ],
  }
  node.answers.ImageFsInfo = () => {
    throw status(2, `open /etc/${secret()}: denied`)
  }
  expect(await crisp(['report', '--events', '0s', archive], node.runtime)).toEqual({
    stdout: `${archive}\n`,
    stderr: '',
    exitCode: 0,
  })
  expect(planted.length).toBeGreaterThanOrEqual(30)
  const contents = await contentsOf(archive)
  for (const [name, text] of Object.entries(contents))
    for (const word of planted) expect(text.includes(word), `${word} in ${name}`).toBe(false)

  const read = (name: string) => JSON.parse(contents[name] ?? 'null')
  expect(read('pods.json')).toMatchObject([{id: webPod, metadata: {name: 'web'}, state: 'SANDBOX_READY'}])
  expect(read('containers.json')).toMatchObject([{id: web, reason: 'StartError', exitCode: 128, pid: 4711}])
  expect(read('containers.json')[0].annotations).toEqual({'io.kubernetes.container.restartCount': '0'})
  expect(read('stats.json')).toMatchObject([{cpu: {usageNanoCores: {value: '5'}}}])
  expect(read('df.json')).toMatchObject({containers: [{id: web}]})
  const manifest = read('manifest.json')
  expect(manifest).toMatchObject({redacted: true})
  expect(manifest.files.map(({name}: {name: string}) => name).sort()).toEqual(
    Object.keys(contents)
      .filter((name) => name !== 'manifest.json')
      .sort(),
  )
  expect(manifest.leftOut).toContainEqual({what: 'image-file-systems.json', why: 'ImageFsInfo: Unknown'})
  expect(manifest.leftOut).toContainEqual({
    what: 'logs, the journal, configuration',
    why: 'they are taken with --logs only',
  })
})

test('only its owner may read it, and nothing that is there is written to', async () => {
  await using runtime = await startFakeRuntime()
  expect(await crisp(['report', '--events', '0s', archive], runtime)).toMatchObject({exitCode: 0})
  expect((await stat(archive)).mode & 0o777).toBe(0o600)

  const other = join(directory, 'other')
  await writeFile(other, 'mine')
  await symlink(other, join(directory, 'link'))
  await symlink(join(directory, 'nowhere'), join(directory, 'dangling'))
  for (const name of ['other', 'link', 'dangling']) {
    const path = join(directory, name)
    expect(await crisp(['report', '--events', '0s', path], runtime)).toEqual({
      stdout: '',
      stderr: `crisp: ${path} is there already: name another file\n`,
      exitCode: 1,
    })
  }
  expect(await readFile(other, 'utf8')).toBe('mine')
  expect(await readdir(directory)).not.toContain('nowhere')
})

test('without a runtime there is a report too, which says what is missing', async () => {
  expect(await crisp(['report', archive], {endpoint: 'unix:///nowhere/cri.sock'})).toMatchObject({
    exitCode: 0,
  })
  const contents = await contentsOf(archive)
  expect(JSON.parse(contents['doctor.json'] ?? '')).toMatchObject({result: 'broken'})
  expect(JSON.parse(contents['manifest.json'] ?? '').leftOut).toContainEqual({
    what: 'pods.json',
    why: 'no container runtime at /nowhere/cri.sock: absent',
  })
})

test('one that is interrupted leaves no file', async () => {
  await using runtime = await startFakeRuntime({ListContainers: never})
  const cli = startCli(['report', archive], runtime)
  await runtime.nextCall('ListContainers')
  cli.kill('SIGINT')
  expect(await outcomeOf(cli)).toMatchObject({stdout: '', exitCode: 130})
  expect(await readdir(directory)).toEqual([])
})

test('- is stdout, for another machine', async () => {
  await using runtime = await startFakeRuntime()
  const bytes = execFileSync(crispCommand[0], [
    ...crispCommand.slice(1),
    '-r',
    runtime.endpoint,
    'report',
    '--events',
    '0s',
    '-',
  ])
  await writeFile(archive, bytes)
  expect(Object.keys(await contentsOf(archive))).toContain('manifest.json')
})

test('--logs takes logs as they are, and nothing that symlinks, pipes and second names lead to', async () => {
  const outside = join(directory, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'shadow'), 'root:outside-secret:1')
  await using node = await startFakeNode({
    containers: [
      {pod: 'web-0', name: 'web', createdAt: secondsAgo(100), logPath: 'pods/default_web-0_u/web/0.log'},
      {pod: 'web-0', name: 'evil', createdAt: secondsAgo(100), logPath: 'pods/default_web-0_u/evil/0.log'},
    ],
  })
  const [first, second] = node.containers.map((one) => node.logOf(one)) as [string, string]
  mkdirSync(dirname(first), {recursive: true})
  writeFileSync(first, 'a line of web\n')
  writeFileSync(`${first}.20260101-000000`, `${'x'.repeat(2 * 1024 * 1024)}the end of it\n`)
  symlinkSync(join(outside, 'shadow'), join(dirname(first), '1.log'))
  linkSync(join(outside, 'shadow'), join(dirname(first), '2.log'))
  execFileSync('mkfifo', [join(dirname(first), '3.log')])
  mkdirSync(join(dirname(first), '4.log'))
  writeFileSync(join(dirname(first), 'id_rsa'), 'no log')
  // All of the container's folder is a link.
  symlinkSync(outside, dirname(second))

  const {stderr, exitCode} = await crisp(['report', '--logs', '--events', '0s', archive], node)
  expect(exitCode).toBe(0)
  expect(stderr).toMatch(/not-redacted may hold secrets: look through it before you send it\n$/)
  const contents = await contentsOf(archive)
  expect(Object.values(contents).filter((text) => text.includes('outside-secret'))).toEqual([])
  const logs = Object.keys(contents).filter((name) => name.startsWith('not-redacted/logs/'))
  const folder = 'not-redacted/logs/default_web-0_u/web'
  expect(logs.sort()).toEqual([`${folder}/0.log`, `${folder}/0.log.20260101-000000`])
  expect(contents[`${folder}/0.log`]).toBe('a line of web\n')
  expect(contents[`${folder}/0.log.20260101-000000`]).toHaveLength(1024 * 1024)
  expect(contents[`${folder}/0.log.20260101-000000`]).toMatch(/the end of it\n$/)
  const manifest = JSON.parse(contents['manifest.json'] ?? '')
  expect(manifest.redacted).toBe(false)
  const left = manifest.leftOut.map(({what}: {what: string}) => what)
  for (const name of ['1.log', '2.log', '3.log', '4.log', 'id_rsa'])
    expect(left).toContain(`logs/default_web-0_u/web/${name}`)
  expect(left).toContain('logs in default_web-0_u/evil')
})
