// How much of a short command is start-up: `crisp version` and `crisp --help` beside a bare `node -e 0`, interleaved
// in one run, medians and ratios. Needs a runtime: --runtime-endpoint SOCKET, else the one that is found.
import {spawnSync} from 'node:child_process'
import {fileURLToPath} from 'node:url'

const crisp = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const rounds = Number(process.env.ROUNDS ?? 21)
const endpoint = process.argv.slice(2)

const contenders = {
  'node -e 0': ['-e', '0'],
  'crisp --help': [crisp, '--help'],
  'crisp version': [crisp, ...endpoint, 'version'],
  'crisp ps -q': [crisp, ...endpoint, 'ps', '-q'],
  'crisp ps': [crisp, ...endpoint, 'ps'],
}

const timesMs = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
for (let round = -1; round < rounds; round++) {
  for (const [name, args] of Object.entries(contenders)) {
    const start = process.hrtime.bigint()
    const {status, stderr} = spawnSync(process.execPath, args, {stdio: ['ignore', 'ignore', 'pipe']})
    const tookMs = Number(process.hrtime.bigint() - start) / 1e6
    if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`)
    if (round >= 0) timesMs[name].push(tookMs)
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const base = median(timesMs['node -e 0'])
console.log(
  `${'command'.padEnd(16)}${'median ms'.padStart(10)}${'min ms'.padStart(10)}${'x node'.padStart(8)}`,
)
for (const [name, values] of Object.entries(timesMs)) {
  const middle = median(values)
  console.log(
    `${name.padEnd(16)}${middle.toFixed(1).padStart(10)}${Math.min(...values)
      .toFixed(1)
      .padStart(10)}${(middle / base).toFixed(2).padStart(8)}`,
  )
}
