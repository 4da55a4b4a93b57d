// exec of crisp, beside crictl where that is on PATH:
//   npm run bench:exec -- [CONTAINER [ROUNDS [MIB]]]
// CONTAINER is a running one with sh, cat and sha256sum; without it, or as -, one in a containerd of our own. Rounds
// alternate between the programs; what counts is the ratio of the medians, and the processor time where the machine is
// busy with other things. Every run is compared by checksum.
import {spawn, spawnSync} from 'node:child_process'
import {createHash, randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {appendFileSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {crisp, openContainer} from './container.mjs'

const [named, rounds = '7', mebibytes = '200'] = process.argv.slice(2)
const bytes = Number(mebibytes) * 1024 * 1024
const programs = {crisp, ...(spawnSync('crictl', ['--version']).error ? {} : {crictl: ['crictl']})}
const directory = mkdtempSync(join(tmpdir(), 'crisp-bench-'))
const file = join(directory, 'random')
const checksum = writeRandom(file)
const there = '/tmp/crisp-bench'
// The shell has to keep stdout open: containerd ends stdin with it.
const receive = ['sh', '-c', `cat > ${there}; exit $?`]
const send = ['cat', there]

function writeRandom(path) {
  const hash = createHash('sha256')
  for (let index = 0; index < Number(mebibytes); index++) {
    const block = randomBytes(1024 * 1024)
    hash.update(block)
    appendFileSync(path, block)
  }
  return hash.digest('hex')
}

/** Runs `exec` and reads all it prints, after a rest if told so. */
async function run(program, args, {input, restMs = 0} = {}) {
  const words = [...programs[program], 'exec', ...args]
  const stdin = input === undefined ? 'ignore' : openSync(input, 'r')
  const started = performance.now()
  // The shell says what processor time its child took.
  const child = spawn('sh', ['-c', '"$@"; code=$?; times >&3; exit $code', 'sh', ...words], {
    stdio: [stdin, 'pipe', 'inherit', 'pipe'],
  })
  const hash = createHash('sha256')
  const [, , , times] = child.stdio
  let timesText = ''
  times.on('data', (chunk) => {
    timesText += chunk
  })
  let peakKib = 0
  const look = setInterval(() => {
    peakKib = Math.max(peakKib, residentKib(child.pid))
  }, 50)
  const closed = once(child, 'close')
  if (restMs > 0) await sleep(restMs)
  let text = ''
  for await (const chunk of child.stdout) {
    hash.update(chunk)
    if (text.length < 100) text += chunk.toString('latin1').slice(0, 100)
  }
  const [code] = await closed
  clearInterval(look)
  if (stdin !== 'ignore') closeSync(stdin)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`)
  return {
    seconds: (performance.now() - started) / 1000,
    processorSeconds: childSeconds(timesText),
    sum: hash.digest('hex'),
    text,
    peakMib: peakKib / 1024,
  }
}

/** The second line of `times` is the children's, user and system, each as 0m1.230000s. */
function childSeconds(timesText) {
  const parts = [
    ...timesText
      .trim()
      .split('\n')
      .at(-1)
      .matchAll(/(\d+)m([\d.]+)s/g),
  ]
  return parts.reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0)
}

function residentKib(shell) {
  try {
    const child = readFileSync(`/proc/${shell}/task/${shell}/children`, 'latin1').trim()
    const status = readFileSync(`/proc/${child}/status`, 'latin1')
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0)
  } catch {
    // It has ended, or not begun.
    return 0
  }
}

function whole(result, sum = result.sum) {
  if (sum !== checksum) throw new Error(`not whole: ${sum} instead of ${checksum}`)
  return result
}

async function out(program) {
  return whole(await run(program, [id, ...send]))
}

/** From a pipe in the container, which gives less at a time than a file. */
async function pipedOut(program) {
  return whole(await run(program, [id, 'sh', '-c', `cat ${there} | cat`]))
}

async function sent(program, args, options) {
  const result = await run(program, ['-i', id, ...args], {input: file, ...options})
  const {text} = await run('crisp', [id, 'sh', '-c', `sha256sum < ${there}`])
  return whole(result, text.slice(0, 64))
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

/** The medians of each program, in seconds. */
async function measure(work) {
  const results = Object.fromEntries(Object.keys(programs).map((program) => [program, []]))
  for (let round = 0; round < Number(rounds); round++)
    for (const program of Object.keys(programs)) results[program].push(await work(program))
  return Object.fromEntries(
    Object.entries(results).map(([program, all]) => [
      program,
      {
        seconds: median(all.map(({seconds}) => seconds)),
        processorSeconds: median(all.map(({processorSeconds}) => processorSeconds)),
      },
    ]),
  )
}

const milliseconds = (seconds) => `${(seconds * 1000).toFixed(0)} ms`
const throughput = (seconds) => `${(bytes / 1e6 / seconds).toFixed(0)} MB/s`

function show(title, unit, figures, startUp) {
  const columns = Object.entries(figures).map(
    ([program, {seconds, processorSeconds}]) =>
      `${program} ${unit(seconds)} (processor ${milliseconds(processorSeconds)})`,
  )
  console.log(`${title.padEnd(12)}${columns.join('  ')}`)
  if (!figures.crictl) return
  const ratio = (key, {crisp, crictl}) => (crisp[key] / crictl[key]).toFixed(2)
  console.log(`${''.padEnd(12)}crisp takes ${ratio('seconds', figures)} of crictl's time`)
  if (!startUp) return
  const without = Object.fromEntries(
    Object.entries(figures).map(([program, {seconds, processorSeconds}]) => [
      program,
      {
        seconds: seconds - startUp[program].seconds,
        processorSeconds: processorSeconds - startUp[program].processorSeconds,
      },
    ]),
  )
  console.log(
    `${''.padEnd(12)}without start-up ${ratio('seconds', without)} of its time, ${ratio('processorSeconds', without)} of its processor time`,
  )
}

const container = await openContainer(named === '-' ? undefined : named)
const {id} = container
try {
  const startUp = await measure((program) => run(program, [id, 'true']))
  show('exec true', milliseconds, startUp)
  show(`${mebibytes} MiB in`, throughput, await measure((program) => sent(program, receive)), startUp)
  show(`${mebibytes} MiB out`, throughput, await measure(out), startUp)
  show('a pipe out', throughput, await measure(pipedOut), startUp)

  const mib = ({peakMib}) => `${peakMib.toFixed(0)} MiB`
  const idle = await run('crisp', [id, 'sleep', '1'])
  const slowReader = whole(await run('crisp', [id, ...send], {restMs: 6500}))
  const slowCommand = await sent('crisp', ['sh', '-c', `sleep 4; cat > ${there}; exit $?`])
  console.log(
    `peak memory ${mib(idle)} idle, ${mib(slowReader)} with a slow reader, ${mib(slowCommand)} with a slow command`,
  )
  await run('crisp', [id, 'rm', there])
} finally {
  await container[Symbol.asyncDispose]()
  rmSync(directory, {recursive: true})
}
