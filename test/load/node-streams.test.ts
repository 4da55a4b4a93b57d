import {createHash, randomBytes} from 'node:crypto'
import {createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {open} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {startDemoRuntime} from '../../src/demo/index.js'
import {eventually} from '../support/eventually.js'
import {startFakeNode} from '../support/fake-node.js'
import {LogWriter} from '../support/log-writer.js'
import {isMet} from '../support/needs.js'
import {type Cli, startCli, textOf} from '../support/run-cli.js'
import {type SshNode, startSshNode} from '../support/ssh-node.js'

// What goes through one connection: a thousand lines a second of each of three nodes, and files. LOAD_SECONDS=60 and
// LOAD_MEGABYTES=200 are the long form (npm run load:node-streams), which says times and looks at the order of all.
const seconds = Number(process.env.LOAD_SECONDS ?? 2)
const megabytes = Number(process.env.LOAD_MEGABYTES ?? 20)
const isLong = process.env.LOAD_SECONDS !== undefined
const rates = isLong ? [1_000, 8_000] : [1_000]
const tickMs = 10
const longTime = {timeout: (120 + 5 * seconds + megabytes) * 1000}

describe.skipIf(!isMet('ssh'))('through ssh', () => {
  let ssh: SshNode
  beforeAll(async () => {
    ssh = await startSshNode()
  })
  afterAll(() => ssh[Symbol.dispose]())

  function know(endpoints: Record<string, string>): void {
    const settings = join(ssh.env.XDG_CONFIG_HOME ?? '', 'crisp')
    mkdirSync(settings, {recursive: true})
    const entries = Object.entries(endpoints).map(([name, endpoint]) => {
      ssh.know(name, ssh.settings('root'))
      return `  ${name}:\n    runtime-endpoint: ${endpoint}\n`
    })
    writeFileSync(join(settings, 'config.yaml'), `nodes:\n${entries.join('')}`)
  }

  test.each(rates)(
    'logs -f of three nodes, %i lines a second each: every line once, in order',
    longTime,
    async (linesPerSecond) => {
      const names = ['one', 'two', 'three']
      const nodes = await Promise.all(
        names.map(async (name) => {
          const node = await startFakeNode({containers: [{pod: 'busy', name: 'app'}]})
          const [container] = node.containers
          if (!container) throw new Error('no container')
          const writer = new LogWriter(node.logOf(container), {rotation: 'rename', compress: false})
          return {name, node, container, writer, written: 0}
        }),
      )
      onTestFinished(async () => {
        for (const {node} of nodes) await node[Symbol.asyncDispose]()
      })
      know(Object.fromEntries(nodes.map(({name, node}) => [name, node.endpoint])))
      const cli = startCli(['--node-crisp', ssh.crisp, '-N', names.join(), 'logs', '-f', 'app'], {
        env: ssh.env,
      })
      const ended = new Promise<number | null>((resolve) => cli.once('close', resolve))
      const said = textOf(cli.stderr)
      const shown = readLines(cli, names)

      const write = (count: number) => {
        for (const node of nodes) {
          let text = ''
          for (; node.written < count; node.written++)
            text += `${new Date().toISOString().slice(0, -1)}000000Z stdout F ${node.written} ${Date.now()}\n`
          node.writer.write(text)
        }
      }
      write(1)
      await eventually(() => expect(shown.lateMs).toHaveLength(names.length))
      const start = performance.now()
      for (let due = 0; due < seconds; ) {
        due = Math.min(seconds, (performance.now() - start) / 1000)
        write(1 + Math.floor(due * linesPerSecond))
        await sleep(tickMs)
      }
      for (const {node, container, writer} of nodes) {
        writer.close()
        container.state = 'CONTAINER_EXITED'
        node.endedPods.add('busy')
      }
      expect(await ended).toBe(0)
      expect(await said).toBe('')
      expect(shown.jumps).toEqual([])
      expect(nodes.map(({name}) => shown.next.get(name))).toEqual(
        names.map(() => 1 + seconds * linesPerSecond),
      )
      if (!isLong) return
      const late = shown.lateMs.toSorted((a, b) => a - b)
      const at = (part: number) => late[Math.floor((late.length - 1) * part)]
      console.log(
        `${late.length} lines: ${at(0.5)} ms late at the median, ${at(0.99)} ms at 99 %, ${at(1)} ms at most; ${shown.older} older than one before`,
      )
    },
  )

  test('files by cp and exec, each way', longTime, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'crisp-streams-'))
    onTestFinished(() => rmSync(directory, {recursive: true}))
    const command = ['/bin/sh', '-c', 'exec sleep 1000']
    const image = 'registry.crisp.demo/shell:1.0'
    const runtime = await startDemoRuntime({
      seed: {pods: [{name: 'web', containers: [{name: 'web', image, command}]}]},
    })
    onTestFinished(() => runtime[Symbol.asyncDispose]())
    know({files: runtime.endpoint})
    const [sent, there, back] = ['sent', 'there', 'back'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ]
    const sum = await writeRandom(sent)
    const run = async (what: string, argv: readonly string[], input?: string): Promise<string> => {
      const start = performance.now()
      const cli = startCli(['--node-crisp', ssh.crisp, '--node', 'files', ...argv], {env: ssh.env})
      if (input === undefined) cli.stdin.end()
      else createReadStream(input).pipe(cli.stdin)
      const hash = createHash('sha256')
      let text = ''
      cli.stdout.on('data', (chunk: Buffer) => {
        hash.update(chunk)
        if (text.length < 1000) text += chunk.toString('latin1')
      })
      const ended = new Promise<number | null>((resolve) => cli.once('close', resolve))
      expect({stderr: await textOf(cli.stderr), exitCode: await ended}).toEqual({stderr: '', exitCode: 0})
      const tookMs = performance.now() - start
      if (isLong) console.log(`${what}: ${((megabytes / tookMs) * 1000).toFixed(0)} MB/s`)
      return text.length < 1000 ? text : hash.digest('hex')
    }
    await run('cp there', ['cp', sent, `web:${there}`])
    expect(await sumOf(there)).toBe(sum)
    await run('cp back', ['cp', `web:${there}`, back])
    expect(await sumOf(back)).toBe(sum)
    expect(await run('exec there', ['exec', '-i', 'web', 'sha256sum'], sent)).toBe(`${sum}  -\n`)
    expect(await run('exec back', ['exec', 'web', 'cat', there])).toBe(sum)
    expect(await run('exec there and back', ['exec', '-i', 'web', 'cat'], sent)).toBe(sum)
  })
})

async function writeRandom(path: string): Promise<string> {
  const hash = createHash('sha256')
  await using file = await open(path, 'wx')
  for (let count = 0; count < megabytes; count++) {
    const block = randomBytes(1_000_000)
    hash.update(block)
    await file.write(block)
  }
  return hash.digest('hex')
}

async function sumOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

function readLines(cli: Cli, names: readonly string[]) {
  const shown = {
    /** The number that each node has next. */
    next: new Map(names.map((name) => [name, 0])),
    /** Where lines are missing, or come again. */
    jumps: [] as string[],
    lateMs: [] as number[],
    /** Than the line of another node that came before. */
    older: 0,
  }
  let newestMs = 0
  createInterface(cli.stdout).on('line', (line) => {
    const [, node = '', number, time] = /^(.*): (\d+) (\d+)$/.exec(line) ?? []
    if (Number(number) !== shown.next.get(node)) shown.jumps.push(line)
    shown.next.set(node, Number(number) + 1)
    const timeMs = Number(time)
    shown.lateMs.push(Date.now() - timeMs)
    if (timeMs < newestMs) shown.older++
    newestMs = Math.max(newestMs, timeMs)
  })
  return shown
}
