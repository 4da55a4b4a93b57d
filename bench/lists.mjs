// Lists of thousands of containers: time and peak memory, in turns with the same of other builds and of crictl, from one
// runtime that only sends. Medians; the memory is that of a run of its own.
//   ROUNDS=15 COUNTS=10,10000,100000 CRISP=release/crisp-linux-x64 CRICTL=/path/to/crictl node bench/lists.mjs
import {spawn, spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

const rounds = Number(process.env.ROUNDS ?? 15)
const counts = (process.env.COUNTS ?? '10000,100000').split(',').map(Number)
const runtime = fileURLToPath(new URL('list-runtime.mjs', import.meta.url))
const npm = [process.execPath, fileURLToPath(new URL('../bin/run.js', import.meta.url))]
const {CRISP, CRICTL, LISTS} = process.env

const lists = {
  'ps -a': ['ps', '-a'],
  'ps -aq': ['ps', '-aq'],
  'ps -a -o json': ['ps', '-a', '-o', 'json'],
  'ps -a --name': ['ps', '-a', '--name', '^needle$'],
  'ps -a | head -1': ['ps', '-a'],
  pods: ['pods'],
  'pods -o json': ['pods', '-o', 'json'],
  images: ['images'],
}
const wanted = LISTS ? LISTS.split(',') : Object.keys(lists)

const directory = mkdtempSync(join(tmpdir(), 'crisp-lists-'))
try {
  for (const count of counts) await measure(count)
} finally {
  rmSync(directory, {recursive: true})
}

async function measure(count) {
  const socket = join(directory, `${count}.sock`)
  const server = spawn(process.execPath, [runtime, socket, String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => server.stdout.once('data', resolve))
  const endpoint = `unix://${socket}`
  const contenders = {
    ...(CRICTL && {crictl: [CRICTL, '-c', '/dev/null', '-r', endpoint, '-i', endpoint]}),
    npm: [...npm, '-r', endpoint],
    ...(CRISP && {standalone: [CRISP, '-r', endpoint]}),
  }
  try {
    console.log(`\n${count} entries`)
    console.log(
      `${''.padEnd(18)}${Object.keys(contenders)
        .map((name) => `${name} ms`.padStart(15) + 'MB'.padStart(6) + 'x'.padStart(7) + 'x MB'.padStart(7))
        .join('')}`,
    )
    for (const name of wanted) row(name, contenders)
  } finally {
    server.stdin.end()
    await new Promise((resolve) => server.once('close', resolve))
  }
}

function row(name, contenders) {
  const commands = Object.values(contenders).map((words) => command(name, [...words, ...lists[name]]))
  const times = commands.map(() => [])
  for (let round = -1; round < rounds; round++)
    for (const [index, each] of commands.entries()) {
      const {tookMs, failed} = run(each)
      if (round >= 0 && !failed) times[index].push(tookMs)
    }
  const cells = commands.map((each, index) => ({
    ms: median(times[index]),
    mb: times[index].length > 0 ? run(['/usr/bin/time', '-f', '%M', ...each]).peakKiB / 1024 : undefined,
  }))
  const [first] = cells
  console.log(
    `${name.padEnd(18)}${cells
      .map(
        ({ms, mb}) =>
          figure(ms, 0, 15) + figure(mb, 0, 6) + figure(ms / first.ms, 2, 7) + figure(mb / first.mb, 2, 7),
      )
      .join('')}`,
  )
}

/** The largest process of a pipe is ours. */
function command(name, words) {
  return name.endsWith('| head -1') ? ['bash', '-c', '"$@" | head -1', 'bash', ...words] : words
}

/** crictl may fail: it takes no answer of more than 16 MiB. */
function run([file, ...args]) {
  const start = process.hrtime.bigint()
  const {status, stderr} = spawnSync(file, args, {stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8'})
  const tookMs = Number(process.hrtime.bigint() - start) / 1e6
  const failed = status !== 0 || stderr.includes('ResourceExhausted')
  if (failed && ![file, ...args].includes(CRICTL))
    throw new Error(`${file} ${args.join(' ')} ended with ${status}: ${stderr}`)
  return {tookMs, failed, peakKiB: Number(stderr.trim().split('\n').at(-1))}
}

function figure(value, digits, width) {
  return (Number.isFinite(value) ? value.toFixed(digits) : '-').padStart(width)
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}
