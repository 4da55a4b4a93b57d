import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {CriClient} from '../../src/client/connect.js'
import {verbCalls} from '../../src/explain/verbs.js'
import {ended, podOn, shellImage, startIn} from '../support/demo-node.js'
import {type EveryVerb, endingOf, imageVerbs, nodeVerbs, startEveryVerb} from '../support/every-verb.js'
import {manifest, runInProcess} from '../support/in-process.js'
import {textOnTerminal} from '../support/terminal-text.js'
import {callsMade, unlikeTable} from '../support/verb-calls.js'

// What `explain VERB` says of a verb's calls is what it does: each is run, on the runtime inside crisp, and compared.

let node: EveryVerb
/** Runtimes that some calls are made of alone. */
const alike: EveryVerb[] = []
beforeAll(async () => {
  node = await startEveryVerb()
  alike.push(await startEveryVerb({like: 'crio-1.36'}), await startEveryVerb({like: 'containerd-1.6'}))
  for (const each of [node, ...alike]) await addKubeletsPod(each)
})
afterAll(async () => {
  for (const each of [node, ...alike]) await each[Symbol.asyncDispose]()
})

/** With a container that has ended, or goes on with another command. */
async function addKubeletsPod({client}: EveryVerb, command = ['false']): Promise<string> {
  await client.image.pullImage({image: {image: shellImage}})
  const pod = await podOn(client, {annotations: {'kubernetes.io/config.source': 'api'}})
  const annotations = {'io.kubernetes.container.restartCount': '0'}
  const id = await startIn(client, pod, command, {annotations})
  if (command[0] === 'false') await ended(client, id)
  return pod
}

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
    ['pods', '-o', 'wide'],
  ],
  ps: () => [
    ['ps', '-a', '--failed'],
    ['ps', '-o', 'wide'],
    ['ps', '--resolve-image-path'],
  ],
  logs: () => [['logs', '--reopen', '-f', 'talker']],
  rm: () => [
    container().then((name) => ['rm', '-f', name]),
    addKubeletsPod(node).then((id) => ['rm', '-f', '--pod', id]),
  ],
  rmi: () => [
    ['pull', 'busybox'],
    ['rmi', 'busybox'],
    ['rmi', '--prune', '--dry-run'],
  ],
  rmp: () => [
    pod().then((name) => ['rmp', '-f', name]),
    addKubeletsPod(node).then((id) => ['rmp', '-f', id]),
  ],
  run: () => [
    ['run', '-d', '--name', 'calls-run', shellImage, '--', 'sleep', '1000'],
    ['run', '--rm', '-i', shellImage, '--', 'sh', '-c', 'echo; sleep 1000'],
    ['run', '-d', '--with-pull', shellImage, '--', 'sleep', '1000'],
  ],
  start: () => [node.line('start').then(([verb = '', id = '']) => [verb, '--wait', id.slice(0, 20)])],
  restart: () => [container().then((name) => ['restart', '-t', '0', name])],
  stats: () => [['stats', '-o', 'wide']],
  stop: () => [
    container().then((name) => ['stop', '-t', '0', '--wait', name]),
    addKubeletsPod(node, ['sleep', '1000']).then((id) => ['stop', '-t', '0', '--pod', id]),
  ],
  stopp: () => [
    pod().then((name) => ['stopp', '--wait', name]),
    addKubeletsPod(node).then((id) => ['stopp', id]),
  ],
  update: () => [['update', '--memory', '64m', 'talker']],
  wait: () => [
    pod().then((name) => ['wait', '--for=ready', name]),
    ['wait', '--for=exited', '--timeout', '1s', 'talker'],
    ['wait', '--for=runtime'],
  ],
}

/** An ID that crisp takes as it is, of what is not there. */
const gone = 'f'.repeat(64)
const busyPod = async (client: CriClient) => {
  const pod = await podOn(client)
  await startIn(client, pod, ['sleep', '1000'])
  return pod
}

/** Lines for a runtime like CRI-O. */
const onCrio: Record<string, (node: EveryVerb) => Promise<string[]> | string[]> = {
  attach: () => ['attach', gone],
  create: async ({client, directory}) => {
    const file = join(directory, 'no-image.yaml')
    await writeFile(file, 'metadata: {name: main}\nimage: {image: none, user_specified_image: none}\n')
    return ['create', await podOn(client), file]
  },
  exec: () => ['exec', gone, 'true'],
  rmp: async ({client}) => ['rmp', '-f', await busyPod(client)],
  run: () => ['run', '--rm', shellImage, '--', 'true'],
  stopp: async ({client}) => ['stopp', await busyPod(client)],
  update: () => ['update', '--memory', '64m', gone],
}

/** Lines that make calls only for whoever looks at a terminal. */
const onTerminal: Record<string, () => Promise<string[]> | string[]> = {
  create: async () => ['create', '--with-pull', ...(await node.line('create')).slice(-3)],
  pull: () => ['pull', shellImage],
  run: () => ['run', '-d', '--with-pull', shellImage, '--', 'sleep', '1000'],
}

