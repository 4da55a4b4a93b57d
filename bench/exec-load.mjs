// Counts the runs of a large output and of a large input that arrive whole, by checksum; some outputs go into a reader
// that rests longer than the interval between two pings:
//   npm run load:exec -- [CONTAINER [RUNS [MIB [RESTING]]]]
// CONTAINER is a running one with sh, cat, head and sha256sum; without it, or as -, one in a containerd of our own.
import {spawn} from 'node:child_process'
import {createHash, randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {setTimeout as sleep} from 'node:timers/promises'
import {crisp, openContainer} from './container.mjs'

const [named, runs = '50', mebibytes = '100', resting = '10'] = process.argv.slice(2)
const bytes = Number(mebibytes) * 1024 * 1024
const [node, program] = crisp
// A file, so that every run has the same; its sum is made where it is.
const path = '/tmp/crisp-load'

async function exec(command, {restMs = 0, input} = {}) {
  const child = spawn(node, [program, 'exec', ...(input ? ['-i'] : []), id, ...command], {
    stdio: [input ? 'pipe' : 'ignore', 'pipe', 'inherit'],
  })
  child.stdin?.end(input)
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

let failed = false
async function count(title, work) {
  const started = performance.now()
  const outcomes = await work()
  const whole = outcomes.filter(Boolean).length
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  console.log(`${title}: ${whole} of ${outcomes.length} runs of ${mebibytes} MiB whole, in ${seconds} s`)
  failed ||= whole < outcomes.length
}

async function times(number, work) {
  const outcomes = []
  for (let run = 0; run < number; run++) outcomes.push(await work())
  return outcomes
}

const container = await openContainer(named === '-' ? undefined : named)
const {id} = container
try {
  const {text} = await exec(['sh', '-c', `head -c ${bytes} /dev/urandom > ${path} && sha256sum < ${path}`])
  const out = async (options) => {
    const {code, sum} = await exec(['cat', path], options)
    return code === 0 && sum === text.slice(0, 64)
  }
  const input = randomBytes(bytes)
  const inputSum = createHash('sha256').update(input).digest('hex')

  await count('stdout', () => times(Number(runs), () => out()))
  // They rest beside each other.
  await count('stdout into a resting reader', () =>
    Promise.all(Array.from({length: Number(resting)}, (_, index) => out({restMs: 5500 + 300 * index}))),
  )
  await count('stdin', () =>
    times(Number(runs), async () => {
      const {code, text} = await exec(['sha256sum'], {input})
      return code === 0 && text.slice(0, 64) === inputSum
    }),
  )
  await exec(['rm', path])
} finally {
  await container[Symbol.asyncDispose]()
}
process.exitCode = failed ? 1 : 0
