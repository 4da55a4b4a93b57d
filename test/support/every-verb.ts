import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {connect as dial} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {CriClient} from '../../src/client/connect.js'
import {type DemoRuntimeOptions, startDemoRuntime} from '../../src/demo/index.js'
import {clientOf, containerIn, podOn, shellImage, startIn} from './demo-node.js'
import type {RunOptions} from './run-cli.js'

// One line for each verb of the command, on one embedded runtime, for what must be true of all of them.

export interface EveryVerb extends AsyncDisposable {
  endpoint: string
  client: CriClient
  /** What the commands may write to; container `talker` prints a line all the time. */
  directory: string
  env: NodeJS.ProcessEnv
  /** A line that prints something to stdout, on things of its own where it changes or removes them. */
  line(verb: string): Promise<readonly string[]>
}

/** These lines go on until they are ended. */
export const waitingVerbs: readonly string[] = [
  ...['attach', 'demo', 'events', 'exec', 'logs', 'port-forward', 'run', 'stats', 'statsp', 'metricsp'],
]

/** How a line of a verb is ended that goes on: once it has shown something, was connected to, or waits for events. */
export function endingOf(verb: string): Pick<RunOptions, 'enough' | 'saidEnough'> {
  return waitingVerbs.includes(verb) ? {enough: hasShown, saidEnough: isWaiting} : {}
}

/** With the lists made that go with events; read from a trace of any form, or what `-D` prints. */
function isWaiting(said: string): boolean {
  const hasMade = (method: string) =>
    new RegExp(`"event":"(call|begin)".*"${method}"|<- ${method}|${method} .* OK|${method} +begins`).test(
      said,
    )
  return hasMade('PortForward') || (hasMade('GetContainerEvents') && hasMade('ListPodSandbox'))
}

/** A line; of `port-forward` it is one to be connected to first. */
function hasShown(stdout: string): boolean {
  const [, port] = /127\.0\.0\.1:(\d+)/.exec(stdout) ?? []
  if (port === undefined) return stdout.includes('\n')
  const socket = dial(Number(port), '127.0.0.1', () => socket.end('x'))
  socket.on('error', () => undefined)
  return false
}

/** They print nothing on stdout. */
export const silentVerbs: readonly string[] = ['update-runtime-config']

/** What they say on stderr of a runtime that is embedded in crisp. */
export const remarks: Readonly<Record<string, string>> = {
  df: 'crisp: this runtime keeps no layers that could be looked at: sizes of images and writable layers are those that the runtime tells\n',
  processes:
    'crisp: this runtime makes no control groups and namespaces: its processes were found by their parents\n',
}

/** The embedded runtime has nothing for them: they refuse it in one line. */
export const nodeVerbs: readonly string[] = ['debug', 'enter']

/** The same, with a word that each takes. */
export const imageVerbs: Readonly<Record<string, readonly string[]>> = {
  load: ['/dev/null'],
  push: [shellImage],
  save: [shellImage],
  tag: [shellImage, 'other'],
  untag: [shellImage],
}

/** Their exit code is that of a command elsewhere. */
export const remoteVerbs: readonly string[] = ['attach', 'debug', 'enter', 'exec', 'run']

/** What must be shown by nobody but the verb whose result it is. */
export const planted = {environment: 'planted-in-environment', auth: 'planted-in-auth'}
const envs = [{key: 'PASSWORD', value: Buffer.from(planted.environment)}]

const talk = ['sh', '-c', 'while :; do echo line; sleep 0.05; done']
const sleep = ['sleep', '1000']

interface Node {
  client: CriClient
  directory: string
  pod: string
  talker: string
}

type Line = (node: Node) => Promise<readonly string[]> | readonly string[]

