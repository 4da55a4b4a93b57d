// Counts the runs of a large output that arrive whole, by checksum, some of them into a reader that rests longer than
// the interval between two pings:
//   CONTAINER_RUNTIME_ENDPOINT=unix:///run/containerd/containerd.sock npm run load:exec -- CONTAINER [RUNS] [MIB] [RESTING]
// The container needs sh, head and sha256sum.
import {spawn} from 'node:child_process'
import {createHash} from 'node:crypto'
import {once} from 'node:events'
import {setTimeout as sleep} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'

const [container, runs = '50', mebibytes = '100', resting = '10'] = process.argv.slice(2)
if (!container) {
  console.error('usage: npm run load:exec -- CONTAINER [RUNS] [MIB] [RESTING]')
  process.exit(2)
}
const program = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const bytes = Number(mebibytes) * 1024 * 1024
// A file, so that every run has the same; its sum is made where it is.
const path = '/tmp/crisp-load'

async function exec(command, {restMs = 0} = {}) {
  const child = spawn(process.execPath, [program, 'exec', container, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const hash = createHash('sha256')
  const exited = once(child, 'exit')
  let text = ''
  if (restMs > 0) await sleep(restMs)
  for await (const chunk of child.stdout) {
    hash.update(chunk)
    if (text.length < 100) text += chunk.toString('latin1').slice(0, 100)
  }
  const [code] = await exited
  return {code, sum: hash.digest('hex'), text}
}

const {text} = await exec(['sh', '-c', `head -c ${bytes} /dev/urandom > ${path} && sha256sum < ${path}`])
const expected = text.slice(0, 64)
let whole = 0
const count = ({code, sum}) => {
  if (code === 0 && sum === expected) whole++
}
const started = performance.now()
for (let run = 0; run < Number(runs) - Number(resting); run++) count(await exec(['cat', path]))
// They rest beside each other.
for (const outcome of await Promise.all(
  Array.from({length: Number(resting)}, (_, index) => exec(['cat', path], {restMs: 5500 + 300 * index})),
))
  count(outcome)
await exec(['rm', path])
const seconds = (performance.now() - started) / 1000
console.log(
  `${whole} of ${runs} runs of ${mebibytes} MiB whole, ${resting} of them into a resting reader, in ${seconds.toFixed(0)} s`,
)
process.exitCode = whole === Number(runs) ? 0 : 1
