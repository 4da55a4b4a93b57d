import {appendFileSync, mkdirSync} from 'node:fs'
import {dirname} from 'node:path'
import {expect, test} from 'vitest'
import {type FakeNode, startFakeNode, type TestContainer} from '../support/fake-node.js'
import {record, records} from '../support/log-files.js'
import {LogWriter} from '../support/log-writer.js'
import {type Cli, startCli} from '../support/run-cli.js'

const app: TestContainer = {pod: 'web-1', name: 'app'}

function write(node: FakeNode, container: TestContainer, text: string): void {
  mkdirSync(dirname(node.logOf(container)), {recursive: true})
  appendFileSync(node.logOf(container), text)
}

/** A running command whose output can be waited for. */
class Following implements AsyncDisposable {
  readonly cli: Cli
  readonly ended: Promise<number | null>
  stdout = ''
  stderr = ''
  #changed = () => {}

  constructor(node: FakeNode, ...argv: string[]) {
    this.cli = startCli(['logs', '-f', ...argv], node)
    this.ended = new Promise((resolve) => this.cli.once('close', resolve))
    this.cli.stdout.on('data', (chunk: Buffer) => {
      this.stdout += chunk
      this.#changed()
    })
    this.cli.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk
      this.#changed()
    })
  }

  async until(text: string): Promise<void> {
    while (!`${this.stdout}${this.stderr}`.includes(text))
      await new Promise<void>((resolve) => {
        this.#changed = resolve
      })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cli.kill('SIGKILL')
    await this.ended
  }
}

test('what is added is shown, until the container and its pod have ended', async () => {
  await using node = await startFakeNode({containers: [{...app}]})
  write(node, app, records(0, 20))
  await using following = new Following(node, 'app', '--tail', '2')
  await following.until('line 19\n')
  write(node, app, record(20, 'half ', {tag: 'P'}))
  await following.until('half')
  write(node, app, record(21, 'and half') + record(22, 'last'))
  await following.until('last\n')
  node.endedPods.add('web-1')
  Object.assign(node.containers[0] ?? {}, {state: 'CONTAINER_EXITED'})
  expect(await following.ended).toBe(0)
  expect(following.stdout).toBe('line 18\nline 19\nhalf and half\nlast\n')
  expect(following.stderr).toBe('')
})

test('Ctrl-C ends it with 130', async () => {
  await using node = await startFakeNode({containers: [{...app}]})
  write(node, app, records(0, 1))
  await using following = new Following(node, 'app')
  await following.until('line 0\n')
  following.cli.kill('SIGINT')
  expect(await following.ended).toBe(130)
})

test('-f continues with the next attempts and says how each one ended', async () => {
  await using node = await startFakeNode({containers: [{...app}]})
  write(node, app, record(0, 'first'))
  await using following = new Following(node, 'app')
  await following.until('first\n')

  Object.assign(node.containers[0] ?? {}, {state: 'CONTAINER_EXITED', exitCode: 137, reason: 'OOMKilled'})
  await following.until('waiting for the next attempt')
  write(node, {...app, attempt: 1}, record(1, 'second'))
  node.containers.push({...app, attempt: 1})
  await following.until('second\n')

  // Two restarts between two looks: the runtime remembers only the last, the file of the other is there.
  Object.assign(node.containers[1] ?? {}, {state: 'CONTAINER_EXITED', exitCode: 1, reason: 'Error'})
  write(node, {...app, attempt: 2}, record(2, 'third'))
  write(node, {...app, attempt: 3}, record(3, 'fourth'))
  node.containers.push({...app, attempt: 3})
  await following.until('fourth\n')

  Object.assign(node.containers[2] ?? {}, {state: 'CONTAINER_EXITED'})
  node.endedPods.add('web-1')
  expect(await following.ended).toBe(0)
  expect(following.stdout).toBe('first\nsecond\nthird\nfourth\n')
  expect(following.stderr.split('\n')).toEqual([
    'crisp: default/web-1/app: attempt 0 exited with 137 (OOMKilled); waiting for the next attempt (Ctrl-C ends this, --once does not wait)',
    'crisp: default/web-1/app: attempt 0 exited with 137 (OOMKilled); attempt 1 follows',
    'crisp: default/web-1/app: attempt 1 exited with 1 (Error); attempt 2 follows',
    'crisp: default/web-1/app: attempt 2 has ended; attempt 3 follows',
    '',
  ])
})

