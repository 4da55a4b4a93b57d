import {type ChildProcess, spawn} from 'node:child_process'
import {mkdtemp, readFile, rm} from 'node:fs/promises'
import {availableParallelism, tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeAll, describe, expect, test} from 'vitest'
import {startDemoRuntime} from '../../src/demo/index.js'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {busyboxImage, startContainerd} from '../support/containerd/containerd.js'
import {shellImage} from '../support/demo-node.js'
import {runCli} from '../support/run-cli.js'

// A command that is over before crisp is attached loses no line and no exit code. LOAD_RUNS=500 is the long form
// (npm run load:run).
const runs = Number(process.env.LOAD_RUNS ?? 12)
// Beside other tests it is busy anyway, and they should get on.
const machines = process.env.LOAD_RUNS === undefined ? ['as it is'] : ['idle', 'busy']
const atOnce = 3
const timeout = 120_000 + 3_000 * runs
const lines = 11

interface Node extends AsyncDisposable {
  endpoint: string
  /** So many runs have lost output on their way into the log, by the runtime's own word. */
  lostByRuntime: () => Promise<number>
}

let burners: ChildProcess[] = []
afterEach(() => {
  for (const burner of burners) burner.kill('SIGKILL')
  burners = []
})

/** More to do than there are processors. */
function burn(): void {
  for (let count = 0; count < 2 * availableParallelism(); count++)
    burners.push(spawn('sh', ['-c', 'while :; do :; done'], {stdio: 'ignore'}))
}

/** The runs that were not as they should be. */
async function odd(node: Node, flags: readonly string[], image: string): Promise<object[]> {
  const script = `i=0; while [ $i -lt ${lines} ]; do echo line $i; i=$((i+1)); done; echo err >&2; exit $0`
  const found: object[] = []
  let next = 0
  const oneAfterAnother = async () => {
    for (let run = next++; run < runs / 2; run = next++) {
      const code = run % 7
      const argv = ['run', '--rm', '-i', ...flags, image, '--', 'sh', '-c', script, String(code)]
      const outcome = await runCli(argv, {...node, stdin: run % 2 === 0 ? '' : 'not read\n'})
      const stdout = Array.from({length: lines}, (_, index) => `line ${index}\n`).join('')
      if (outcome.stdout !== stdout || outcome.stderr !== 'err\n' || outcome.exitCode !== code)
        found.push({run, code, ...outcome})
    }
  }
  await Promise.all(Array.from({length: atOnce}, oneAfterAnother))
  return found
}

function everyLine(start: () => Promise<{node: Node; flags: string[]; image: string}>): void {
  let given: Awaited<ReturnType<typeof start>>
  beforeAll(async () => {
    given = await start()
    return () => given.node[Symbol.asyncDispose]()
  })

  test.each(machines)('on a machine that is %s', {timeout}, async (machine) => {
    const {node, flags, image} = given
    if (machine === 'busy') burn()
    const before = await node.lostByRuntime()
    const found = await odd(node, flags, image)
    const lost = (await node.lostByRuntime()) - before
    if (lost > 0) console.log(`${machine}: the runtime itself lost output ${lost} times`)
    // Their exit codes must be right all the same.
    const own = found.filter((run) => !('code' in run && 'exitCode' in run && run.code === run.exitCode))
    expect(own).toEqual([])
    expect(found.slice(lost)).toEqual([])
  })
}

describe('run -i on the embedded runtime', () => {
  everyLine(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'crisp-run-'))
    const runtime = await startDemoRuntime()
    return {
      node: {
        endpoint: runtime.endpoint,
        lostByRuntime: async () => 0,
        async [Symbol.asyncDispose]() {
          await runtime[Symbol.asyncDispose]()
          await rm(directory, {recursive: true})
        },
      },
      flags: ['--log-directory', directory],
      image: shellImage,
    }
  })
})

describeOnContainerd('run -i on a real containerd', () => {
  everyLine(async () => {
    const containerd = await startContainerd()
    const logPath = join(containerd.directory, 'containerd.log')
    return {
      node: {
        endpoint: containerd.endpoint,
        // 1.6 closes a container's output when it exits, whatever has not been logged by then.
        lostByRuntime: async () => (await readFile(logPath, 'utf8')).split('file already closed').length - 1,
        [Symbol.asyncDispose]: () => containerd[Symbol.asyncDispose](),
      },
      flags: [
        ...['--host-network', '--log-directory', join(containerd.directory, 'logs')],
        ...['--cgroup-parent', `/crisp-${containerd.directory.slice(-6)}`],
      ],
      image: busyboxImage,
    }
  })
})
