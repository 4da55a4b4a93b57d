// What `crisp top` itself costs: its share of one core over so many seconds, on a terminal of 120x40 and a node of so
// many containers whose figures change all the time. The runtime is a fake one in this process, so that only crisp is
// measured; the first seconds, in which the program is loaded and compiled, are not.
import {spawn} from 'node:child_process'
import {readFileSync, rmSync} from 'node:fs'
import {mkdtemp} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'
import {importTypeScript} from './typescript.mjs'

const containers = Number(process.env.CONTAINERS ?? 200)
const seconds = Number(process.env.SECONDS ?? 20)
const warmUpSeconds = 5
const limitPercent = 3
const crisp = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const directory = await mkdtemp(join(tmpdir(), 'crisp-bench-'))

const {id, kubeletContainer, secondsAgo, startFakeRuntime} = await importTypeScript(
  'test/support/fake-runtime.ts',
)
const hex = (number) => number.toString(16).padStart(8, '0')
const pods = Math.ceil(containers / 2)
const items = Array.from({length: pods}, (_, index) => ({
  id: id(`f${hex(index)}`),
  metadata: {name: `web-7c65d6cfc9-${hex(index)}`, namespace: `team-${index % 7}`, uid: `uid-${index}`},
  createdAt: secondsAgo(3600 + index),
}))
const list = Array.from({length: containers}, (_, index) =>
  kubeletContainer(items[index % pods].metadata.namespace, items[index % pods].metadata.name, `c${index}`, {
    id: id(`a${hex(index)}`),
    podSandboxId: items[index % pods].id,
    createdAt: secondsAgo(3600),
  }),
)
const used = new Map()
const stats = () => ({
  stats: list.map((container, index) => {
    const total = (used.get(index) ?? 0n) + BigInt(Math.floor(Math.random() * 2e8))
    used.set(index, total)
    return {
      attributes: {id: container.id, metadata: container.metadata, labels: container.labels},
      cpu: {timestamp: `${BigInt(Date.now()) * 1_000_000n}`, usageCoreNanoSeconds: {value: `${total}`}},
      memory: {workingSetBytes: {value: `${Math.floor(Math.random() * 1e9)}`}},
      writableLayer: {usedBytes: {value: '4096'}, inodesUsed: {value: '12'}},
    }
  }),
})
const runtime = await startFakeRuntime({
  Status: {status: {conditions: [{type: 'RuntimeReady', status: true}]}},
  ImageFsInfo: {imageFilesystems: []},
  ListPodSandbox: {items},
  ListContainers: {containers: list},
  ListContainerStats: stats,
  ContainerStatus: ({containerId}) => ({
    status: {id: containerId, state: 'CONTAINER_RUNNING', startedAt: secondsAgo(60)},
  }),
})

// `script` makes the terminal; the shell tells its own process ID, which is crisp's after exec.
const pidFile = join(directory, 'pid')
const command = `stty cols 120 rows 40; echo $$ > ${pidFile}; exec "${process.execPath}" "${crisp}" top`
const terminal = spawn('script', ['-qec', command, '/dev/null'], {
  stdio: ['pipe', 'pipe', 'inherit'],
  env: {
    ...process.env,
    SHELL: '/bin/sh',
    TERM: 'xterm-256color',
    CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint,
  },
})
let drawnBytes = 0
terminal.stdout.on('data', (chunk) => {
  drawnBytes += chunk.length
})
try {
  await sleep(warmUpSeconds * 1000)
  const pid = Number(readFileSync(pidFile, 'utf8'))
  const [before, bytesBefore, startedAt] = [cpuSeconds(pid), drawnBytes, performance.now()]
  await sleep(seconds * 1000)
  const elapsed = (performance.now() - startedAt) / 1000
  const percent = (100 * (cpuSeconds(pid) - before)) / elapsed
  const perSecond = Math.round((drawnBytes - bytesBefore) / elapsed)
  console.log(
    `crisp top, ${containers} containers, 120x40: ${percent.toFixed(2)}% of one core (limit ${limitPercent}%), ${perSecond} bytes/s to the terminal, over ${elapsed.toFixed(1)} s`,
  )
  if (percent >= limitPercent) process.exitCode = 1
} finally {
  terminal.stdin.write('q')
  await new Promise((resolve) => terminal.once('close', resolve))
  await runtime[Symbol.asyncDispose]()
  rmSync(directory, {recursive: true})
}

/** User and system time of a process, in ticks of 10 ms. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