/** What no runtime inside crisp, or this machine, gives an occasion for. */
const elsewhere: Record<string, string[]> = {
  cp: ['ContainerStatus', 'Version'],
  doctor: ['ListContainerStats'],
  'port-forward': ['Version'],
  restart: ['Status'],
  start: ['Version', 'GetContainerEvents'],
  stop: ['Version', 'GetContainerEvents'],
  stopp: ['GetContainerEvents'],
}

interface Flag {
  name: string
  type: string
  default?: unknown
  complete?: unknown
}

/** Every switch, and every form that only some verbs have; without switches that make a verb go on. */
function flagsOf(verb: string): string[] {
  const flags: readonly Flag[] = manifest.commands.find(({id}) => id === verb)?.flags ?? []
  return flags.flatMap(({name, type, complete, default: usual}) => {
    if (type === 'boolean') return goesOn.includes(name) ? [] : [`--${name}`]
    if (name !== 'output' || !Array.isArray(complete)) return []
    return (complete as string[])
      .filter((word) => word !== usual && /^(table|wide|tree|prometheus)$/.test(word))
      .map((word) => `--output=${word}`)
  })
}
/** Of verbs whose own line goes on, which a switch could hide. */
const ending: Record<string, string[]> = {
  exec: ['exec', 'talker', 'true'],
  run: ['run', '--rm', shellImage, '--', 'true'],
}
const goesOn: readonly string[] = ['watch', 'follow', 'detach', 'stdin', 'tty', 'poll']

async function callsOf(argv: readonly string[], {endpoint, env}: EveryVerb): Promise<string[]> {
  const {stderr} = await runInProcess([...argv.slice(0, 1), '--trace=json', ...argv.slice(1)], {
    ...{endpoint, env},
    ...endingOf(argv[0] ?? ''),
  })
  return callsMade(stderr)
}

/** Some are made only for whoever looks at a terminal. */
async function callsOnTerminal(argv: readonly string[], {endpoint, env}: EveryVerb): Promise<string[]> {
  const trace = file(`${++made.count}.jsonl`)
  const [verb = '', ...words] = argv
  await textOnTerminal([verb, '--trace=json', `--trace-file=${trace}`, ...words], {
    columns: 80,
    endpoint,
    env,
  })
  return callsMade(await readFile(trace, 'utf8'))
}

/** The methods of a verb's table, and those that are not in it. */
const inTable = (verb: string) => (verbCalls[verb] ?? []).flatMap(({method}) => method ?? [])
const untold = (verb: string, calls: readonly string[]) =>
  calls.filter((method) => !inTable(verb).includes(method))

/** Making calls of the user's own, or none that are in a table. */
const free = ['call']

describe('each verb calls what is told of it', () => {
  test.each(verbs.filter((verb) => !refused.includes(verb) && !free.includes(verb)))('%s', async (verb) => {
    const lines = [await node.line(verb), ...(await Promise.all(others[verb]?.() ?? []))]
    const seen = new Set<string>()
    for (const argv of lines) {
      const calls = await callsOf(argv, node)
      if (argv[0] !== verb) continue
      for (const method of calls) seen.add(method)
      expect(unlikeTable(verb, calls), `${argv.join(' ')}\n${calls.join(' ')}`).toEqual([])
    }
    const [crio, old] = alike as [EveryVerb, EveryVerb]
    const more = [
      await callsOf(await crio.line(verb), crio),
      await callsOf(await old.line(verb), old),
      ...(onCrio[verb] ? [await callsOf(await onCrio[verb](crio), crio)] : []),
      ...(onTerminal[verb] ? [await callsOnTerminal(await onTerminal[verb](), node)] : []),
    ]
    for (const calls of more) {
      for (const method of calls) seen.add(method)
      expect(untold(verb, calls), calls.join(' ')).toEqual([])
    }
    const unseen = inTable(verb).filter((method) => !seen.has(method) && !elsewhere[verb]?.includes(method))
    expect(unseen).toEqual([])
  })

  test.each(verbs.filter((verb) => !refused.includes(verb) && inTable(verb).length > 0))(
    '%s, with each of its flags',
    async (verb) => {
      const surprises: string[] = []
      for (const flag of flagsOf(verb)) {
        const [, ...words] = ending[verb] ?? (await node.line(verb))
        const calls = untold(verb, await callsOf([verb, flag, ...words], node))
        surprises.push(...calls.map((method) => `${flag}: ${method}`))
      }
      expect(surprises).toEqual([])
    },
  )

  test.each([...nodeVerbs, ...Object.keys(imageVerbs)])('%s, up to where a demo is refused', async (verb) => {
    const line =
      (await node.line(verb)).length > 0
        ? await node.line(verb)
        : [verb, ...(imageVerbs[verb] ?? ['talker', 'true'])]
    const calls = await callsOf(line, node)
    expect(calls).toContain('Version')
    expect(untold(verb, calls)).toEqual([])
  })
})
