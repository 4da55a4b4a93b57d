import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdir, rm} from 'node:fs/promises'
import {dirname} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest'
import type {CriClient} from '../../src/client/connect.js'
import {type DemoRuntime, startDemoRuntime} from '../../src/demo/index.js'
import {clientOf, ended, podOn, shellImage, startIn} from '../support/demo-node.js'
import {outcomeOf} from '../support/run-cli.js'

let runtime: DemoRuntime
let client: CriClient
beforeAll(async () => {
  runtime = await startDemoRuntime()
  client = clientOf(runtime)
})
afterAll(async () => {
  client.close()
  await runtime[Symbol.asyncDispose]()
})

function start(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  endpoint = runtime.endpoint,
) {
  const file = fileURLToPath(new URL(`../../examples/${name}.mjs`, import.meta.url))
  const child = spawn(process.execPath, [file, endpoint, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {PATH: process.env.PATH, ...env},
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk
  })
  return {child, outcome: outcomeOf(child), shows: (text: RegExp) => expect.poll(() => shown).toMatch(text)}
}

const podsNow = async () => (await client.runtime.listPodSandbox({})).items.length

test('run-a-pod: the exit code is the container’s, and nothing is left', async () => {
  const before = await podsNow()
  expect(await start('run-a-pod', [shellImage, 'sh', '-c', 'exit 3']).outcome).toEqual({
    stdout: 'exited with 3\n',
    stderr: '',
    exitCode: 3,
  })
  expect(await podsNow()).toBe(before)
})

test('run-a-pod: a failure says which call it was', async () => {
  const {stdout, stderr, exitCode} = await start('run-a-pod', ['registry.invalid/absent:1', 'true']).outcome
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1})
  expect(stderr).toMatch(/^PullImage failed: /)
})

test('list-and-watch: what runs, then what happens, until Ctrl-C', async () => {
  const pod = await podOn(client)
  const first = await startIn(client, pod, ['sleep', '1000'], {metadata: {name: 'first', attempt: 0}})
  const {child, outcome, shows} = start('list-and-watch', [])
  await shows(new RegExp(`^${first.slice(0, 13)}  CONTAINER_RUNNING  first$`, 'm'))
  const second = await startIn(client, pod, ['true'], {metadata: {name: 'second', attempt: 0}})
  await ended(client, second)
  await shows(new RegExp(`^${second.slice(0, 13)}  CONTAINER_STOPPED_EVENT  second$`, 'm'))
  child.kill('SIGINT')
  expect(await outcome).toMatchObject({stderr: '', exitCode: 0})
})

test('tiny-kubelet: another attempt after each end, one more container at most, and nothing is left', async () => {
  const before = await podsNow()
  const {child, outcome, shows} = start('tiny-kubelet', [shellImage, 'false'], {FIRST_PAUSE_MS: '1'})
  await shows(/attempt 0\nattempt 1\nattempt 2\n/)
  const {containers} = await client.runtime.listContainers({
    filter: {labelSelector: {'example.tiny-kubelet': 'yes'}},
  })
  expect(containers.length).toBeLessThanOrEqual(2)
  child.kill('SIGINT')
  expect(await outcome).toMatchObject({stderr: '', exitCode: 0})
  expect(await podsNow()).toBe(before)
})

test('tiny-kubelet: a runtime that is restarted is waited for', async () => {
  const first = await startDemoRuntime()
  const {socketPath} = first
  const {child, outcome, shows} = start('tiny-kubelet', [shellImage, 'sleep', '1000'], {}, first.endpoint)
  await shows(/^attempt 0\n$/)
  await first[Symbol.asyncDispose]()
  await once(child.stderr, 'data')
  await mkdir(dirname(socketPath), {recursive: true})
  onTestFinished(() => rm(dirname(socketPath), {recursive: true, force: true}))
  await using _ = await startDemoRuntime({socketPath})
  // This one has forgotten all of it.
  await shows(/^attempt 0\nattempt 0\n$/)
  child.kill('SIGINT')
  const {stderr, exitCode} = await outcome
  expect(exitCode).toBe(0)
  expect(stderr).toMatch(/; waiting until it is back\n$/)
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
})

test.each(['run-a-pod', 'list-and-watch', 'tiny-kubelet'])('%s: no runtime is a sentence', async (name) => {
  const {stdout, stderr, exitCode} = await start(name, [shellImage, 'true'], {}, 'unix:///nonexistent')
    .outcome
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1})
  expect(stderr).toBe('no container runtime at /nonexistent: absent\n')
})

test.each(['run-a-pod', 'tiny-kubelet'])('%s: without an image it says what it wants', async (name) => {
  expect(await start(name, []).outcome).toEqual({
    stdout: '',
    stderr: `usage: ${name}.mjs ENDPOINT IMAGE COMMAND [ARGUMENT...]\n`,
    exitCode: 2,
  })
})

test('list-and-watch: ends when nobody reads it any more', async () => {
  const {child} = start('list-and-watch', [])
  const ending = new Promise((resolve) => child.once('exit', resolve))
  child.stdout.destroy()
  const pod = await podOn(client)
  for (let count = 0; count < 3; count++)
    await ended(
      client,
      await startIn(client, pod, ['true'], {metadata: {name: `unread-${count}`, attempt: 0}}),
    )
  expect(await ending).toBe(0)
})
