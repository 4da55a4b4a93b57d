// Ten clients that create, exec, stop and remove in one embedded runtime at once, and what is left over.
//   node bench/demo-clients.mjs [--clients=10] [--seconds=60 | --rounds=N]
import {execFileSync} from 'node:child_process'
import {argument, image, startServer} from './demo-server.mjs'

const clients = argument('clients', 10)
const mostRounds = argument('rounds', Number.POSITIVE_INFINITY)
const seconds = argument('seconds', mostRounds === Number.POSITIVE_INFINITY ? 60 : Number.POSITIVE_INFINITY)
const endMs = performance.now() + seconds * 1000

const server = startServer()
const errors = []
let rounds = 0
try {
  await Promise.all(Array.from({length: clients}, (_, index) => work(index)))
  const client = server.client()
  const {items} = await client.runtime.listPodSandbox()
  const {containers} = await client.runtime.listContainers()
  client.close()
  const running = processesOf(server.home)
  console.log(`${rounds} pods by ${clients} clients, ${errors.length} errors`)
  console.log(`left over: ${items.length} pods, ${containers.length} containers, ${running} processes`)
  console.log(`memory of the server: ${server.memoryMb().toFixed(0)} MB`)
  for (const error of errors.slice(0, 5)) console.log(error.message)
  if (errors.length + items.length + containers.length + running > 0) process.exitCode = 1
} finally {
  const left = server.stop()
  if (left.length > 0) {
    console.log(`left after the end: ${left.join(' ')}`)
    process.exitCode = 1
  }
}

async function work(index) {
  const client = server.client()
  const {runtime} = client
  for (let round = 0; round < mostRounds && performance.now() < endMs; round++) {
    const metadata = {name: `pod-${index}`, namespace: 'load', uid: `uid-${index}`, attempt: round}
    try {
      const {podSandboxId} = await runtime.runPodSandbox({config: {metadata}})
      const {containerId} = await runtime.createContainer({
        podSandboxId,
        config: {
          metadata: {name: 'main', attempt: 0},
          image: {image},
          // A background process in a session of its own, which has to go with the container.
          command: ['/bin/sh', '-c', 'setsid sleep 1000 & exec sleep 1000'],
        },
      })
      await runtime.startContainer({containerId})
      const {stdout} = await runtime.execSync({containerId, cmd: ['/bin/echo', `${index}-${round}`]})
      if (Buffer.from(stdout).toString() !== `${index}-${round}\n`) throw new Error(`wrong output: ${stdout}`)
      await runtime.listContainers()
      await runtime.stopContainer({containerId, timeout: round % 2 === 0 ? '5' : '0'})
      await runtime.removeContainer({containerId})
      await runtime.stopPodSandbox({podSandboxId})
      await runtime.removePodSandbox({podSandboxId})
      rounds++
    } catch (error) {
      errors.push(error)
    }
  }
  client.close()
}

function processesOf(home) {
  if (process.platform !== 'linux') return 0
  const script = `grep -lz "^CRISP_DEMO_CONTAINER=${home}" /proc/[0-9]*/environ 2>/dev/null | wc -l`
  return Number(execFileSync('/bin/sh', ['-c', script], {encoding: 'utf8'}))
}
