// Makes a pod with one container, waits for its end, says how it ended and removes all of it:
//   node examples/run-a-pod.mjs unix:///run/containerd/containerd.sock IMAGE COMMAND [ARGUMENT...]
import {randomUUID} from 'node:crypto'
import {setTimeout as sleep} from 'node:timers/promises'
import {connect, RpcError, UnreachableError} from 'crisp-cri/client'

const [endpoint, image, ...command] = process.argv.slice(2)
if (!image || command.length === 0) {
  console.error('usage: run-a-pod.mjs ENDPOINT IMAGE COMMAND [ARGUMENT...]')
  process.exit(2)
}

const client = connect({endpoint, timeoutMs: 60_000})
const {runtime, image: images} = client

const config = {
  metadata: {name: 'example', namespace: 'default', uid: randomUUID(), attempt: 0},
  linux: {securityContext: {namespaceOptions: {network: 'POD', pid: 'CONTAINER', ipc: 'POD'}}},
}

try {
  // An image that is not there is no error: the answer has none.
  const {image: found} = await images.imageStatus({image: {image}})
  if (!found) await images.pullImage({image: {image}, sandboxConfig: config}, {timeoutMs: 600_000})

  const {podSandboxId} = await runtime.runPodSandbox({config})
  try {
    const {containerId} = await runtime.createContainer({
      podSandboxId,
      config: {metadata: {name: 'main', attempt: 0}, image: {image}, command, logPath: 'main.log'},
      sandboxConfig: config,
    })
    await runtime.startContainer({containerId})
    process.exitCode = await exitCodeOf(containerId)
    console.log(`exited with ${process.exitCode}`)
  } finally {
    // Both are safe to repeat, and the containers go with the pod.
    await runtime.stopPodSandbox({podSandboxId})
    await runtime.removePodSandbox({podSandboxId})
  }
} catch (error) {
  if (error instanceof RpcError) console.error(`${error.method} failed: ${error.details}`)
  else if (error instanceof UnreachableError) console.error(error.message)
  else throw error
  process.exitCode = 1
} finally {
  client.close()
}

/** No call waits for an end: whoever wants to know looks, or listens to the events where the runtime has them. */
async function exitCodeOf(containerId) {
  for (;;) {
    const {status} = await runtime.containerStatus({containerId})
    if (status?.state === 'CONTAINER_EXITED') return status.exitCode
    await sleep(200)
  }
}
