// Many containers at once beside one after another: removing 200 on the embedded runtime and 40 on containerd, starting
// and stopping 50 there, stopping 10 that ignore the signal, beside crictl too where it is on PATH. Interleaved rounds,
// medians and ratios. containerd needs root and the packages that test/containerd names.
//   ROUNDS=3 ONLY='stop 50' node bench/remove.mjs
import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {connect} from '../dist/client.js'
import {importTypeScript} from './typescript.mjs'

const crisp = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const rounds = Number(process.env.ROUNDS ?? 3)
/** Part of the titles of those that are wanted; all without it. */
const only = process.env.ONLY ?? ''
const crictl = spawnSync('crictl', ['--version']).status === 0

/** Wall time of one command in ms, in a process of its own as a user has it. */
async function wall(program, args) {
  const startMs = performance.now()
  const child = spawn(program, args, {stdio: ['ignore', 'ignore', 'pipe']})
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const status = await new Promise((resolve) => child.once('close', resolve))
  if (status !== 0)
    throw new Error(`${program} ${args.slice(0, 4).join(' ')} … ended with ${status}: ${stderr}`)
  return performance.now() - startMs
}

const withCrisp = (endpoint, ...args) => wall(process.execPath, [crisp, '-r', endpoint, ...args])
const withCrictl = (endpoint, ...args) => wall('crictl', ['-r', endpoint, '--timeout', '2m', ...args])

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/** `contenders` are timed in turn on things made for each of them; the first is what the others are compared with. */
async function compare(title, make, contenders) {
  if (!title.includes(only)) return
  const timesMs = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const [name, run] of Object.entries(contenders)) timesMs[name].push(await run(await make()))
  const [first] = Object.values(timesMs)
  console.log(`\n${title}`)
  for (const [name, values] of Object.entries(timesMs)) {
    const ratio = median(values) / median(first)
    console.log(
      `  ${name.padEnd(34)}${median(values).toFixed(0).padStart(8)} ms${ratio.toFixed(2).padStart(7)}`,
    )
  }
}

/** `late`: how long the runtime takes for each removal by itself. Its own work alone keeps one CPU busy. */
async function onDemo(late) {
  const socket = join(tmpdir(), `crisp-bench-${process.pid}.sock`)
  const endpoint = `unix://${socket}`
  const delay = late === undefined ? [] : ['--delay', `RemoveContainer=${late}`]
  const demo = spawn(process.execPath, [crisp, 'demo', '--empty', '--socket', socket, ...delay], {
    stdio: 'ignore',
  })
  const client = connect({endpoint, maxRetries: 20})
  try {
    const pod = {metadata: {name: 'bench', namespace: 'default', uid: 'bench', attempt: 0}}
    const {images} = await client.image.listImages({})
    const image = {image: images[0].repoTags[0]}
    const {podSandboxId} = await client.runtime.runPodSandbox({config: pod})
    const make = async () => {
      for (let index = 0; index < 200; index++) {
        const config = {metadata: {name: `c${index}`, attempt: 0}, image, command: ['sleep', '1000']}
        await client.runtime.createContainer({podSandboxId, config, sandboxConfig: pod})
      }
    }
    const title = `embedded runtime${late ? ` that takes ${late} for each` : ''}: remove 200 containers`
    await compare(title, make, {
      'crisp rm -a --parallel 1': () => withCrisp(endpoint, 'rm', '-a', '--parallel', '1'),
      'crisp rm -a': () => withCrisp(endpoint, 'rm', '-a'),
    })
  } finally {
    client.close()
    demo.kill('SIGTERM')
    await once(demo, 'exit')
  }
}

async function onContainerd() {
  const {startContainerd} = await importTypeScript('test/support/containerd/containerd.ts')
  const containerd = await startContainerd()
  try {
    const {endpoint} = containerd
    // As on a node, a few containers to a pod: all in one pod share one shim, which is then what is measured.
    const pods = []
    for (let index = 0; index < 10; index++) pods.push(await containerd.runPod(`bench-${index}`))
    const made = async (count, start, script = 'exec sleep 1000') => {
      const ids = []
      for (let index = 0; index < count; index++)
        ids.push(await pods[index % pods.length].runContainer(`c${index}`, script, {start}))
      return ids
    }
    const cleared = async () => {
      await withCrisp(endpoint, 'rm', '-fa')
    }
    await compare('containerd: remove 40 running containers', () => made(40, true), {
      'crisp rm -f, a process for each': async (ids) => {
        const startMs = performance.now()
        for (const id of ids) await withCrisp(endpoint, 'rm', '-f', id)
        return performance.now() - startMs
      },
      'crisp rm -fa --parallel 1': () => withCrisp(endpoint, 'rm', '-fa', '--parallel', '1'),
      'crisp rm -fa': () => withCrisp(endpoint, 'rm', '-fa'),
    })

    const fifty = (verb) => ({
      [crictl ? `crictl ${verb}` : `crisp ${verb} --parallel 1`]: (ids) =>
        crictl ? withCrictl(endpoint, verb, ...ids) : withCrisp(endpoint, verb, ...ids, '--parallel', '1'),
      [`crisp ${verb}`]: (ids) => withCrisp(endpoint, verb, ...ids),
    })
    await compare('containerd: start 50', () => cleared().then(() => made(50, false)), fifty('start'))
    await compare('containerd: stop 50', () => cleared().then(() => made(50, true)), fifty('stop'))

    // Their grace periods should overlap: whoever stops one after another takes ten times as long.
    const stubborn = "trap '' TERM; while :; do sleep 1; done"
    await compare(
      'containerd: stop 10 that ignore the signal, with a grace period of 2 s',
      () => cleared().then(() => made(10, true, stubborn)),
      {
        'crisp stop -t 2 --parallel 1': (ids) =>
          withCrisp(endpoint, 'stop', '-t', '2', '--parallel', '1', ...ids),
        ...(crictl ? {'crictl stop -t 2': (ids) => withCrictl(endpoint, 'stop', '-t', '2', ...ids)} : {}),
        'crisp stop -t 2': (ids) => withCrisp(endpoint, 'stop', '-t', '2', ...ids),
      },
    )
    await cleared()
  } finally {
    await containerd[Symbol.asyncDispose]()
  }
}

if (!crictl) console.log('crictl is not on PATH: compared with crisp one after another')
await onDemo()
await onDemo('20ms')
await onContainerd()
