// `crisp logs` beside `cat FILE` and a plain readline loop, all to the null device, interleaved in one run. Start-up
// (the same command on an empty file) is taken off; medians, and ratios to cat's time on the same file.
//   SIZE=1073741824 ROUNDS=3 KINDS=short,long,partial,endless node bench/logs.mjs
import {spawn} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {serveLogs} from './log-runtime.mjs'
import {generate, stamp} from './logs-generate.mjs'

const size = Number(process.env.SIZE ?? 1024 ** 3)
const rounds = Number(process.env.ROUNDS ?? 3)
const kinds = (process.env.KINDS ?? 'short,long,partial,endless').split(',')
const crisp = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const preload = new URL('report-rss.mjs', import.meta.url).href

const naive = `
const {createReadStream} = require('node:fs')
const lines = require('node:readline').createInterface({input: createReadStream(process.argv[1])})
lines.on('line', (line) => {
  const parts = /^(\\S+) (stdout|stderr) (\\S+) (.*)$/.exec(line)
  if (parts) process.stdout.write(parts[4] + (parts[3] === 'P' ? '' : '\\n'))
})`

const directory = mkdtempSync(join(tmpdir(), 'crisp-bench-logs-'))
const peakFile = join(directory, 'peak')
const files = {empty: join(directory, 'empty.log'), small: join(directory, 'small.log')}
writeFileSync(files.empty, '')
generate(files.small, 'short', 1024 ** 2)
for (const kind of kinds) {
  files[kind] = join(directory, `${kind}.log`)
  generate(files[kind], kind, size)
}
const runtime = await serveLogs(files)
try {
  for (const kind of kinds) await bench(kind)
} finally {
  runtime.close()
  rmSync(directory, {recursive: true, force: true})
}

async function bench(kind) {
  const nearEnd = ['--since', stamp(86_390)]
  const contenders = {
    cat: (name) => ['cat', [files[name]]],
    'crisp logs': (name) => logs(name),
    'crisp logs -t': (name) => logs(name, '-t'),
    'crisp logs --grep 99999x': (name) => logs(name, '--grep', '99999x'),
    'crisp logs --grep brown': (name) => logs(name, '--grep', 'brown'),
    'crisp logs --tail 10': (name) => logs(name, '--tail', '10'),
    'crisp logs --since (end)': (name) => logs(name, ...nearEnd),
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
      const seeks = name.includes('--tail') || name.includes('--since')
      times[name].start.push((await run(command(seeks ? 'small' : 'empty'))).tookMs)
      const {tookMs, peakKiB} = await run(command(kind))
      times[name].big.push(tookMs)
      times[name].peak = Math.max(times[name].peak, peakKiB)
    }
  }
  const net = ({big, start}) => median(big) - median(start)
  console.log(
    `\n${kind}, ${(size / 1024 ** 2).toFixed(0)} MiB (start-up taken off; for --tail and --since: a 1 MiB file)`,
  )
  console.log(
    `${''.padEnd(26)}${'ms'.padStart(8)}${'x cat'.padStart(8)}${'x plain'.padStart(9)}${'start ms'.padStart(10)}${'RSS MiB'.padStart(9)}`,
  )
  for (const [name, of] of Object.entries(times)) {
    const cells = [
      net(of).toFixed(0).padStart(8),
      (net(of) / net(times.cat)).toFixed(1).padStart(8),
      (net(of) / net(times['crisp logs'])).toFixed(2).padStart(9),
      median(of.start).toFixed(0).padStart(10),
      of.peak === 0 ? '' : (of.peak / 1024).toFixed(0).padStart(9),
    ]
    console.log(name.padEnd(26) + cells.join(''))
  }
}

function logs(name, ...flags) {
  return [process.execPath, ['--import', preload, crisp, '-r', runtime.endpoint, 'logs', ...flags, name]]
}

function run([program, args]) {
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint()
    const child = spawn(program, args, {
      stdio: 'ignore',
      env: {...process.env, CRI_CONFIG_FILE: '/dev/null', PEAK_RSS: peakFile},
    })
    child.once('exit', (code) => {
      const tookMs = Number(process.hrtime.bigint() - start) / 1e6
      if (code !== 0) return reject(new Error(`${program} ${args.join(' ')} ended with ${code}`))
      resolve({tookMs, peakKiB: args.includes(preload) ? Number(readFileSync(peakFile, 'utf8')) : 0})
    })
  })
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}
