import {chownSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../../src/demo/index.js'
import {isMet} from '../../support/needs.js'
import {type CliResult, runCli} from '../../support/run-cli.js'
import {letOthersConnect, type SshNode, startSshNode} from '../../support/ssh-node.js'

// Users of a real sshd whose homes, shells and rights are not as they should be.

const ids = {noexec: 65501, full: 65502, readonly: 65503, homeless: 65504, admin: 65505, asked: 65506}
const fallback = (id: number) => `/var/tmp/crisp-node-${id}`

const prepare = `
mount -t tmpfs -o noexec,mode=700,uid=${ids.noexec} tmpfs $HOMES/noexec
mount -t tmpfs -o size=100k,mode=700,uid=${ids.full} tmpfs $HOMES/full
mount -t tmpfs -o ro,mode=700,uid=${ids.readonly} tmpfs $HOMES/readonly
echo 'Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults env_keep += "CONTAINER_RUNTIME_ENDPOINT CRI_CONFIG_FILE"
root ALL=(ALL) ALL
admin ALL=(root) NOPASSWD: /bin/sh
asked ALL=(root) ALL' > $ETC/sudoers
chmod 440 $ETC/sudoers
mount --bind $ETC/sudoers /etc/sudoers
sed 's/:.*/:*:19000:0:99999:7:::/' /etc/passwd > $ETC/shadow
mount --bind $ETC/shadow /etc/shadow
`

const settings = `PermitUserEnvironment yes
Banner ${'/etc/issue'}
Match User mover
  ForceCommand internal-sftp
Match User forced
  ForceCommand echo forced
`

describe.skipIf(!isMet('ssh'))('an odd node', () => {
  let runtime: DemoRuntime
  let node: SshNode
  beforeAll(async () => {
    runtime = await startDemoRuntime()
    await letOthersConnect(runtime)
    const odd = Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, {id, shell: '/bin/sh'}]))
    node = await startSshNode({
      environment: {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint},
      prepare,
      settings,
      users: {
        ...odd,
        homeless: {...odd.homeless, id: ids.homeless, shell: '/bin/sh', home: '/nonexistent'},
        limited: {id: 65534, shell: '/bin/rbash'},
        parrot: {id: 65534, shell: '/bin/cat'},
        mover: {id: 65534, shell: '/bin/sh'},
        forced: {id: 65534, shell: '/bin/sh'},
        behind: {id: 0, shell: '/bin/sh', jump: 'worker'},
      },
    })
  })
  afterAll(async () => {
    node[Symbol.dispose]()
    await runtime[Symbol.asyncDispose]()
    for (const id of Object.values(ids)) rmSync(fallback(id), {recursive: true, force: true})
  })

  const there = (user: string, argv: readonly string[]): Promise<CliResult> =>
    runCli(['--node', user, ...argv], {env: node.env})

  const asHere = () => runCli(['ps', '-q'], runtime)

  test.each([
    ['full', []],
    ['readonly', []],
    ['homeless', []],
    // Node reads its files also there; a file that is executed is another thing.
    ['noexec', ['--node-file']],
  ] as const)('home %s: another place is taken, and said', async (user, [flag]) => {
    const file = flag ? [flag, node.crisp] : []
    expect(await there(user, [...file, 'ps', '-q'])).toEqual({
      ...(await asHere()),
      stderr: `crisp: ${user}: the cache in its home can't be used (full, not writable, noexec, or open to others): crisp lies in ${fallback(ids[user])}\n`,
    })
    expect(await there(user, [...file, 'ps', '-q'])).toEqual(await asHere())
    expect((await there(user, [...file, 'inspect', 'nobody'])).exitCode).toBe(3)
    expect((await runCli(['node', 'forget', user], {env: node.env})).stdout).toBe(`${user}\n`)
    expect(existsSync(fallback(ids[user]))).toBe(false)
  })

  test('--sudo runs a copy of root from a directory that only root can open', async () => {
    expect(await there('admin', ['ps', '-q'])).toEqual(await asHere())
    expect(await there('admin', ['--sudo', 'ps', '-q'])).toEqual(await asHere())
    expect((await there('admin', ['--sudo', 'inspect', 'nobody'])).exitCode).toBe(3)
    const cache = join(node.home('root'), '.cache', 'crisp-node')
    expect(lstatSync(cache)).toMatchObject({uid: 0, mode: 0o40700})
    const {stdout} = await runCli(['node', 'ls', '-o', 'jsonpath={.nodes[*].copies[*].user}', 'admin'], {
      env: node.env,
    })
    expect(stdout.trim()).toBe('admin root')
    // What root runs is the same for all of its ways in: one copy.
    expect(await there('root', ['ps', '-q'])).toEqual(await asHere())
    expect(readdirSync(cache)).toHaveLength(1)
    expect((await runCli(['node', 'forget', 'admin'], {env: node.env})).stdout).toBe('admin\n')
    expect(existsSync(cache)).toBe(false)
    expect(existsSync(join(node.home('admin'), '.cache', 'crisp-node'))).toBe(false)
  })

  test('a directory of somebody else in the place of root is not used', async () => {
    const cache = join(node.home('root'), '.cache', 'crisp-node')
    mkdirSync(join(node.home('root'), '.cache'), {recursive: true})
    mkdirSync(cache, {mode: 0o700})
    chownSync(cache, ids.admin, ids.admin)
    const ran = join(cache, 'ran')
    await there('worker', ['version'])
    const [name = ''] = readdirSync(join(node.home('worker'), '.cache', 'crisp-node'))
    mkdirSync(join(cache, name, 'bin'), {recursive: true})
    writeFileSync(
      join(cache, name, 'bin', 'run.js'),
      `require("fs").writeFileSync(${JSON.stringify(ran)}, "")`,
    )
    onTestFinished(() => {
      rmSync(cache, {recursive: true})
      rmSync('/var/tmp/crisp-node-0', {recursive: true, force: true})
    })
    const {stdout, stderr} = await there('admin', ['--sudo', 'ps', '-q'])
    expect(stdout).toBe((await asHere()).stdout)
    expect(stderr).toMatch(/crisp lies in \/var\/tmp\/crisp-node-0\n$/)
    expect(existsSync(ran)).toBe(false)
  })

  test('a password that sudo wants is a clear word', async () => {
    expect(await there('asked', ['--sudo', 'ps'])).toEqual({
      stdout: '',
      stderr:
        'crisp: asked: sudo: a password is required: --sudo asks for no password: allow it there with NOPASSWD, or log in as root\n',
      exitCode: 4,
    })
  })

  test('a node behind a jump host', async () => {
    expect(await there('behind', ['ps', '-q'])).toEqual(await asHere())
  })

  test.each([
    ['limited', /^crisp: limited: its login did not start \/bin\/sh: .*restricted.*\n$/, 4],
    [
      'parrot',
      /^crisp: parrot: (its login did not start \/bin\/sh|it answered with something else)/,
      undefined,
    ],
    ['mover', /^crisp: mover: its login did not start \/bin\/sh.*\n$/, 4],
    ['forced', /^crisp: forced: its login did not start \/bin\/sh.*\n$/, 4],
  ])('a login as %s that runs no command is one line', async (user, line, code) => {
    const {stdout, stderr, exitCode} = await there(user, ['ps'])
    expect(stdout).toBe('')
    expect(stderr).toMatch(line)
    expect(stderr.split('\n')).toHaveLength(2)
    if (code !== undefined) expect(exitCode).toBe(code)
  })

  test("neither the node's PATH nor its .ssh/environment says what crisp is", async () => {
    const home = node.home('worker')
    const bin = join(home, 'bin')
    const ran = join(home, 'ran')
    mkdirSync(bin)
    for (const name of ['crisp', 'crictl', 'sh', 'bash', 'ssh'])
      writeFileSync(join(bin, name), `#!/bin/sh\ntouch ${ran}\n`, {mode: 0o755})
    mkdirSync(join(home, '.ssh'))
    writeFileSync(
      join(home, '.ssh', 'environment'),
      `PATH=${bin}:${process.env.PATH}\nBASH_ENV=${bin}/crisp\n`,
    )
    onTestFinished(() => {
      for (const name of ['bin', '.ssh', 'ran']) rmSync(join(home, name), {recursive: true, force: true})
    })
    expect(await there('worker', ['ps', '-q'])).toEqual(await asHere())
    const asked = await there('worker', ['inspect', 'nobody'])
    expect(asked.exitCode).toBe(3)
    expect(existsSync(ran)).toBe(false)
  })
})
