import {execFileSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type DemoRuntime, startDemoRuntime} from '../../../src/demo/index.js'
import {isMet} from '../../support/needs.js'
import {onTerminal} from '../../support/on-terminal.js'
import {type CliResult, runCli} from '../../support/run-cli.js'
import {letOthersConnect, type SshNode, startSshNode} from '../../support/ssh-node.js'

// Logins that a real sshd or ssh does not make, or not without a question: each is told as what it is, with what helps.

const password = 'open sesame'

describe.skipIf(!isMet('ssh'))('a login', () => {
  let runtime: DemoRuntime
  let node: SshNode
  const directory = mkdtempSync(join(tmpdir(), 'crisp-logins-'))
  const known = join(directory, 'known_hosts')
  let name: string
  beforeAll(async () => {
    runtime = await startDemoRuntime({seed: 'empty'})
    await letOthersConnect(runtime)
    const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], {
      input: password,
      encoding: 'utf8',
    }).trim()
    node = await startSshNode({
      environment: {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint},
      prepare: `sed 's|:.*|:${hash.replaceAll('$', '\\$')}:19000:0:99999:7:::|' /etc/passwd > $ETC/shadow
mount --bind $ETC/shadow /etc/shadow`,
      users: {keeper: {id: 65534, shell: '/bin/sh'}},
      settings: 'Match User keeper\n  PasswordAuthentication no\n  KbdInteractiveAuthentication no',
    })
    const settings = (user: string, ...changes: [RegExp, string][]) =>
      changes.reduce((text, [from, to]) => text.replace(from, to), node.settings(user))
    const noKey: [RegExp, string] = [/IdentityFile .*/, 'IdentityFile /dev/null']
    const knownIn = (file: string): [RegExp, string] => [
      /UserKnownHostsFile .*/,
      `UserKnownHostsFile ${file}`,
    ]
    const checked = (how: string): [RegExp, string] => [/accept-new/, how]
    node.know('asks asks2', settings('worker', noKey))
    node.know('keys', settings('keeper', noKey))
    const sealed = join(directory, 'sealed')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'passphrase', '-f', sealed])
    node.know('sealed', settings('keeper', [/IdentityFile .*/, `IdentityFile ${sealed}`]))
    node.know('strange', settings('root', knownIn('/dev/null'), checked('ask')))
    node.know('strict', settings('root', knownIn('/dev/null'), checked('yes')))
    const [, port] = /Port (\d+)/.exec(node.settings('root')) ?? []
    name = `[127.0.0.1]:${port}`
    const other = readFileSync(`${sealed}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
    writeFileSync(known, `${name} ${other}\n`)
    node.know('changed', settings('root', knownIn(known), checked('ask')))
    const revoked = join(directory, 'revoked')
    const own = readFileSync(join(node.home('root'), '..', '..', 'host.pub'), 'utf8').trim()
    writeFileSync(revoked, `@revoked ${name} ${own}\n`)
    node.know('revoked', settings('root', knownIn(revoked), checked('ask')))
    node.know('dead*', '  HostName 127.0.0.1\n  Port 1\n')
    node.know('between', `${settings('worker')}  ProxyJump changed\n  HostKeyAlias behind\n`)
  })
  afterAll(async () => {
    node[Symbol.dispose]()
    await runtime[Symbol.asyncDispose]()
    rmSync(directory, {recursive: true})
  })

  const on = (names: string): Promise<CliResult> => runCli(['-N', names, 'ps', '-q'], {env: node.env})
  const once = (name: string) => `: of several nodes none may ask: crisp --node ${name} version once does`

  const cases = () =>
    [
      [
        'asks',
        'would ask',
        /worker@127\.0\.0\.1: Permission denied \(publickey,[^)]*\): neither a key nor a password was accepted; it asks for one on a terminal/,
      ],
      [
        'keys',
        'denied',
        /keeper@127\.0\.0\.1: Permission denied \(publickey\): no key that ssh has is accepted there: ssh-add loads one that has a passphrase, IdentityFile names one, ssh -v keys tells which were tried/,
      ],
      [
        'sealed',
        'denied',
        /keeper@127\.0\.0\.1: Permission denied \(publickey\): no key that ssh has is accepted there: ssh-add loads one /,
      ],
      [
        'strange',
        'would ask',
        /Host key verification failed: its host key is not known, and was not accepted; ssh asks about it on a terminal/,
      ],
      [
        'strict',
        'denied',
        /Host key verification failed: its host key is not known, and StrictHostKeyChecking lets none be added: add it to known_hosts/,
      ],
      [
        'changed',
        'host key changed',
        /Host key verification failed: ITS HOST KEY IS ANOTHER THAN THE KNOWN ONE: it may not be that machine, and it was told nothing\. Only where you know that it has a new key: ssh-keygen -f \S+ -R '\S+'/,
      ],
      ['revoked', 'host key changed', /Host key verification failed: its host key is marked as revoked/],
    ] as const

  test.each(cases())('as %s: %s', async (user, word, reason) => {
    const alone = await on(user)
    expect(alone).toEqual({
      stdout: '',
      stderr: expect.stringMatching(new RegExp(`^crisp: ${user}: ${reason.source}[^\\n]*\\n$`)),
      exitCode: 4,
    })
    const {stdout, stderr, exitCode} = await on(`${user},root`)
    expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 4})
    const hint = word === 'would ask' ? once(user) : ''
    expect(stderr).toBe(`${alone.stderr.trimEnd()}${hint}\ncrisp: 1 ok, 1 ${word}\n`)
  })

  test('the command for a changed key is about that host, and helps', async () => {
    const {stderr} = await on('changed')
    const [, command = ''] = /has a new key: (.*)\n$/.exec(stderr) ?? []
    expect(command).toBe(`ssh-keygen -f ${known} -R '${name}'`)
    const before = readFileSync(known)
    execFileSync('sh', ['-c', command], {stdio: 'ignore'})
    expect(readFileSync(known, 'utf8')).toBe('')
    writeFileSync(known, before)
  })

  test('where it is the key of a host in between, that is said', async () => {
    expect((await on('between')).stderr).toMatch(
      /^crisp: between: .*Connection closed.*: the host in between may have refused: ssh between true tells more\n$/,
    )
    // Of many nodes no connection is kept.
    const [line] = (await on('between,dead[1-33]')).stderr.split('\n')
    expect(line).toMatch(
      /^crisp: between: Host key verification failed: THE HOST KEY OF A HOST IN BETWEEN IS .*: what ssh between true says$/,
    )
  })

  test('a password is asked for on the terminal, once', async () => {
    const session = await onTerminal(['-N', 'asks2', 'version', '-o', 'json'], '', {env: node.env})
    await session.until("worker@127.0.0.1's password:")
    session.terminal.input.write(`${password}\r`)
    const {exitCode, before, after} = await session.outcome()
    expect({exitCode, after}).toEqual({exitCode: 0, after: before})
    expect(await on('asks2,root')).toEqual({stdout: '', stderr: '', exitCode: 0})
  })

  test('Ctrl-C at the question ends it, with the terminal as before', async () => {
    const session = await onTerminal(['-N', 'asks', 'ps'], '', {env: node.env})
    await session.until("worker@127.0.0.1's password:")
    session.terminal.input.write('\u0003')
    const {exitCode, before, after} = await session.outcome()
    expect({exitCode, after}).toEqual({exitCode: 130, after: before})
  })

  test('a new host key is asked about on the terminal', async () => {
    const session = await onTerminal(['-N', 'strange', 'ps', '-q'], '', {env: node.env})
    await session.until(/Are you sure you want to continue connecting/)
    session.terminal.input.write('no\r')
    const {output, exitCode, before, after} = await session.outcome()
    expect(output.replace(/\s+/g, ' ')).toContain(
      'crisp: strange: Host key verification failed: its host key is not known, and was not accepted; ssh asks about it on a terminal',
    )
    expect({exitCode, after}).toEqual({exitCode: 4, after: before})
  })
})
