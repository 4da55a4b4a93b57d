// `crisp logs` beside `cat FILE` and a plain readline loop, all to the null device, interleaved in one run. Start-up
// (the same command on an empty file) is taken off; medians, and ratios to cat's time on the same file. Then what only
// looks at a file's end, beside the same on a file of 1 MiB: the two times, and the bytes that each of them read.
//   SIZE=1073741824 ROUNDS=3 SEEK_ROUNDS=31 KINDS=short,long,partial,endless NAIVE=1 node bench/logs.mjs
import {spawn} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {serveLogs} from './log-runtime.mjs'
import {generate, stamp} from './logs-generate.mjs'

const size = Number(process.env.SIZE ?? 1024 ** 3)
const rounds = Number(process.env.ROUNDS ?? 3)
const seekRounds = Number(process.env.SEEK_ROUNDS ?? 31)
const kinds = (process.env.KINDS ?? 'short,long,partial,endless').split(',')
const crisp = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const preload = new URL('report-usage.mjs', import.meta.url).href

const naive = `
const {createReadStream} = require('node:fs')
const lines = require('node:readline').createInterface({input: createReadStream(process.argv[1])})
lines.on('line', (line) => {
  const parts = /^(\\S+) (stdout|stderr) (\\S+) (.*)$/.exec(line)
  if (parts) process.stdout.write(parts[4] + (parts[3] === 'P' ? '' : '\\n'))
})`

const directory = mkdtempSync(join(tmpdir(), 'crisp-bench-logs-'))
const usageFile = join(directory, 'usage')
const files = {empty: join(directory, 'empty.log')}
writeFileSync(files.empty, '')
for (const kind of kinds) {
  for (const [name, sizeBytes] of [
    [kind, size],
    [`small-${kind}`, 1024 ** 2],
  ]) {
    files[name] = join(directory, `${name}.log`)
    generate(files[name], kind, sizeBytes)
  }
}
const runtime = await serveLogs(files)
try {
  for (const kind of kinds) {
    if (rounds > 0) await passes(kind)
    if (seekRounds > 0) await seeks(kind)
  }
} finally {
  runtime.close()
  rmSync(directory, {recursive: true, force: true})
}

async function passes(kind) {
  const contenders = {
    cat: (name) => ['cat', [files[name]]],
    'crisp logs': (name) => logs(name),
    'crisp logs -t': (name) => logs(name, '-t'),
    'crisp logs --grep 99999x': (name) => logs(name, '--grep', '99999x'),
    'crisp logs --grep brown': (name) => logs(name, '--grep', 'brown'),
    'crisp logs --grep 9{5}x': (name) => logs(name, '--grep', '9{5}x'),
    'crisp logs --grep br[ao]wn': (name) => logs(name, '--grep', 'br[ao]wn'),
    ...(process.env.NAIVE === '0' || kind === 'endless'
      ? {}
      : {'readline loop': (name) => [process.execPath, ['-e', naive, files[name]]]}),
  }
  const times = Object.fromEntries(
    Object.keys(contenders).map((name) => [name, {big: [], start: [], peak: 0}]),
  )
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(contenders)) {
      if (name === 'readline loop' && round > 0) continue
      times[name].start.push((await run(command('empty'))).tookMs)
      const {tookMs, peakKiB} = await run(command(kind))
      times[name].big.push(tookMs)
      times[name].peak = Math.max(times[name].peak, peakKiB)
    }
  }
  const net = ({big, start}) => median(big) - median(start)
  console.log(`\n${kind}, ${mebibytes(size)} MiB (start-up taken off)`)
  row('', ['ms', 'x cat', 'x plain', 'start ms', 'RSS MiB'])
  for (const [name, of] of Object.entries(times))
    row(name, [
      net(of).toFixed(0),
      (net(of) / net(times.cat)).toFixed(1),
      (net(of) / net(times['crisp logs'])).toFixed(2),
      median(of.start).toFixed(0),
      of.peak === 0 ? '' : (of.peak / 1024).toFixed(0),
    ])
}

async function seeks(kind) {
  console.log(`\n${kind}, 1 MiB beside ${mebibytes(size)} MiB, median of ${seekRounds}`)
  row('', ['ms', 'ms', 'ms more', 'KiB read', 'KiB read', 'KiB more'])
  const contenders = [
    ['--tail', '10'],
    ['--since', stamp(86_390)],
  ].map((flags) => ({flags, names: [`small-${kind}`, kind], pairs: []}))
  for (let round = 0; round < seekRounds; round++) {
    for (const {flags, names, pairs} of contenders) {
      const pair = []
      for (const index of round % 2 === 0 ? [0, 1] : [1, 0])
        pair[index] = await run(logs(names[index], ...flags))
      pairs.push(pair)
    }
  }
  for (const {flags, pairs} of contenders) {
    const of = (pick) => median(pairs.map(pick))
    row(`crisp logs ${flags.join(' ').slice(0, 15)}`, [
      of(([small]) => small.tookMs).toFixed(1),
      of(([, big]) => big.tookMs).toFixed(1),
      of(([small, big]) => big.tookMs - small.tookMs).toFixed(1),
      kibibytes(of(([small]) => small.readBytes)),
      kibibytes(of(([, big]) => big.readBytes)),
      kibibytes(of(([small, big]) => big.readBytes - small.readBytes)),
    ])
  }
}

function row(name, cells) {
  console.log(name.padEnd(28) + cells.map((cell) => cell.padStart(9)).join(''))
}

function mebibytes(bytes) {
  return (bytes / 1024 ** 2).toFixed(0)
}

function kibibytes(bytes) {
  return Number.isNaN(bytes) ? '' : `${Math.round(bytes / 1024) || 0}`
}

function logs(name, ...flags) {
  return [process.execPath, ['--import', preload, crisp, '-r', runtime.endpoint, 'logs', ...flags, name]]
}

function run([program, args]) {
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint()
    const child = spawn(program, args, {
      stdio: 'ignore',
      env: {...process.env, CRI_CONFIG_FILE: '/dev/null', USAGE_FILE: usageFile},
    })
    child.once('exit', (code) => {
      const tookMs = Number(process.hrtime.bigint() - start) / 1e6
      if (code !== 0) return reject(new Error(`${program} ${args.join(' ')} ended with ${code}`))
      const usage = args.includes(preload) ? JSON.parse(readFileSync(usageFile, 'utf8')) : {peakKiB: 0}
      resolve({tookMs, ...usage})
    })
  })
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}
