// exec of crisp, beside crictl where that is on PATH, against a running container that has sh, head and wc:
//   CONTAINER_RUNTIME_ENDPOINT=unix:///run/containerd/containerd.sock npm run bench:exec -- CONTAINER [ROUNDS] [MIB]
// Rounds alternate between the programs; what counts is the ratio of the medians.
import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {closeSync, ftruncateSync, openSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'

const [container, rounds = '7', mebibytes = '200'] = process.argv.slice(2)
if (!container) {
  console.error('usage: npm run bench:exec -- CONTAINER [ROUNDS] [MIB]')
  process.exit(2)
}
const bytes = Number(mebibytes) * 1024 * 1024
const crisp = [process.execPath, fileURLToPath(new URL('../bin/run.js', import.meta.url))]
const [id] = spawnSync(crisp[0], [crisp[1], 'inspect', '-o', 'jsonpath={.status.id}', container], {
  encoding: 'utf8',
})
  .stdout.trim()
  .split('\n')
const programs = {crisp, ...(spawnSync('crictl', ['--version']).error ? {} : {crictl: ['crictl']})}
const file = join(tmpdir(), `crisp-bench-${process.pid}`)
const descriptor = openSync(file, 'w')
ftruncateSync(descriptor, bytes)
closeSync(descriptor)

/** Runs `exec` and reads all it prints, after a rest if told so. */
async function run(program, args, {input, restMs = 0} = {}) {
  const [command, ...before] = programs[program]
  const stdin = input === undefined ? 'ignore' : openSync(input, 'r')
  const started = performance.now()
  const child = spawn(command, [...before, 'exec', ...args], {stdio: [stdin, 'pipe', 'inherit']})
  let size = 0
  let text = ''
  let peakKib = 0
  const look = setInterval(() => {
    peakKib = Math.max(peakKib, residentKib(child.pid))
  }, 50)
  const exited = once(child, 'exit')
  if (restMs > 0) await sleep(restMs)
  for await (const chunk of child.stdout) {
    size += chunk.length
    if (size < 100) text += chunk
  }
  const [code] = await exited
  clearInterval(look)
  if (stdin !== 'ignore') closeSync(stdin)
  return {
    seconds: (performance.now() - started) / 1000,
    size,
    text: text.trim(),
    code,
    peakMib: peakKib / 1024,
  }
}

function residentKib(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

async function compare(title, unit, work) {
  const seconds = Object.fromEntries(Object.keys(programs).map((program) => [program, []]))
  for (let round = 0; round < Number(rounds); round++)
    for (const program of Object.keys(programs)) seconds[program].push(await work(program))
  const figures = Object.entries(seconds).map(([program, all]) => `${program} ${unit(median(all))}`)
  const ratio = seconds.crictl
    ? `  crisp takes ${(median(seconds.crisp) / median(seconds.crictl)).toFixed(2)} of crictl's time`
    : ''
  console.log(`${title.padEnd(28)}${figures.join('  ')}${ratio}`)
}

function whole(result, expected) {
  if (
    result.code !== 0 ||
    expected !== (result.text.length < 20 && result.size < 100 ? Number(result.text) : result.size)
  )
    throw new Error(`not whole: ${JSON.stringify(result)}`)
  return result
}

const throughput = (seconds) => `${(bytes / 1e6 / seconds).toFixed(0)} MB/s`
const milliseconds = (seconds) => `${(seconds * 1000).toFixed(0)} ms`
const out = [id, 'head', '-c', String(bytes), '/dev/zero']
try {
  await compare('exec true', milliseconds, async (program) => (await run(program, [id, 'true'])).seconds)
  await compare(
    `${mebibytes} MiB out`,
    throughput,
    async (program) => whole(await run(program, out), bytes).seconds,
  )
  await compare(
    `${mebibytes} MiB in`,
    throughput,
    async (program) => whole(await run(program, ['-i', id, 'wc', '-c'], {input: file}), bytes).seconds,
  )
  const idle = await run('crisp', [id, 'sleep', '1'])
  const slowReader = whole(await run('crisp', out, {restMs: 6500}), bytes)
  const slowCommand = whole(
    await run('crisp', ['-i', id, 'sh', '-c', 'sleep 4; wc -c'], {input: file}),
    bytes,
  )
  const mib = ({peakMib}) => `${peakMib.toFixed(0)} MiB`
  console.log(
    `peak memory                 idle ${mib(idle)}  slow reader ${mib(slowReader)}  slow command ${mib(slowCommand)}`,
  )
} finally {
  rmSync(file)
}
