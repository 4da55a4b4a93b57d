// 50 containers of 20 MB each, merged by `crisp logs`, checked against a sort of all their lines; time and peak memory.
//   CONTAINERS=50 BYTES=20000000 node bench/logs-merge.mjs
import {spawn} from 'node:child_process'
import {createHash} from 'node:crypto'
import {closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {serveLogs} from './log-runtime.mjs'

const count = Number(process.env.CONTAINERS ?? 50)
const size = Number(process.env.BYTES ?? 20_000_000)
const crisp = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const preload = new URL('report-usage.mjs', import.meta.url).href
const directory = mkdtempSync(join(tmpdir(), 'crisp-merge-'))
const usage = join(directory, 'usage')

try {
  const paths = Object.fromEntries(Array.from({length: count}, (_, index) => [`c${index}`, write(index)]))
  const sorted = createHash('sha256')
  await piped(`cut -d' ' -f4- ${directory}/*.log | LC_ALL=C sort`, sorted)
  const runtime = await serveLogs(paths)
  const merged = createHash('sha256')
  const start = process.hrtime.bigint()
  const words = [process.execPath, '--import', preload, crisp, '-r', runtime.endpoint]
  await piped(`${words.join(' ')} logs --namespace . -o raw`, merged)
  const took = Number(process.hrtime.bigint() - start) / 1e9
  runtime.close()
  const same = sorted.digest('hex') === merged.digest('hex')
  console.log(
    `${count} containers of ${size / 1e6} MB: ${took.toFixed(1)} s, peak ${(JSON.parse(readFileSync(usage, 'utf8')).peakKiB / 1024).toFixed(0)} MiB, order ${same ? 'as sorted' : 'WRONG'}`,
  )
  process.exitCode = same ? 0 : 1
} finally {
  rmSync(directory, {recursive: true, force: true})
}

/** Each line is one time unit after one of another container, and says its time so that text order is time order. */
function write(index) {
  const path = join(directory, `${index}.log`)
  const descriptor = openSync(path, 'w')
  let text = ''
  for (let written = 0, line = 0; written < size; line++) {
    const micros = line * 5000 + ((index * 7919 + line * 104_729) % 5000)
    const stamp = `${new Date(Date.UTC(2026, 0, 2) + Math.floor(micros / 1000)).toISOString().slice(0, -1)}${(micros % 1000).toString().padStart(3, '0')}${index.toString().padStart(3, '0')}Z`
    const record = `${stamp} stdout F ${stamp} ${'x'.repeat((line * 31) % 90)}\n`
    text += record
    written += record.length
    if (text.length < 1 << 20) continue
    writeSync(descriptor, text)
    text = ''
  }
  writeSync(descriptor, text)
  closeSync(descriptor)
  return path
}

function piped(script, hash) {
  return new Promise((resolve, reject) => {
    const env = {...process.env, CRI_CONFIG_FILE: '/dev/null', USAGE_FILE: usage}
    const child = spawn('sh', ['-c', script], {stdio: ['ignore', 'pipe', 'inherit'], env})
    child.stdout.on('data', (chunk) => hash.update(chunk))
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${script} ended with ${code}`)),
    )
  })
}
