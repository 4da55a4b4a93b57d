import {createHash} from 'node:crypto'
import {setTimeout as sleep} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {startFakeNode} from '../support/fake-node.js'
import {LogWriter, type Rotation} from '../support/log-writer.js'
import {startCli} from '../support/run-cli.js'

// 50,000 lines a second. LOAD_SECONDS=60 is the long form (npm run load:logs), which says latencies too.
const seconds = Number(process.env.LOAD_SECONDS ?? 1)
const linesPerSecond = 50_000
const rotationsPerSecond = process.env.LOAD_SECONDS === undefined ? 5 : 1
const tickMs = 10

test.each<[Rotation, boolean]>([
  ['rename', false],
  ['rename', true],
  ['truncate', false],
  ['truncate', true],
])(
  'a fast writer that rotates by %s, compressed: %s: every line once, in order',
  {timeout: (60 + 5 * seconds) * 1000},
  async (rotation, compress) => {
    await using node = await startFakeNode({containers: [{pod: 'busy', name: 'app'}]})
    const [container] = node.containers
    if (!container) throw new Error('no container')
    const writer = new LogWriter(node.logOf(container), {rotation, compress})
    const cli = startCli(['logs', '-f', 'app'], node)
    const shown = readLines(cli.stdout)
    let stderr = ''
    cli.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk
    })
    const ended = new Promise<number | null>((resolve) => cli.once('close', resolve))

    const written = createHash('sha256')
    let count = 0
    const lines = (wanted: number) => {
      let text = ''
      for (let index = 0; index < wanted; index++) {
        const content = `${count++} ${Date.now()} ${'x'.repeat(count % 60)}`
        written.update(`${content}\n`)
        text += `${new Date().toISOString().slice(0, -1)}000000Z stdout F ${content}\n`
      }
      return text
    }
    writer.write(lines(1))
    await shown.first
    const start = performance.now()
    for (let rotations = 0; count < seconds * linesPerSecond; ) {
      const due = Math.min(seconds, (performance.now() - start) / 1000)
      writer.write(lines(Math.max(0, Math.floor(due * linesPerSecond) - count)))
      if (due * rotationsPerSecond > rotations + 1) {
        writer.rotate(lines(3))
        rotations++
      }
      await sleep(tickMs)
    }
    writer.close()
    container.state = 'CONTAINER_EXITED'
    node.endedPods.add('busy')

    expect(await ended).toBe(0)
    expect(stderr).toBe('')
    expect(shown.jumps).toEqual([])
    expect(shown.count()).toBe(count)
    expect(shown.digest()).toBe(written.digest('hex'))
    if (process.env.LOAD_SECONDS !== undefined) {
      const sorted = shown.latenciesMs().toSorted((a, b) => a - b)
      const at = (part: number) => sorted[Math.floor(sorted.length * part)]
      console.log(
        `${rotation}${compress ? ' and gz' : ''}: ${count} lines, latency ${at(0.5)} ms at the median, ${at(0.99)} ms at 99 %`,
      )
    }
  },
)

function readLines(stream: NodeJS.ReadableStream) {
  const hash = createHash('sha256')
  const latencies: number[] = []
  /** Where lines are missing, or come again. */
  const jumps: string[] = []
  let next = 0
  let count = 0
  let rest = ''
  let sawFirst = () => {}
  const first = new Promise<void>((resolve) => {
    sawFirst = resolve
  })
  stream.on('data', (chunk: Buffer) => {
    hash.update(chunk)
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    count += lines.length
    for (const line of lines) {
      const number = Number(line.split(' ', 1)[0])
      if (number !== next) jumps.push(`from ${next} to ${number}`)
      next = number + 1
    }
    const now = Date.now()
    const last = lines.at(-1)
    if (last !== undefined) latencies.push(now - Number(last.split(' ')[1]))
    sawFirst()
  })
  return {first, jumps, count: () => count, digest: () => hash.digest('hex'), latenciesMs: () => latencies}
}
