// Every figure that crisp is held to, each beside its reference in one run: in turns, medians, a table and JSON.
//   CRISP=release/crisp-linux-x64 CRICTL=/path/to/crictl npm run bench
//   ROUNDS=15 PARTS=start,lists,huge,exec,logs OUT=bench.json NODE_PROGRAM=/path/to/node LOG_BYTES=1073741824
// Of lists and logs the runtime only sends; what starts up and exec are measured on a containerd of our own, which needs
// root and the packages that test/containerd names: without it what starts up is, on a runtime that only sends, and exec
// is not. Processor time and peak memory are those of runs of their own, whose medians and largest they are.
import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {appendFileSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {cpus, tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {openContainer} from './container.mjs'
import {serveLogs} from './log-runtime.mjs'
import {generate} from './logs-generate.mjs'

const rounds = Number(process.env.ROUNDS ?? 15)
const usageRounds = Math.min(rounds, 5)
const parts = (process.env.PARTS ?? 'start,lists,huge,exec,logs').split(',')
const {CRISP, CRICTL, NODE_PROGRAM = process.execPath, OUT} = process.env
const nodeVersion = spawnSync(NODE_PROGRAM, ['--version'], {encoding: 'utf8'}).stdout.trim()
const path = (name) => fileURLToPath(new URL(name, import.meta.url))

const npm = [NODE_PROGRAM, '--', path('../bin/run.js')]
const directory = mkdtempSync(join(tmpdir(), 'crisp-bench-'))
const figures = []
const units = {ratio: 'x', memory: 'x MB', ms: 'ms', mb: 'MB'}

/** The programs, each with the runtime that it is to speak to. */
function programsAt(endpoint) {
  return {
    ...(CRICTL && {crictl: [CRICTL, '-c', '/dev/null', '-r', endpoint, '-i', endpoint]}),
    npm: [...npm, '-r', endpoint],
    ...(CRISP && {standalone: [CRISP, '-r', endpoint]}),
  }
}

const withArguments = (programs, ...words) =>
  Object.fromEntries(Object.entries(programs).map(([name, command]) => [name, [...command, ...words]]))

try {
  console.log(`Node ${nodeVersion}, ${cpus()[0]?.model}, medians of ${rounds}\n`)
  console.log(line('', ['ms', 'x', 'cpu ms', 'x', 'MB', 'x'], 'must'))
  await measureStartAndExec()
  if (parts.includes('lists')) await atRuntime(10_000, measureLists)
  if (parts.includes('huge')) await atRuntime(100_000, measureHugeLists)
  if (parts.includes('logs')) await measureLogs()
} finally {
  rmSync(directory, {recursive: true})
}
if (OUT)
  writeFileSync(
    OUT,
    `${JSON.stringify({node: nodeVersion, cpu: cpus()[0]?.model, rounds, figures}, null, 2)}\n`,
  )

async function measureStartAndExec() {
  if (!parts.includes('start') && !parts.includes('exec')) return
  let container
  try {
    container = await openContainer()
  } catch (error) {
    console.log(`no containerd, so no exec: ${error.message}`)
  }
  if (!container) return await atRuntime(10, measureStart)
  try {
    const endpoint = process.env.CONTAINER_RUNTIME_ENDPOINT
    if (parts.includes('start')) {
      await measureStart(endpoint)
      await measure('exec C true', withArguments(programsAt(endpoint), 'exec', container.id, 'true'), {
        must: {standalone: {ratio: 1.3}},
      })
    }
    if (parts.includes('exec')) await measureExec(endpoint, container.id)
  } finally {
    await container[Symbol.asyncDispose]()
  }
}

async function measureStart(endpoint) {
  const programs = programsAt(endpoint)
  const bare = {
    'node -e 0': [NODE_PROGRAM, '-e', '0'],
    'bare http2': [NODE_PROGRAM, path('bare-client.mjs'), endpoint.replace('unix://', '')],
  }
  const must = {standalone: {ratio: 1.5}, npm: {ratio: 3.2}}
  await measure('version', {...withArguments(programs, 'version'), ...bare}, {must})
  await measure('ps', withArguments(programs, 'ps'), {must})
  await measure('--help', withArguments(programs, '--help'), {must: {standalone: {ratio: 0.9}}})
  await measure('--version', withArguments(programs, '--version'), {must: {standalone: {ratio: 0.9}}})
}

async function measureLists(endpoint) {
  const programs = programsAt(endpoint)
  const lists = [
    ['ps -a', {standalone: {ratio: 0.8}, npm: {memory: 1.2}}],
    ['ps -aq', {npm: {ratio: 1.6, memory: 1.2}}],
    ['ps -a -o json', {npm: {ratio: 1.2}}],
    ['ps -a --name ^needle$'],
    ['pods'],
    ['images'],
  ]
  for (const [words, must] of lists)
    await measure(`10,000: ${words}`, withArguments(programs, ...words.split(' ')), {must})
}

/** crictl takes no answer of this size. */
async function measureHugeLists(endpoint) {
  const {crictl: _, ...programs} = programsAt(endpoint)
  const within = (ms) => ({npm: {ms, mb: 200}, standalone: {ms, mb: 200}})
  const table = withArguments(programs, 'ps', '-a')
  const first = Object.entries(table).map(([name, words]) => [
    name,
    ['sh', '-c', '"$@" | head -1', 'sh', ...words],
  ])
  await measure('100,000: ps -a', table, {must: within(1_000)})
  await measure('100,000: ps -a --name', withArguments(programs, 'ps', '-a', '--name', '^needle$'), {
    must: within(600),
  })
  await measure('100,000: ps -a | head -1', Object.fromEntries(first), {must: within(1_000)})
}

/** Whole commands: 200 MiB into a container and out of it. */
async function measureExec(endpoint, id) {
  const input = join(directory, 'input')
  for (let index = 0; index < 200; index++) appendFileSync(input, Buffer.alloc(1024 ** 2, index))
  const programs = programsAt(endpoint)
  const must = {standalone: {ratio: 1}}
  // The shell has to keep stdout open: containerd ends stdin with it.
  const receive = ['exec', '-i', id, 'sh', '-c', 'cat > /tmp/bench; exit $?']
  await measure('exec, 200 MiB in', withArguments(programs, ...receive), {must, input})
  await measure('exec, 200 MiB out', withArguments(programs, 'exec', id, 'cat', '/tmp/bench'), {must})
}

/** Beside `cat`, without what the same takes of an empty file. */
async function measureLogs() {
  const files = {empty: join(directory, 'empty.log'), short: join(directory, 'short.log')}
  writeFileSync(files.empty, '')
  generate(files.short, 'short', Number(process.env.LOG_BYTES ?? 1024 ** 3))
  const runtime = await serveLogs(files)
  try {
    const {crictl: _, ...programs} = programsAt(runtime.endpoint)
    const reading = (name) => ({cat: ['cat', files[name]], ...withArguments(programs, 'logs', name)})
    const must = {npm: {ratio: 4.3}, standalone: {ratio: 4.3}}
    // A tenth of the lines is the container's stderr, which cat writes where the rest goes.
    await measure('logs, 1 GiB', reading('short'), {
      must,
      without: reading('empty'),
      stderr: 'ignore',
      rounds: Math.min(rounds, 5),
    })
  } finally {
    runtime.close()
  }
}

async function atRuntime(count, work) {
  const socket = join(directory, `${count}.sock`)
  const server = spawn(process.execPath, [path('list-runtime.mjs'), socket, String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => server.stdout.once('data', resolve))
  try {
    await work(`unix://${socket}`)
  } finally {
    server.stdin.end()
    await new Promise((resolve) => server.once('close', resolve))
  }
}

/** The first command is the reference, if it is one of ours there is none. */
async function measure(name, commands, {must = {}, without, rounds: times = rounds, ...streams} = {}) {
  const results = Object.entries(commands).map(([program, command]) => ({
    program,
    command,
    ms: [],
    cpu: [],
    mb: 0,
  }))
  for (let round = -1; round < times; round++)
    for (const {program, command, ms} of results) {
      const took = (await run(command, streams)) - (without ? await run(without[program], streams) : 0)
      if (round >= 0) ms.push(took)
    }
  for (let round = 0; round < Math.min(times, usageRounds); round++)
    for (const result of results) {
      const {cpuMs, mb} = await usage(result.command, streams)
      result.cpu.push(cpuMs - (without ? (await usage(without[result.program], streams)).cpuMs : 0))
      result.mb = Math.max(result.mb, mb)
    }
  const values = Object.fromEntries(
    results.map(({program, ms, cpu, mb}) => [
      program,
      {ms: median(ms), minMs: Math.min(...ms), cpuMs: median(cpu), mb},
    ]),
  )
  const [reference] = Object.keys(values)
  const base = reference === 'npm' ? undefined : values[reference]
  figures.push({name, reference: base && reference, must, values})
  console.log(name)
  for (const [program, value] of Object.entries(values)) {
    const of = (key) => (base ? value[key] / base[key] : Number.NaN)
    const cells = [
      value.ms.toFixed(1),
      figure(of('ms')),
      value.cpuMs.toFixed(0),
      figure(of('cpuMs')),
      value.mb.toFixed(0),
      figure(of('mb')),
    ]
    console.log(
      line(`  ${program}`, cells, verdict(must[program], {...value, ratio: of('ms'), memory: of('mb')})),
    )
  }
}

function verdict(must, value) {
  return Object.entries(must ?? {})
    .map(
      ([key, most]) =>
        `${most} ${units[key]}${Number.isNaN(value[key]) ? '' : value[key] <= most ? ' met' : ' MISSED'}`,
    )
    .join(', ')
}

/** While it runs, runtimes of this process answer. */
async function run([file, ...args], {input, stderr = 'pipe'}) {
  const stdin = input === undefined ? 'ignore' : openSync(input, 'r')
  const start = process.hrtime.bigint()
  const child = spawn(file, args, {stdio: [stdin, 'ignore', stderr]})
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const exited = once(child, 'exit')
  const closed = once(child, 'close')
  const [code] = await exited
  const ms = Number(process.hrtime.bigint() - start) / 1e6
  await closed
  if (stdin !== 'ignore') closeSync(stdin)
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}: ${said}`)
  return ms
}

/** Processor time of all its processes, to the millisecond as bash has it, and the memory of the largest. */
async function usage(command, streams) {
  const [peak, times] = [join(directory, 'peak'), join(directory, 'times')]
  const script =
    'exec 3> "$0"; peak=$1; shift; /usr/bin/time -f %M -o "$peak" "$@"; code=$?; times >&3; exit $code'
  await run(['bash', '-c', script, times, peak, ...command], streams)
  const [, ofChildren = ''] = readFileSync(times, 'utf8').trim().split('\n')
  const cpuMs = [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)]
    .map(([, minutes, seconds]) => (Number(minutes) * 60 + Number(seconds)) * 1_000)
    .reduce((sum, ms) => sum + ms, 0)
  return {cpuMs, mb: Number(readFileSync(peak, 'utf8').trim().split('\n').at(-1)) / 1024}
}

function line(name, cells, end) {
  return `${name.padEnd(14)}${cells.map((cell) => cell.padStart(9)).join('')}   ${end}`.trimEnd()
}

function figure(value) {
  return Number.isNaN(value) ? '' : value.toFixed(2)
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}