const lines: Record<string, Line> = {
  attach: () => ['attach', 'talker'],
  call: () => ['call', 'ListContainers'],
  checkpoint: async ({client, pod, directory}) => {
    const id = await running(client, pod)
    return ['checkpoint', '--export', join(directory, `${id}.tar`), id]
  },
  completion: () => ['completion', 'bash'],
  config: () => ['config'],
  cp: () => ['cp', 'talker:/etc/hostname', '-'],
  create: async ({pod, directory}) => {
    const name = `made-${++made}`
    const file = join(directory, `container-${name}.yaml`)
    await writeFile(file, containerText(name))
    return ['create', '--no-pull', pod, file, join(directory, 'pod.yaml')]
  },
  df: () => ['df'],
  demo: ({directory}) => ['demo', '--empty', '--socket', join(directory, `demo-${++made}.sock`)],
  describe: () => ['describe', 'talker'],
  doctor: () => ['doctor'],
  events: () => ['events'],
  exec: () => ['exec', 'talker', ...talk],
  explain: () => ['explain', 'pod'],
  imagefsinfo: () => ['imagefsinfo'],
  images: () => ['images'],
  info: () => ['info'],
  init: () => ['init', 'pod'],
  inspect: () => ['inspect', 'talker'],
  inspecti: () => ['inspecti', shellImage],
  inspectp: ({pod}) => ['inspectp', pod],
  jsonschema: () => ['jsonschema', '--pod'],
  logs: () => ['logs', '-f', 'talker'],
  metricdescs: () => ['metricdescs'],
  metricsp: () => ['metricsp', '--watch'],
  node: () => ['node', 'ls', '-o', 'json'],
  pods: () => ['pods'],
  'port-forward': ({pod}) => ['port-forward', pod, ':80'],
  processes: () => ['processes', 'talker'],
  ps: () => ['ps'],
  pull: () => ['pull', '--creds', `anna:${planted.auth}`, shellImage],
  report: ({directory}) => ['report', '--events', '0s', join(directory, `report-${++made}.tar.gz`)],
  restart: async ({client, pod}) => ['restart', '-t', '0', await running(client, pod)],
  rm: async ({client, pod}) => ['rm', '-f', await running(client, pod)],
  rmi: () => ['rmi', '--dry-run', shellImage],
  rmp: async ({client}) => ['rmp', '-f', await podOn(client)],
  run: () => ['run', '--rm', '-e', `PASSWORD=${planted.environment}`, shellImage, '--', ...talk],
  runp: async ({directory}) => {
    const name = `verbs-${++made}`
    const file = join(directory, `pod-${name}.yaml`)
    await writeFile(file, podText(name))
    return ['runp', file]
  },
  'runtime-config': () => ['runtime-config'],
  sockets: () => ['sockets', 'talker'],
  start: async ({client, pod}) => ['start', await created(client, pod)],
  stats: () => ['stats', '--watch'],
  statsp: () => ['statsp', '--watch'],
  stop: async ({client, pod}) => ['stop', await running(client, pod)],
  stopp: async ({client}) => ['stopp', await podOn(client)],
  timeline: () => ['timeline', 'talker'],
  top: () => ['top', '--once'],
  tour: () => ['tour', '--list'],
  'update-runtime-config': () => ['update-runtime-config', '--pod-cidr', '10.1.0.0/16'],
  update: async ({client, pod}) => ['update', '--memory', '64m', await running(client, pod)],
  version: () => ['version'],
  wait: () => ['wait', '--for=running', 'talker'],
  which: async ({client, talker}) => ['which', await pidOf(client, talker)],
}

export const verbs = Object.keys(lines)

let made = 0

function created(client: CriClient, pod: string): Promise<string> {
  return containerIn(client, pod, sleep, {metadata: {name: `made-${++made}`, attempt: 0}, envs})
}

function running(client: CriClient, pod: string): Promise<string> {
  return startIn(client, pod, sleep, {metadata: {name: `made-${++made}`, attempt: 0}, envs})
}

async function pidOf(client: CriClient, containerId: string): Promise<string> {
  const {info} = await client.runtime.containerStatus({containerId, verbose: true})
  return String(JSON.parse(info.info ?? '{}').pid)
}

export async function startEveryVerb(options: DemoRuntimeOptions = {}): Promise<EveryVerb> {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-verbs-'))
  const runtime = await startDemoRuntime(options)
  const client = clientOf(runtime)
  const pod = await podOn(client, {logDirectory: join(directory, 'logs')})
  const metadata = {name: 'talker', attempt: 0}
  const talker = await startIn(client, pod, talk, {metadata, envs, logPath: 'main.log'})
  const node = {client, directory, pod, talker}
  await writeFile(join(directory, 'pod.yaml'), podText('verbs'))
  return {
    endpoint: runtime.endpoint,
    client,
    directory,
    env: {XDG_RUNTIME_DIR: directory, XDG_STATE_HOME: directory},
    async line(verb) {
      return (await lines[verb]?.(node)) ?? []
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]()
      await runtime[Symbol.asyncDispose]()
      await rm(directory, {recursive: true})
    },
  }
}

function podText(name: string): string {
  return `metadata: {name: ${name}, namespace: test, uid: ${name}}\n`
}

function containerText(name: string): string {
  return `metadata: {name: ${name}}\nimage: ${shellImage}\ncommand: [sleep, "1000"]\nenvs: {PASSWORD: ${planted.environment}}\n`
}
