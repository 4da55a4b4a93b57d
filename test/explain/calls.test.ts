import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {verbCalls} from '../../src/explain/verbs.js'
import {ended, podOn, shellImage, startIn} from '../support/demo-node.js'
import {type EveryVerb, endingOf, imageVerbs, nodeVerbs, startEveryVerb} from '../support/every-verb.js'
import {manifest, runInProcess} from '../support/in-process.js'
import {callsMade, unlikeTable} from '../support/verb-calls.js'

// What `explain VERB` says of a verb's calls is what it does: each is run, on the runtime inside crisp, and compared.

let node: EveryVerb
beforeAll(async () => {
  node = await startEveryVerb()
  await ended(node.client, await startIn(node.client, await podOn(node.client), ['false']))
})
afterAll(() => node[Symbol.asyncDispose]())

const verbs = manifest.commands.map(({id}) => id)

test('every verb has an entry, and every entry is a verb', () => {
  expect(Object.keys(verbCalls).toSorted()).toEqual(verbs.toSorted())
})

/** These make calls that only a real runtime answers; those of debug and enter are compared there by tests of their own. */
const refused = [...nodeVerbs, ...Object.keys(imageVerbs)]

const made = {count: 0}
const container = async () => {
  const metadata = {name: `calls-${++made.count}`, attempt: 0}
  await startIn(node.client, await podOn(node.client), ['sleep', '1000'], {metadata})
  return metadata.name
}
const pod = async () => {
  const id = await podOn(node.client)
  const {status} = await node.client.runtime.podSandboxStatus({podSandboxId: id})
  return `test/${status?.metadata?.name}`
}
const file = (name: string) => join(node.directory, name)

/** Lines that make the calls that a verb makes only sometimes. */
const others: Record<string, () => (Promise<string[]> | string[])[]> = {
  attach: () => [['attach', '-i', 'talker']],
  checkpoint: () => [container().then((name) => ['checkpoint', '--export', file(`${name}.tar`), name])],
  create: () => [
    Promise.all([pod(), node.line('create')]).then(([name, [, , , config = '']]) => [
      ...['create', '--with-pull', name, config],
    ]),
  ],
  exec: () => [['exec', '--sync', 'talker', 'true']],
  info: () => [['info', '-o', 'table']],
  inspectp: () => [pod().then((name) => ['inspectp', name])],
  metricsp: () => [['metricsp', '-o', 'prometheus']],
  'port-forward': () => [pod().then((name) => ['port-forward', name, ':80'])],
  pods: () => [
    ['pods', '--failed'],
    ['pods', '-o', 'tree'],
  ],
  ps: () => [
    ['ps', '-a', '--failed'],
    ['ps', '-o', 'wide'],
  ],
  rm: () => [container().then((name) => ['rm', '-f', name])],
  rmi: () => [
    ['pull', 'busybox'],
    ['rmi', 'busybox'],
    ['rmi', '--prune', '--dry-run'],
  ],
  rmp: () => [pod().then((name) => ['rmp', '-f', name])],
  run: () => [
    ['run', '-d', '--name', 'calls-run', shellImage, '--', 'sleep', '1000'],
    ['run', '--rm', '-i', shellImage, '--', 'sh', '-c', 'echo; sleep 1000'],
    ['run', '-d', '--with-pull', shellImage, '--', 'sleep', '1000'],
  ],
  start: () => [node.line('start').then(([verb = '', id = '']) => [verb, '--wait', id.slice(0, 20)])],
  restart: () => [container().then((name) => ['restart', '-t', '0', name])],
  stop: () => [container().then((name) => ['stop', '-t', '0', '--wait', name])],
  stopp: () => [pod().then((name) => ['stopp', '--wait', name])],
  update: () => [['update', '--memory', '64m', 'talker']],
  wait: () => [
    pod().then((name) => ['wait', '--for=ready', name]),
    ['wait', '--for=exited', '--timeout', '1s', 'talker'],
    ['wait', '--for=runtime'],
  ],
}

/** What the runtime inside crisp, or this machine, gives no occasion for. */
const elsewhere: Record<string, string[]> = {
  attach: ['ContainerStatus'],
  cp: ['ContainerStatus'],
  doctor: ['ListContainerStats'],
  restart: ['Status'],
}

async function run(argv: readonly string[]): Promise<string> {
  const {stderr} = await runInProcess([...argv.slice(0, 1), '--trace=json', ...argv.slice(1)], {
    ...{endpoint: node.endpoint, env: node.env},
    ...endingOf(argv[0] ?? ''),
  })
  return stderr
}

describe('each verb calls what is told of it', () => {
  test.each(verbs.filter((verb) => !refused.includes(verb)))('%s', async (verb) => {
    const lines = [await node.line(verb), ...(await Promise.all(others[verb]?.() ?? []))]
    const seen = new Set<string>()
    for (const argv of lines) {
      const stderr = await run(argv)
      if (argv[0] !== verb) continue
      const calls = callsMade(stderr)
      for (const method of calls) seen.add(method)
      if (verb !== 'call')
        expect(unlikeTable(verb, calls), `${argv.join(' ')}\n${calls.join(' ')}`).toEqual([])
    }
    const told = (verbCalls[verb] ?? []).flatMap(({method}) => method ?? [])
    const unseen = told.filter((method) => !seen.has(method) && !elsewhere[verb]?.includes(method))
    expect(unseen).toEqual([])
  })
})
