import {mkdir, mkdtemp, readdir, readFile, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as wait} from 'node:timers/promises'
import {expect, onTestFinished, test} from 'vitest'
import {removeKilledServers, runningServers} from '../../src/demo/state/home.js'
import {eventually} from '../support/eventually.js'
import {processesWith} from '../support/processes.js'
import {type Random, rounds, seeded} from '../support/random.js'
import {type CliResult, outcomeOf, runCli, startCli} from '../support/run-cli.js'

// Random verbs of several users at once, ended by themselves, by signals or by kill -9, on two embedded runtimes: one
// serves all the time, the other is killed and started again meanwhile. `npm run soak` is the long form.

const seconds = Number(process.env.SOAK_SECONDS ?? 60)
const {seed} = rounds(0)
const users = 3
/** How often the second runtime goes away. */
const restartEveryMs = Math.max(8_000, (seconds * 1000) / 40)

const image = 'registry.crisp.demo/shell:1.0'
const [pod, shell] = ['toolbox', 'toolbox/shell']

/** What ends by itself. */
const short: readonly (readonly string[])[] = [
  ['pods'],
  ['ps', '-a', '-o', 'json'],
  ['ps', '-q', '--pod-label', 'app=web'],
  ['images', '-o', 'yaml'],
  ['info'],
  ['stats'],
  ['statsp', '-o', 'jsonl'],
  ['metricsp'],
  ['version'],
  ['imagefsinfo'],
  ['inspect', shell],
  ['inspectp', pod],
  ['inspecti', image],
  ['describe', shell],
  ['logs', '--tail', '20', 'orders'],
  ['top', '--once'],
  ['pull', '-q', image],
  ['update', '--memory', '64m', shell],
  ['exec', shell, 'sh', '-c', 'echo out; echo err >&2; exit 7'],
  ['exec', '-s', shell, 'sh', '-c', 'exit 9'],
  ['cp', `${shell}:/etc/hostname`, '-'],
  ['run', '--rm', image, '--', 'sh', '-c', 'echo hello; exit 3'],
  ['run', '--rm', '-i', image, '--', 'cat'],
  ['run', '--name', 'soaked', image, '--', 'sleep', '1000'],
  ['rmp', '-f', '--name', '^soaked', '--ignore-missing'],
  ['stop', '-t', '1', '--pod', 'soaked', '-a'],
  ['rm', '-f', '--pod', 'soaked', '-a'],
  ['explain', 'pod'],
  ['which', '1'],
]

/** What goes on until it is ended. */
const waiting: readonly (readonly string[])[] = [
  ['logs', '-f', 'orders'],
  ['logs', '-f', '--prefix', '--pod', pod],
  ['events'],
  ['stats', '--watch'],
  ['metricsp', '--watch'],
  ['exec', '-i', shell, 'cat'],
  ['exec', shell, 'sh', '-c', 'while :; do echo line; done'],
  ['attach', 'orders'],
  ['port-forward', pod, ':80'],
  ['wait', '--for=exited', 'orders'],
  ['run', '--rm', image, '--', 'sleep', '1000'],
]

/** Documented in docs/connecting.md and docs/exec.md; null is a signal's. */
const codes = [0, 1, 3, 4, 7, 9, 124, 125, 126, 129, 130, 137, 143, null]
const fault = /^ {4}at |internal error|node:internal|core dumped/m

interface Node {
  socket: string
  endpoint: string
  env: NodeJS.ProcessEnv
}

async function serve(node: Node): Promise<void> {
  const {stdout, stderr} = await runCli(['demo', '--detach', '--socket', node.socket], {env: node.env})
  expect({stdout, stderr}).toEqual({stdout: `${node.endpoint}\n`, stderr: expect.not.stringMatching(fault)})
}

async function stop(node: Node): Promise<CliResult> {
  return runCli(['demo', '--stop', '--socket', node.socket], {env: node.env})
}

async function pidOf({socket}: Node): Promise<number> {
  const server = (await runningServers()).find(({socketPath}) => socketPath === socket)
  return server?.pid ?? Number.NaN
}

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

