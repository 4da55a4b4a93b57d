// A kubelet of one pod: keeps one container running, with a pause that doubles from attempt to attempt, until Ctrl-C:
//   node examples/tiny-kubelet.mjs unix:///run/containerd/containerd.sock IMAGE COMMAND [ARGUMENT...]
import {setTimeout as sleep} from 'node:timers/promises'
import {
  connect,
  listContainers,
  listPodSandboxes,
  RpcError,
  rpcCode,
  UnreachableError,
} from 'crisp-cri/client'

const [endpoint, image, ...command] = process.argv.slice(2)
if (!image || command.length === 0) {
  console.error('usage: tiny-kubelet.mjs ENDPOINT IMAGE COMMAND [ARGUMENT...]')
  process.exit(2)
}

const firstPauseMs = Number(process.env.FIRST_PAUSE_MS ?? 10_000)
const longestPauseMs = 300_000
/** By this it finds what is its own, also what an earlier run of it has made. */
const labels = {'example.tiny-kubelet': 'yes'}

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

const said = new Set()
const client = connect({endpoint, timeoutMs: 60_000})
const {runtime} = client

let failures = 0
let hasAnswered = false
let isAway = false

try {
  for (;;) {
    try {
      await lookOnce()
      hasAnswered = true
      isAway = false
    } catch (error) {
      // A runtime that was there is being restarted: what it did last is seen when it is back.
      if (!hasAnswered || !wentAway(error)) throw error
      if (!isAway) console.error(`${error.message}; waiting until it is back`)
      isAway = true
    }
    await sleep(200, undefined, {signal: stop.signal})
  }
} catch (error) {
  if (!stop.signal.aborted) report(error)
} finally {
  await removeAll().catch(report)
  client.close()
}

async function lookOnce() {
  const pod = await readyPod()
  const containers = await listContainers(client, {podSandboxId: pod.id})
  if (containers.some(({state}) => state === 'CONTAINER_RUNNING')) return
  if (containers.length > 0) {
    await sleep(Math.min(firstPauseMs * 2 ** failures, longestPauseMs), undefined, {signal: stop.signal})
    failures++
  }
  await startAnother(pod, containers)
}

/** Nobody is at the socket, or the connection broke while a call was under way. */
function wentAway(error) {
  return (
    error instanceof UnreachableError || (error instanceof RpcError && error.code === rpcCode.unavailable)
  )
}

/** In one sentence; what is no failure of a call is a fault of this program. */
function report(error) {
  if (!(error instanceof RpcError || error instanceof UnreachableError)) throw error
  if (!said.has(error.message)) console.error(error.message)
  said.add(error.message)
  process.exitCode = 1
}

async function removeAll() {
  for (const {id} of await listPodSandboxes(client, {labelSelector: labels})) {
    await runtime.stopPodSandbox({podSandboxId: id})
    await runtime.removePodSandbox({podSandboxId: id})
  }
}

/** A sandbox that is not ready never gets ready again: then another one is made. */
async function readyPod() {
  const pods = await listPodSandboxes(client, {labelSelector: labels})
  const ready = pods.find(({state}) => state === 'SANDBOX_READY')
  if (ready) return {id: ready.id, config: configOf(ready.metadata.attempt)}
  const attempt = Math.max(-1, ...pods.map(({metadata}) => metadata?.attempt ?? 0)) + 1
  for (const {id} of pods) await runtime.removePodSandbox({podSandboxId: id})
  const config = configOf(attempt)
  const {podSandboxId} = await runtime.runPodSandbox({config})
  return {id: podSandboxId, config}
}

function configOf(attempt) {
  return {metadata: {name: 'tiny', namespace: 'default', uid: 'tiny-kubelet', attempt}, labels}
}

/** Another attempt is another container; of those before, the last one is kept for whoever asks why it failed. */
async function startAnother(pod, containers) {
  const attempts = containers.map(({id, metadata}) => ({id, attempt: metadata?.attempt ?? 0}))
  const last = Math.max(-1, ...attempts.map(({attempt}) => attempt))
  for (const {id, attempt} of attempts) if (attempt < last) await runtime.removeContainer({containerId: id})
  const {containerId} = await runtime.createContainer({
    podSandboxId: pod.id,
    config: {metadata: {name: 'main', attempt: last + 1}, image: {image}, command, labels},
    sandboxConfig: pod.config,
  })
  await runtime.startContainer({containerId})
  console.log(`attempt ${last + 1}`)
}
