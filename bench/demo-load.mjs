// How much memory the embedded runtime takes for many pods and created containers.
//   node bench/demo-load.mjs [--pods=1000] [--containers=5] (per pod)
import {argument, image, inParallel, startServer} from './demo-server.mjs'

const pods = argument('pods', 1000)
const perPod = argument('containers', 5)
const limitMb = 500

const server = startServer()
try {
  const client = server.client()
  const startedMs = performance.now()
  await inParallel(pods, 20, async (index) => {
    const metadata = {name: `pod-${index}`, namespace: `ns-${index % 20}`, uid: `uid-${index}`, attempt: 0}
    const labels = {
      app: `app-${index % 50}`,
      'io.kubernetes.pod.name': metadata.name,
      'io.kubernetes.pod.namespace': metadata.namespace,
      'io.kubernetes.pod.uid': metadata.uid,
    }
    const {podSandboxId} = await client.runtime.runPodSandbox({config: {metadata, labels}})
    for (let number = 0; number < perPod; number++) {
      const name = `container-${number}`
      await client.runtime.createContainer({
        podSandboxId,
        config: {
          metadata: {name, attempt: 0},
          image: {image},
          command: ['/bin/sleep', '1000'],
          labels: {...labels, 'io.kubernetes.container.name': name},
        },
      })
    }
  })
  const createdMs = performance.now()
  client.close()
  const listed = server.crisp('-r', 'demo', 'ps', '-a').trimEnd().split('\n').length - 1
  const listedMs = performance.now()
  const memoryMb = server.memoryMb()
  console.log(`created ${pods} pods, ${pods * perPod} containers in ${seconds(createdMs - startedMs)} s`)
  console.log(`crisp ps -a listed ${listed} containers in ${seconds(listedMs - createdMs)} s`)
  console.log(`memory of the server: ${memoryMb.toFixed(0)} MB (limit ${limitMb} MB)`)
  if (listed !== pods * perPod || memoryMb > limitMb) process.exitCode = 1
} finally {
  server.stop()
}

function seconds(ms) {
  return (ms / 1000).toFixed(1)
}
