import {chmod, mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {delimiter, dirname, join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {authFilePaths, credentialFinder} from '../../../src/node/registry/credentials.js'

let home = ''
let problems: string[] = []

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'crisp-home-'))
  problems = []
})
afterEach(() => rm(home, {recursive: true, force: true}))

const base64 = (text: string) => Buffer.from(text).toString('base64')

async function file(path: string, content: unknown): Promise<string> {
  const whole = join(home, path)
  await mkdir(dirname(whole), {recursive: true})
  await writeFile(whole, typeof content === 'string' ? content : JSON.stringify(content))
  return whole
}

/** A helper that writes down what it is asked and answers as told. */
async function helper(name: string, script: string): Promise<void> {
  const path = await file(
    `bin/docker-credential-${name}`,
    `#!/bin/sh\nread server\necho "$1 $server" >>"${home}/asked"\n${script}\n`,
  )
  await chmod(path, 0o755)
}

const find = (reference: string, env: NodeJS.ProcessEnv = {}, path?: string) =>
  credentialFinder({
    env: {HOME: home, PATH: `${join(home, 'bin')}${delimiter}${process.env.PATH}`, ...env},
    user: process.geteuid?.(),
    file: path,
    killGroup: (leader) => process.kill(-leader, 'SIGKILL'),
    onProblem: (text) => problems.push(text.replaceAll(home, '~')),
  })(reference)

test('where logins are looked for, those that a variable names first', () => {
  expect(authFilePaths({}, '/root')).toEqual([
    '/root/.config/containers/auth.json',
    '/root/.docker/config.json',
  ])
  expect(
    authFilePaths(
      {
        REGISTRY_AUTH_FILE: '/a.json',
        DOCKER_CONFIG: '/d',
        XDG_RUNTIME_DIR: '/run/user/1',
        XDG_CONFIG_HOME: '/x',
      },
      '/home/u',
    ),
  ).toEqual([
    '/a.json',
    '/d/config.json',
    '/run/user/1/containers/auth.json',
    '/x/containers/auth.json',
    '/home/u/.docker/config.json',
  ])
})

describe('files', () => {
  test('docker login: the registry of the image, and no other', async () => {
    await file('.docker/config.json', {
      auths: {
        'https://index.docker.io/v1/': {auth: base64('hub:h1')},
        '127.0.0.1:5000': {auth: base64('ann:p:w')},
        'other.example': {username: 'o', password: 'x'},
        'tokens.example': {auth: base64('ignored:'), identitytoken: 'idt'},
      },
    })
    expect(await find('busybox')).toEqual({username: 'hub', password: 'h1'})
    expect(await find('127.0.0.1:5000/team/app')).toEqual({username: 'ann', password: 'p:w'})
    expect(await find('other.example/app')).toEqual({username: 'o', password: 'x'})
    expect(await find('tokens.example/app')).toEqual({identityToken: 'idt'})
    expect(await find('127.0.0.1:5001/team/app')).toBeUndefined()
    expect(problems).toEqual([])
  })

  test("podman login: the most particular scope, and before docker's file", async () => {
    await file('.docker/config.json', {auths: {'quay.io': {auth: base64('docker:d')}}})
    await file('.config/containers/auth.json', {
      auths: {'quay.io': {auth: base64('all:1')}, 'quay.io/team': {auth: base64('team:2')}},
    })
    expect(await find('quay.io/team/app')).toEqual({username: 'team', password: '2'})
    expect(await find('quay.io/teams/app')).toEqual({username: 'all', password: '1'})
    const named = await file('named.json', {auths: {'quay.io': {auth: base64('named:3')}}})
    expect(await find('quay.io/team/app', {REGISTRY_AUTH_FILE: named})).toEqual({
      username: 'named',
      password: '3',
    })
  })

  test('a broken file is passed over with its name and none of its words', async () => {
    await file('.config/containers/auth.json', '{"auths": {"quay.io": {"auth": "c2VjcmV0"')
    await file('.docker/config.json', {auths: {'quay.io': {auth: base64('u:p')}}})
    expect(await find('quay.io/app')).toEqual({username: 'u', password: 'p'})
    expect(problems).toEqual([
      'passing over ~/.config/containers/auth.json: is not JSON as docker login and podman login write it',
    ])
  })

  test('a file that was asked for must be there and be right', async () => {
    await expect(find('quay.io/app', {}, join(home, 'none.json'))).rejects.toThrow(
      `auth file ${join(home, 'none.json')}: does not exist`,
    )
    await expect(find('quay.io/app', {}, await file('bad.json', '["secret"]'))).rejects.toThrow(
      /bad\.json: is not JSON as docker login and podman login write it$/,
    )
    expect(await find('quay.io/app', {}, '/dev/null')).toBeUndefined()
  })
})

describe('credential helpers', () => {
  test("are asked by the registry's name, credHelpers before credsStore", async () => {
    await helper('store', `echo '{"Username": "stored", "Secret": "s1"}'`)
    await helper('cloud', `echo '{"Username": "<token>", "Secret": "t1"}'`)
    await file('.docker/config.json', {
      auths: {'https://index.docker.io/v1/': {}, 'quay.io': {}},
      credsStore: 'store',
      credHelpers: {'cloud.example': 'cloud'},
    })
    expect(await find('busybox')).toEqual({username: 'stored', password: 's1'})
    expect(await find('quay.io/app')).toEqual({username: 'stored', password: 's1'})
    expect(await find('cloud.example/app')).toEqual({identityToken: 't1'})
    expect(await readFile(join(home, 'asked'), 'utf8')).toBe(
      'get https://index.docker.io/v1/\nget quay.io\nget cloud.example\n',
    )
    expect(problems).toEqual([])
  })

  test('one that knows nothing is no problem; one that fails or is absent is told of, without its words', async () => {
    await helper('empty', "echo 'credentials not found in native keychain'; exit 1")
    await helper('broken', "echo 'secret words'; exit 3")
    await helper('garbage', "echo 'secret words'")
    await file('.docker/config.json', {
      credHelpers: {
        'empty.example': 'empty',
        'broken.example': 'broken',
        'garbage.example': 'garbage',
        'absent.example': 'absent',
        'evil.example': '../../bin/sh',
      },
    })
    for (const host of ['empty', 'broken', 'garbage', 'absent', 'evil'])
      expect(await find(`${host}.example/app`)).toBeUndefined()
    expect(problems).toEqual([
      '~/.docker/config.json: docker-credential-broken get ended with 3; going on without it',
      '~/.docker/config.json: docker-credential-garbage get did not answer with Username and Secret; going on without it',
      '~/.docker/config.json: docker-credential-absent is not in PATH; going on without it',
      '~/.docker/config.json: "../../bin/sh" is no name of a credential helper; going on without it',
    ])
  })
})
