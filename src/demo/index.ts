import {rm} from 'node:fs/promises'
import {join} from 'node:path'
import {UserError} from '../errors/errors.js'
import {StatusError} from '../errors/status-error.js'
import {checkpointHandlers} from './calls/checkpoint-handlers.js'
import {containerHandlers} from './calls/container-handlers.js'
import {execHandlers} from './calls/exec-handlers.js'
import {imageHandlers} from './calls/image-handlers.js'
import {metricsHandlers} from './calls/metrics-handlers.js'
import {nodeHandlers} from './calls/node-handlers.js'
import {podHandlers} from './calls/pod-handlers.js'
import {statsHandlers} from './calls/stats-handlers.js'
import {Kubelet, type KubeletPace} from './kubelet/kubelet.js'
import {Children} from './processes/children.js'
import {defaultRotation, type LogRotation} from './processes/container-log.js'
import {watchMemory} from './processes/memory-limit.js'
import {type Behaviour, behaviourLike, releaseNames, wholeApi} from './server/behaviour.js'
import type {ObservedCall} from './server/call-log.js'
import type {Faults} from './server/faults.js'
import {createServer} from './server/grpc-server.js'
import type {Handlers} from './server/rpc.js'
import {publishSocket} from './server/socket.js'
import {startStreamingServer} from './server/streaming-server.js'
import {Events} from './state/events.js'
import {openTemporaryDirectory} from './state/home.js'
import {ImageStore} from './state/image-store.js'
import {Names} from './state/names.js'
import {plausibleNode} from './state/plausible-node.js'
import type {Container, Pod, Runtime} from './state/runtime.js'
import {type Seed, type SeedPod, seedImages} from './state/seed.js'
import {Store} from './state/store.js'

export type {ObservedCall} from './server/call-log.js'
export type {Faults} from './server/faults.js'
export type {Seed, SeedContainer, SeedPod} from './state/seed.js'

export interface DemoRuntimeOptions {
  /** Where to listen; in a new temporary directory by default. Rejects where something is there already. */
  socketPath?: string | undefined
  /** For the runtime's own files; new by default. It goes with the runtime. */
  directory?: string | undefined
  /** What is there at the start: nothing but images by default. */
  seed?: Seed | 'node' | 'empty' | undefined
  /** Whether a kubelet makes the pods of the seed, and what is in them, again when they end: it does not by default. */
  kubelet?: boolean | Partial<KubeletPace> | undefined
  faults?: Faults | undefined
  /** A runtime release whose missing calls and differing answers to take on, such as `containerd-1.6`. */
  like?: string | undefined
  rotation?: Partial<LogRotation> | undefined
  /** Told of every CRI call when it has ended. */
  onCall?: ((call: ObservedCall) => void) | undefined
  /** Told in one line of each request that was turned away before it was a call. */
  onRefused?: ((line: string) => void) | undefined
  version?: string | undefined
}

/** A CRI server in this process. Its end kills its containers and removes its files. */
export interface DemoRuntime extends AsyncDisposable {
  readonly endpoint: string
  readonly socketPath: string
  readonly directory: string
  /** Kills every container at once, for a process that is about to end. */
  killNow(): void
}

export async function startDemoRuntime(options: DemoRuntimeOptions = {}): Promise<DemoRuntime> {
  const behaviour = findBehaviour(options.like)
  const directory = options.directory ?? (await openTemporaryDirectory())
  const children = new Children(directory)
  const ends: (() => Promise<unknown>)[] = [
    () => rm(directory, {recursive: true, force: true}),
    () => children.killAll(),
  ]
  const end = async (): Promise<void> => {
    for (const step of ends.splice(0).reverse()) await step()
  }
  try {
    return {...(await start(options, directory, behaviour, children, ends)), [Symbol.asyncDispose]: end}
  } catch (error) {
    await end()
    throw error
  }
}

/** Adds to `ends` whatever has to be undone, in the order of its making. */
async function start(
  options: DemoRuntimeOptions,
  directory: string,
  behaviour: Behaviour,
  children: Children,
  ends: (() => Promise<unknown>)[],
): Promise<Omit<DemoRuntime, typeof Symbol.asyncDispose>> {
  const streaming = await startStreamingServer({
    ...(options.onRefused ? {onRefused: options.onRefused} : {}),
    statusFirst: behaviour.statusFirst,
    webSocketProtocols: behaviour.webSocketProtocols,
  })
  ends.push(async () => streaming[Symbol.asyncDispose]())
  const runtime: Runtime = {
    directory,
    behaviour,
    rotation: {...defaultRotation, ...options.rotation},
    pods: new Store<Pod>('pod sandbox'),
    podNames: new Names('pod sandbox', behaviour.nameInUse),
    containers: new Store<Container>('container'),
    containerNames: new Names('container', behaviour.nameInUse),
    images: new ImageStore({bareIds: behaviour.bareImageIds}),
    events: new Events(behaviour.events),
    children,
    streaming,
  }
  const handlers = {
    ...podHandlers(runtime),
    ...containerHandlers(runtime),
    ...execHandlers(runtime),
    ...imageHandlers(runtime),
    ...statsHandlers(runtime),
    ...metricsHandlers(runtime),
    ...checkpointHandlers(runtime),
    ...nodeHandlers(runtime, {
      version: options.version ?? '0.0.0',
      kubelet: Boolean(options.kubelet),
    }),
  } satisfies Handlers
  const unwatch = watchMemory(runtime)
  ends.push(async () => unwatch())
  const seed = options.seed === 'node' ? plausibleNode : options.seed === 'empty' ? {} : (options.seed ?? {})
  seedImages(runtime, seed)
  const kubelet = new Kubelet(runtime, handlers, options.kubelet === true ? {} : options.kubelet || {})
  ends.push(async () => kubelet.stop())
  await Promise.all((seed.pods ?? []).map((pod) => runSeedPod(kubelet, pod)))
  if (options.kubelet) kubelet.watch()
  const server = createServer(handlers, {
    behaviour,
    faults: options.faults ?? {},
    onCall: options.onCall ?? (() => {}),
  })
  const socketPath = options.socketPath ?? join(directory, 'cri.sock')
  const socket = await publishSocket(server, socketPath, options.onRefused ?? (() => {}))
  ends.push(async () => socket[Symbol.asyncDispose]())
  return {endpoint: `unix://${socketPath}`, socketPath, directory, killNow: () => children.killNow()}
}

async function runSeedPod(kubelet: Kubelet, pod: SeedPod): Promise<void> {
  try {
    await kubelet.runPod(pod)
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    throw new UserError(`seed: pod "${pod.name}": ${error.details}`, {cause: error})
  }
}

function findBehaviour(release: string | undefined): Behaviour {
  const behaviour = release === undefined ? wholeApi : behaviourLike(release)
  if (!behaviour) throw new Error(`"${release}" is none of ${releaseNames.join(', ')}`)
  return behaviour
}