test.each<[string, Partial<TestContainer>, string[]]>([
  ['--once', {}, ['--once']],
  ['a container that `run` made, which has the kubelet’s labels', {madeByHand: true}, []],
  ['a container that nobody restarts', {madeByHand: true, unlabelled: true}, []],
])('%s: it ends with the container', async (_, more, argv) => {
  await using node = await startFakeNode({
    containers: [{...app, ...more, state: 'CONTAINER_EXITED', exitCode: 2}],
  })
  write(node, app, record(0, 'all') + record(1, 'no end', {tag: 'P'}))
  await using following = new Following(node, 'app', ...argv)
  expect(await following.ended).toBe(0)
  expect({stdout: following.stdout, stderr: following.stderr}).toEqual({stdout: 'all\nno end', stderr: ''})
})

test('-f with a selector follows containers as they start and end', async () => {
  const sidecar: TestContainer = {pod: 'web-2', name: 'sidecar'}
  await using node = await startFakeNode({containers: [{...app}]})
  node.podLabels = {'web-1': {app: 'web'}, 'web-2': {app: 'web'}, 'db-0': {app: 'db'}}
  write(node, app, record(0, 'one'))
  await using following = new Following(node, '-l', 'app=web')
  await following.until('one\n')

  write(node, sidecar, record(1, 'joined'))
  write(node, {pod: 'db-0', name: 'db'}, record(1, 'not wanted'))
  node.containers.push({...sidecar}, {pod: 'db-0', name: 'db'})
  await following.until('joined\n')

  Object.assign(node.containers[0] ?? {}, {state: 'CONTAINER_EXITED'})
  node.endedPods.add('web-1')
  write(node, sidecar, record(2, 'goes on'))
  await following.until('goes on\n')
  following.cli.kill('SIGINT')
  expect(await following.ended).toBe(130)
  expect(following.stdout).toBe('app | one\nweb-2/sidecar | joined\nweb-2/sidecar | goes on\n')
})

/** It is stopped, to be continued with SIGCONT, and meanwhile lines 10 to 309 come with three rotations. */
function stopThroughRotations({cli}: Following, writer: LogWriter): void {
  cli.kill('SIGSTOP')
  for (const from of [10, 110, 210]) {
    writer.write(records(from, from + 99))
    writer.rotate(records(from + 99, from + 100))
  }
}

test.each(['rename', 'truncate'] as const)(
  'stopped while the log is rotated three times by %s: every line once, in order',
  async (rotation) => {
    await using node = await startFakeNode({containers: [{...app}]})
    const writer = new LogWriter(node.logOf(app), {rotation, compress: true})
    writer.write(records(0, 10))
    await using following = new Following(node, 'app')
    await following.until('line 9\n')
    stopThroughRotations(following, writer)
    writer.write(records(310, 320))
    following.cli.kill('SIGCONT')
    await following.until('line 319\n')
    writer.close()
    expect(following.stdout).toBe(Array.from({length: 320}, (_, index) => `line ${index}\n`).join(''))
    expect(following.stderr).toBe('')
  },
)

test.each(['rename', 'truncate'] as const)(
  'stopped while the log is rotated by %s, and its container ends with nothing in the last file: every line once',
  async (rotation) => {
    await using node = await startFakeNode({containers: [{...app}]})
    const writer = new LogWriter(node.logOf(app), {rotation, compress: false})
    writer.write(records(0, 10))
    await using following = new Following(node, 'app')
    await following.until('line 9\n')
    stopThroughRotations(following, writer)
    writer.close()
    Object.assign(node.containers[0] ?? {}, {state: 'CONTAINER_EXITED'})
    node.endedPods.add('web-1')
    following.cli.kill('SIGCONT')
    expect(await following.ended).toBe(0)
    expect(following.stdout).toBe(Array.from({length: 310}, (_, index) => `line ${index}\n`).join(''))
    expect(following.stderr).toBe('')
  },
)

test('a log that is emptied without a copy is read on from its beginning, which is said', async () => {
  await using node = await startFakeNode({containers: [{...app}]})
  const path = node.logOf(app)
  write(node, app, records(0, 5))
  await using following = new Following(node, 'app')
  await following.until('line 4\n')
  const {truncateSync} = await import('node:fs')
  truncateSync(path)
  write(node, app, record(6, 'new'))
  await following.until('new\n')
  await following.until('beginning\n')
  expect(following.stderr).toBe(`crisp: the log ${path} was emptied: reading on from its beginning\n`)
})
