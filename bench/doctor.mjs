// What `doctor` costs on a node with 200 containers, in turns with `inspect` of all of them. Medians.
//   ROUNDS=9 CONTAINERS=200 node bench/doctor.mjs
import {image, startServer} from './demo-server.mjs'

const rounds = Number(process.env.ROUNDS ?? 9)
const count = Number(process.env.CONTAINERS ?? 200)
const perPod = 4

const server = startServer()
try {
  const ids = await makeContainers()
  const lines = {
    inspect: ['inspect', ...ids],
    doctor: ['doctor', '--ignore', 'disk,kubelet,limits,pressure'],
    'doctor, every check': ['doctor'],
  }
  const times = Object.fromEntries(Object.keys(lines).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const [name, line] of Object.entries(lines)) times[name].push(elapsedMs(line))
  const base = median(times.inspect)
  console.log(`${count} containers, medians of ${rounds}`)
  for (const [name, all] of Object.entries(times)) {
    const ms = median(all)
    console.log(`${name.padEnd(22)}${ms.toFixed(0).padStart(7)} ms${(ms / base).toFixed(2).padStart(7)} x`)
  }
} finally {
  server.stop()
}

/** Created and never started, so that the machine has nothing else to do. */
async function makeContainers() {
  const client = server.client()
  const ids = []
  for (let pod = 0; pod * perPod < count; pod++) {
    const metadata = {name: `bench-${pod}`, namespace: 'bench', uid: `uid-${pod}`, attempt: 0}
    const {podSandboxId} = await client.runtime.runPodSandbox({config: {metadata}})
    for (let index = 0; index < perPod && ids.length < count; index++) {
      const config = {
        metadata: {name: `main-${index}`, attempt: 0},
        image: {image, userSpecifiedImage: image},
        command: ['sleep', '1000'],
      }
      ids.push((await client.runtime.createContainer({podSandboxId, config})).containerId)
    }
  }
  client.close()
  return ids
}

function elapsedMs(line) {
  const began = performance.now()
  try {
    server.crisp('-r', server.endpoint, ...line)
  } catch (error) {
    // Something of this machine may be broken.
    if (error.status !== 1) throw error
  }
  return performance.now() - began
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}
