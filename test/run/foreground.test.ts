import {appendFileSync, writeFileSync} from 'node:fs'
import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import type {StreamHandler} from '../../src/demo/server/streaming-server.js'
import {rpcCode} from '../../src/errors/errors.js'
import {type FakeNode, startFakeNode, webId} from '../support/fake-node.js'
import {type Answer, id, status} from '../support/fake-runtime.js'
import {runCli} from '../support/run-cli.js'

let directory: string
let logPath: string
/** Of the one container. */
let state: {state: 'CONTAINER_RUNNING' | 'CONTAINER_EXITED'; exitCode?: number}
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-foreground-'))
  logPath = join(directory, 'web.log')
  writeFileSync(logPath, '')
  state = {state: 'CONTAINER_RUNNING'}
})
afterEach(() => rm(directory, {recursive: true}))

function log(text: string): void {
  appendFileSync(logPath, `2026-03-14T02:51:09.000000000Z stdout F ${text}\n`)
}

function exit(exitCode: number): void {
  state = {state: 'CONTAINER_EXITED', exitCode}
}

/** A runtime whose one container does in an attach what the test says. */
function startNode(attach: StreamHandler, answers: Record<string, Answer> = {}): Promise<FakeNode> {
  return startFakeNode({
    attach,
    answers: {
      ImageStatus: {image: {id: 'sha256:1'}},
      RunPodSandbox: {podSandboxId: id('b1')},
      CreateContainer: {containerId: webId},
      StartContainer: {},
      Status: {},
      ContainerStatus: () => ({status: {id: webId, logPath, ...state}}),
      ...answers,
    },
  })
}

function run({endpoint}: FakeNode, flag: string, stdin = '') {
  return runCli(['run', flag, '--log-directory', directory, 'image'], {endpoint, stdin})
}

const never = () => new Promise<never>(() => undefined)

test('-i: the container ends before crisp is attached', async () => {
  await using node = await startNode(never, {
    Attach: () => {
      log('all of it')
      // The runtime itself has not noticed yet.
      setTimeout(() => exit(5), 100)
      throw status(rpcCode.unknown, 'container is in CONTAINER_EXITED state')
    },
  })
  expect(await run(node, '-i')).toEqual({stdout: 'all of it\n', stderr: '', exitCode: 5})
})

test('-i: the container ends while input is left and the session stays open', async () => {
  await using node = await startNode(async () => {
    log('all of it')
    exit(5)
    return never()
  })
  expect(await run(node, '-i', 'input\n')).toEqual({stdout: 'all of it\n', stderr: '', exitCode: 5})
})

test('-i: an attach that fails while the container still runs is an error', async () => {
  await using node = await startNode(async () => ({failure: 'out of order'}))
  expect(await run(node, '-i')).toEqual({
    stdout: '',
    stderr: expect.stringMatching(/^crisp: the container keeps running: .*\ncrisp: out of order\n$/),
    exitCode: 125,
  })
})

test('-i: the input arrives, the output is the log, and nothing of it comes twice', async () => {
  await using node = await startNode(async ({stdin, stdout, stderr}) => {
    if (stdout || stderr) return {failure: 'asked for more than stdin'}
    for await (const chunk of stdin ?? []) log(`got ${String(chunk).trim()}`)
    setTimeout(() => exit(6), 50)
    return {exitCode: 0}
  })
  expect(await run(node, '-i', 'input\n')).toEqual({stdout: 'got input\n', stderr: '', exitCode: 6})
})

const missing = 'crisp: what it printed before crisp was attached is missing here: without -t nothing is\n'

test.each([
  ['is said', ['early', 'late'], missing],
  ['is not there', ['late'], ''],
  ['is no more than a prompt', ['/ # late'], ''],
])('-t: what came before the attach %s', async (_, lines, stderr) => {
  await using node = await startNode(async ({stdout}) => {
    for (const line of lines) log(line)
    stdout?.write('late\n')
    exit(7)
    return {exitCode: 0}
  })
  expect(await run(node, '-t')).toEqual({stdout: 'late\n', stderr, exitCode: 7})
})
