import {randomUUID} from 'node:crypto'
import {statSync} from 'node:fs'
import {homedir} from 'node:os'
import {join, resolve} from 'node:path'
import type {CriClient} from '../client/connect.js'
import {listPodSandboxes} from '../client/lists.js'
import {podIdOf} from '../client/names.js'
import type {Validation} from '../config-files/file.js'
import {type Reading, readSource} from '../config-files/source.js'
import {UserError} from '../errors/errors.js'
import type {Input, PodSandboxConfig} from '../generated/cri.js'
import {isGiven} from '../node/read-file.js'
import {
  type ContainerFlags,
  checkName,
  containerConfigFrom,
  nameFromImage,
  type PodFlags,
  podConfigFrom,
} from './from-flags.js'
import {cgroupParentFor, nodeDns} from './host.js'
import {createStep, newContainer, newPod, type Plan, type PullWhen, pullSteps} from './plan.js'

// The ways to say what `crisp run` makes, each as a plan.

type When = PullWhen | 'never'

/** `-f PLAN`. */
export async function planFromFile(path: string, reading: Reading, validation: Validation): Promise<Plan> {
  const {parsePlan} = await import('./plan-file.js')
  return parsePlan(await readSource(path, reading, 'plan'), validation)
}

/** Whether the words are files rather than an image and a command. */
export function areConfigFiles(words: readonly string[]): boolean {
  const [container, pod] = words
  if (container === undefined || pod === undefined) return false
  // What is no image's name is a file, and then the other is one too, even if they are not there.
  if (words.length === 2 && /^(-$|[./])|\.(ya?ml|json)$/.test(container)) return true
  return isConfigFile(container) && isConfigFile(pod)
}

export function isConfigFile(word: string): boolean {
  if (word === '-' || /\.(ya?ml|json)$/.test(word) || isGiven(word)) return true
  const stats = statSync(word, {throwIfNoEntry: false})
  return stats !== undefined && !stats.isDirectory()
}

interface FileOptions {
  runtimeHandler: string | undefined
  when: When
  validation: Validation
}

/** crictl's `run CONTAINER-CONFIG POD-CONFIG`. */
export async function planFromConfigs(
  containerFile: string,
  podFile: string,
  {runtimeHandler, when, validation, ...reading}: Reading & FileOptions,
): Promise<Plan> {
  const {readContainerConfig, readPodConfig} = await import('../config-files/configs.js')
  const container = await readContainerConfig(containerFile, reading, validation)
  const pod = await readPodConfig(podFile, reading, validation)
  return [
    ...pullSteps(when, container, pod),
    runPod(pod, runtimeHandler),
    createStep(newPod, container, pod),
    {method: 'StartContainer', request: {containerId: newContainer}},
  ]
}

export interface ImageFlags
  extends Omit<PodFlags, 'name' | 'namespace' | 'uid' | 'cgroupParent' | 'logRoot' | 'nodeDns'>,
    Omit<ContainerFlags, 'name' | 'image' | 'command' | 'envFiles' | 'stdinOnce'> {
  name?: string | undefined
  namespace?: string | undefined
  pod?: string | undefined
  runtime?: string | undefined
  'env-file'?: readonly string[] | undefined
  'cgroup-parent'?: string | undefined
  'log-directory'?: string | undefined
}

export interface Surroundings extends Reading, User {
  directory: string
  when: When
  /** The session that starts the container is the only one that stdin comes from. */
  foreground: boolean
}

/** `run IMAGE [COMMAND…]`. Asks the runtime about its cgroups and about a pod that is there already. */
export async function planFromImage(
  client: CriClient,
  image: string,
  command: readonly string[],
  flags: ImageFlags,
  surroundings: Surroundings,
): Promise<Plan> {
  const {env, when, foreground} = surroundings
  const uid = randomUUID()
  const suffixed = `${nameFromImage(image)}-${uid.slice(0, 5)}`
  const asked = flags.name === undefined ? undefined : checkName('--name', flags.name)
  const envFiles = await Promise.all(
    (flags['env-file'] ?? []).map((path) => readSource(path, surroundings, 'variables')),
  )
  const place = await placeFor(client, {...flags, name: asked ?? suffixed, uid}, surroundings)
  const name = asked ?? (flags.pod === undefined ? nameFromImage(image) : suffixed)
  const container = containerConfigFrom(
    {...flags, name, image, command, envFiles, stdinOnce: foreground},
    {env, pod: place.config},
  )
  return [
    ...pullSteps(when, container, place.config),
    ...place.steps,
    createStep(place.id, container, place.config),
    {method: 'StartContainer', request: {containerId: newContainer}},
  ]
}

interface PodPlace {
  id: string
  config: Input<PodSandboxConfig>
  steps: Plan
}

/** A pod of the container's own, or the one that `--pod` names. */
async function placeFor(
  client: CriClient,
  flags: ImageFlags & {name: string; uid: string},
  {env, uid, directory}: Surroundings,
): Promise<PodPlace> {
  if (flags.pod !== undefined) {
    const {podConfigOf} = await import('./pod-config-of.js')
    const id = await podIdOf(client, flags.pod)
    return {id, config: await podConfigOf(client, id), steps: []}
  }
  const namespace = checkName('--namespace', flags.namespace ?? 'default')
  const logDirectory = flags['log-directory']
  const config = podConfigFrom({
    ...flags,
    namespace,
    cgroupParent: flags['cgroup-parent'] ?? (await cgroupParentFor(client, flags.uid)),
    logRoot: logDirectory === undefined ? defaultLogRoot({env, uid}) : resolve(directory, logDirectory),
    nodeDns: await nodeDns(),
  })
  return {id: newPod, config, steps: [runPod(config, flags.runtime)]}
}

/** Whoever runs crisp; `uid` is undefined where users have no numbers. */
export interface User {
  env: NodeJS.ProcessEnv
  uid: number | undefined
}

/** The kubelet's place where we may write there; the runtime writes the logs, we and `crisp logs` read them. */
export function defaultLogRoot({env, uid}: User): string {
  if (uid === 0) return '/var/log/pods'
  return join(env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state'), 'crisp', 'pods')
}

function runPod(config: Input<PodSandboxConfig>, runtimeHandler: string | undefined): Plan[number] {
  return {
    method: 'RunPodSandbox',
    request: {config, ...(runtimeHandler === undefined ? {} : {runtimeHandler})},
  }
}

/** Two pods of one name are possible and of no use: a name would then mean neither. Throws UserError. */
export async function requireFreeName(client: CriClient, namespace: string, name: string): Promise<void> {
  const pods = await listPodSandboxes(client, {state: {state: 'SANDBOX_READY'}})
  if (!pods.some(({metadata}) => metadata?.name === name && metadata.namespace === namespace)) return
  throw new UserError(`there is a pod ${namespace}/${name} already`, {
    facts: {about: 'existing pod', namespace, name},
  })
}
