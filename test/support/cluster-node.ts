import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {type ObservedCall, type Seed, type SeedPod, startDemoRuntime} from '../../src/demo/index.js'
import {type InProcessOptions, runInProcess} from './in-process.js'
import type {CliResult} from './run-cli.js'

// A node of a cluster as kubeadm makes one, on the embedded runtime, and crictl's command lines against it.

export const sleeper = 'registry.crisp.demo/sleeper:1.0'
export const busybox = 'docker.io/library/busybox:latest'

function pod(
  namespace: string,
  name: string,
  labels: Record<string, string>,
  containers: SeedPod['containers'],
): SeedPod {
  return {namespace, name, labels, containers: containers ?? []}
}

const running = (name: string) => ({name, image: sleeper})
const printing = (name: string, script: string) => ({
  name,
  image: busybox,
  command: ['/bin/sh', '-c', `${script}; exec sleep 1000`],
})

export const clusterNode: Seed = {
  pods: [
    pod('kube-system', 'etcd-cp1', {component: 'etcd', tier: 'control-plane'}, [
      printing('etcd', 'echo first; echo second; echo last'),
    ]),
    pod('kube-system', 'kube-apiserver-cp1', {component: 'kube-apiserver'}, [
      printing('kube-apiserver', 'echo wrong >&2'),
    ]),
    pod('kube-system', 'coredns-5d78c9869d-abcde', {'k8s-app': 'kube-dns'}, [running('coredns')]),
    pod('kube-system', 'kube-proxy-7k2xq', {'k8s-app': 'kube-proxy'}, [
      {name: 'kube-proxy', image: sleeper, command: ['/bin/sh', '-c', 'while sleep 0.1; do echo tick; done']},
    ]),
    pod('default', 'nginx-65899c769f-wv2gp', {run: 'nginx', app: 'web'}, [running('nginx')]),
    pod('default', 'job-7xk2p', {'job-name': 'job'}, [
      {name: 'job', image: busybox, command: ['/bin/sh', '-c', 'exit 3'], state: 'exited'},
    ]),
    {...pod('default', 'old-1', {run: 'old'}, []), ready: false},
  ],
}

/** A pod with one running container for each name, to be stopped and removed. */
export const expendable = (...names: string[]): Seed => ({
  pods: names.map((name) => pod('default', `${name}-pod`, {run: name}, [running(name)])),
})

export interface Node extends AsyncDisposable {
  /** `$web` in a line is the ID of container web, `$web13` its first 13 digits, `$web-pod` its pod's ID. */
  run(line: string, options?: InProcessOptions): Promise<CliResult & {calls?: ObservedCall[]; line: string}>
  /** The text with IDs as lines write them. */
  named(text: string): string
  /** What is there now, as `name:STATE`. */
  containers(): Promise<string[]>
  pods(): Promise<string[]>
  images(): Promise<string[]>
}

/** Whose calls are seen. */
export interface SeenNode extends Node {
  run(line: string, options?: InProcessOptions): Promise<CliResult & {calls: ObservedCall[]; line: string}>
}

const podConfig = {
  metadata: {name: 'made', namespace: 'default', uid: 'made-uid', attempt: 0},
  log_directory: '',
  linux: {cgroup_parent: ''},
}
const containerConfig = {
  metadata: {name: 'box'},
  image: {image: busybox},
  command: ['sleep', '1000'],
  log_path: 'box.log',
}

export async function startNode(seed: Seed): Promise<SeenNode> {
  const calls: ObservedCall[] = []
  const runtime = await startDemoRuntime({seed, onCall: (call) => calls.push(call)})
  return nodeOn(runtime, calls) as Promise<SeenNode>
}

/** A node on a runtime that is there already, which ends with the node; `calls` grows as the runtime is called. */
export async function nodeOn(
  runtime: {endpoint: string} & AsyncDisposable,
  calls?: ObservedCall[],
): Promise<Node> {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-dropin-'))
  await writeFile(
    join(directory, 'pod-config.json'),
    JSON.stringify({...podConfig, log_directory: directory}),
  )
  await writeFile(join(directory, 'container-config.json'), JSON.stringify(containerConfig))
  await writeFile(join(directory, 'crictl.yaml'), `runtime-endpoint: ${runtime.endpoint}\ntimeout: 10\n`)
  const listed = async <Item>(argv: string[], key: string): Promise<Item[]> => {
    const {stdout} = await runInProcess([...argv, '-o', 'json'], runtime)
    return JSON.parse(stdout)[key]
  }
  type Container = {id: string; podSandboxId: string; metadata: {name: string}; state: string}
  type Pod = {id: string; metadata: {name: string}; state: string}
  const containers = () => listed<Container>(['ps', '-a'], 'containers')
  const pods = () => listed<Pod>(['pods'], 'items')
  const ids = new Map(
    [...(await containers()), ...(await pods())].map(({id, metadata}) => [metadata.name, id]),
  )
  const known = [...ids].sort(([a], [b]) => b.length - a.length)
  const filled = (word: string) => {
    let text = word.replaceAll('$DIR', directory).replaceAll('$ENDPOINT', runtime.endpoint)
    for (const [name, id] of known)
      text = text.replaceAll(`$${name}13`, id.slice(0, 13)).replaceAll(`$${name}`, id)
    return text
  }
  const named = (text: string) =>
    known.reduce(
      (out, [name, id]) => out.replaceAll(id, `$${name}`).replaceAll(id.slice(0, 13), `$${name}13`),
      text,
    )
  return {
    named,
    run: async (line, options) => {
      calls?.splice(0)
      const argv = shellWords(line).map(filled)
      const result = await runInProcess(argv.slice(1), {endpoint: runtime.endpoint, ...options})
      return {
        ...result,
        stdout: named(result.stdout),
        ...(calls ? {calls: calls.filter(({method}) => method !== 'Version')} : {}),
        line,
      }
    },
    containers: async () =>
      (await containers()).map(({metadata, state}) => `${metadata.name}:${state.slice('CONTAINER_'.length)}`),
    pods: async () =>
      (await pods()).map(({metadata, state}) => `${metadata.name}:${state.slice('SANDBOX_'.length)}`),
    images: async () =>
      (await listed<{repoTags: string[]}>(['images'], 'images')).flatMap(({repoTags}) => repoTags),
    [Symbol.asyncDispose]: async () => {
      await runtime[Symbol.asyncDispose]()
      await rm(directory, {recursive: true, force: true})
    },
  }
}

/** A line as a shell cuts it, without its expansions. */
export function shellWords(line: string): string[] {
  const words = line.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? []
  return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double))
}