/** One command line, ended in one way or another. */
async function runOne(random: Random, node: Node): Promise<string | undefined> {
  const waits = random.chance(0.35)
  const argv = random.of(waits ? waiting : short)
  const cli = startCli(argv, {endpoint: node.endpoint, env: node.env})
  cli.stdin.on('error', () => undefined)
  cli.stdin.end(random.chance(0.5) ? 'some words\n' : '')
  const outcome = outcomeOf(cli)
  const ending = random.of(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)
  const moments = new AbortController()
  if (waits || random.chance(0.2))
    wait(50 + random.number(waits ? 2_500 : 600), undefined, {signal: moments.signal}).then(
      () => cli.kill(ending),
      () => undefined,
    )
  // Who reads has seen enough.
  if (random.chance(0.1)) cli.stdout.destroy()
  const {stdout, stderr, exitCode} = await outcome
  moments.abort()
  if (fault.test(stdout + stderr) || !codes.includes(exitCode))
    return `${argv.join(' ')} (${ending}): ${exitCode}\n${stderr.slice(0, 2_000)}`
  return undefined
}

test(
  `random verbs for ${seconds} s, from FUZZ_SEED=${seed}`,
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'crisp-soak-'))
    onTestFinished(() => rm(directory, {recursive: true, force: true}))
    const temporary = join(directory, 'tmp')
    await mkdir(temporary)
    const env = {
      XDG_RUNTIME_DIR: directory,
      XDG_STATE_HOME: join(directory, 'state'),
      TMPDIR: temporary,
    }
    // Where the servers of these commands write down who they are.
    const {XDG_RUNTIME_DIR} = process.env
    process.env.XDG_RUNTIME_DIR = directory
    onTestFinished(() => {
      process.env.XDG_RUNTIME_DIR = XDG_RUNTIME_DIR
      if (XDG_RUNTIME_DIR === undefined) delete process.env.XDG_RUNTIME_DIR
    })
    const nodes = ['steady', 'shaky'].map((name): Node => {
      const socket = join(directory, `${name}.sock`)
      return {socket, endpoint: `unix://${socket}`, env}
    })
    const [steady, shaky] = nodes as [Node, Node]
    await Promise.all(nodes.map(serve))
    const pid = await pidOf(steady)

    const endMs = performance.now() + seconds * 1000
    const isOver = (): boolean => performance.now() > endMs
    const faults: string[] = []
    let done = 0
    const use = async (random: Random): Promise<void> => {
      while (!isOver() && faults.length < 5) {
        const found = await runOne(random, random.chance(0.6) ? steady : shaky)
        if (found !== undefined) faults.push(found)
        done++
      }
    }
    const restart = async (random: Random): Promise<void> => {
      while (!isOver()) {
        await wait(Math.min(restartEveryMs, Math.max(endMs - performance.now(), 0)))
        const server = await pidOf(shaky)
        if (random.chance(0.5)) process.kill(server, 'SIGKILL')
        await stop(shaky)
        await serve(shaky)
      }
    }
    const sizesMiB: number[] = []
    const weigh = async (): Promise<void> => {
      while (!isOver()) {
        sizesMiB.push(await residentMiB(pid))
        await wait(Math.min(500, seconds * 5))
      }
    }
    await Promise.all([
      ...Array.from({length: users}, (_, user) => use(seeded(seed + user))),
      restart(seeded(seed + users)),
      weigh(),
    ])

    expect(faults).toEqual([])
    expect(await pidOf(steady)).toBe(pid)
    const part = (from: number, to: number): number =>
      median(sizesMiB.slice(from * sizesMiB.length, to * sizesMiB.length))
    const [early, late] = [part(0.25, 0.5), part(0.75, 1)]
    console.log(
      `${done} command lines; the runtime takes ${early.toFixed()} MiB, later ${late.toFixed()} MiB`,
    )
    // In a short time its heap has not got its size yet.
    expect(late).toBeLessThan(seconds < 300 ? 2 * early + 24 : 1.25 * early + 24)

    for (const node of nodes) expect(await stop(node)).toMatchObject({exitCode: 0})
    expect(await Promise.all(nodes.map(({socket}) => removeKilledServers(socket)))).toEqual([false, false])
    await eventually(async () => expect(await processesWith(directory)).toEqual([]))
    expect(await readdir(temporary)).toEqual([])
    expect((await readdir(directory)).filter((name) => name.includes('.sock'))).toEqual([])
  },
  (seconds + 240) * 1000,
)

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
