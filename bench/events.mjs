// Whether `crisp events` sees all of many short lives on the embedded runtime: for each container created, started,
// stopped, deleted, once each and in this order.
//   node bench/events.mjs [--containers=1000]
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {createInterface} from 'node:readline'
import {fileURLToPath} from 'node:url'
import {argument, image, inParallel, startServer} from './demo-server.mjs'

const containers = argument('containers', 1000)
const atOnce = 8
const whole = ['CREATED', 'STARTED', 'STOPPED', 'DELETED']

const server = startServer()
const program = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const events = spawn(process.execPath, [program, '-r', server.endpoint, 'events', '-o', 'jsonl'], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: {...process.env, CRI_CONFIG_FILE: '/dev/null'},
})
const lives = new Map()
const waiting = new Map()
createInterface({input: events.stdout}).on('line', (line) => {
  const {containerId, containerEventType} = JSON.parse(line)
  const word = containerEventType.replace(/^CONTAINER_(\w+)_EVENT$/, '$1')
  const life = lives.get(containerId) ?? []
  lives.set(containerId, life)
  life.push(word)
  waiting.get(`${containerId} ${word}`)?.()
})
const seen = (id, word) =>
  lives.get(id)?.includes(word)
    ? undefined
    : new Promise((resolve) => {
        waiting.set(`${id} ${word}`, resolve)
      })

try {
  const client = server.client()
  const {runtime} = client
  const startedMs = performance.now()
  const ids = []
  await inParallel(atOnce, atOnce, async (worker) => {
    const metadata = {name: `pod-${worker}`, namespace: 'events', uid: `uid-${worker}`, attempt: 0}
    const {podSandboxId} = await runtime.runPodSandbox({config: {metadata}})
    for (let number = worker; number < containers; number += atOnce) {
      const {containerId} = await runtime.createContainer({
        podSandboxId,
        config: {
          metadata: {name: `container-${number}`, attempt: 0},
          image: {image},
          command: ['/bin/sleep', '1000'],
        },
      })
      ids.push(containerId)
      await runtime.startContainer({containerId})
      await runtime.stopContainer({containerId, timeout: '0'})
      await runtime.removeContainer({containerId})
    }
  })
  client.close()
  await Promise.all(ids.map((id) => seen(id, 'DELETED')))
  const tookS = (performance.now() - startedMs) / 1000
  const complete = ids.filter((id) => lives.get(id)?.join() === whole.join())
  console.log(`${complete.length} of ${ids.length} lives seen whole and in order, in ${tookS.toFixed(1)} s`)
  if (complete.length !== containers) process.exitCode = 1
} finally {
  events.kill('SIGINT')
  await once(events, 'close')
  server.stop()
}
