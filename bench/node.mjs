// What a command costs on another node whose connection is there already, beside `ssh NODE true` and the command on the
// node itself, in turns. As root, on Debian with openssh-server. Medians.
//   ROUNDS=15 node bench/node.mjs
import {execFileSync} from 'node:child_process'
import {startServer} from './demo-server.mjs'
import {importTypeScript} from './typescript.mjs'

const rounds = Number(process.env.ROUNDS ?? 15)
const {startSshNode} = await importTypeScript('test/support/ssh-node.ts')
const server = startServer()
const node = await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: server.endpoint}})
try {
  const env = {...process.env, ...node.env, CRI_CONFIG_FILE: '/dev/null'}
  const inside = {...env, CONTAINER_RUNTIME_ENDPOINT: server.endpoint}
  const run = (environment, ...words) =>
    execFileSync('sh', ['-c', '"$@"', 'sh', ...words], {env: environment})
  const shared = ['-o', `ControlPath=${node.env.XDG_RUNTIME_DIR}/bench`]
  const lines = {
    'crisp --node NODE ps': () => run(env, node.crisp, '--node', 'root', 'ps'),
    'crisp ps, there': () => run(inside, node.crisp, 'ps'),
    'ssh NODE true': () => run(env, 'ssh', 'root', 'true'),
    'ssh NODE true, connected': () => run(env, 'ssh', ...shared, 'root', 'true'),
  }
  run(env, node.crisp, '--node', 'root', 'ps')
  execFileSync('ssh', [...shared, '-o', 'ControlMaster=auto', '-o', 'ControlPersist=600', 'root', 'true'], {
    env,
    stdio: 'ignore',
  })
  const times = Object.fromEntries(Object.keys(lines).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const [name, line] of Object.entries(lines)) {
      const start = performance.now()
      line()
      times[name].push(performance.now() - start)
    }
  const medians = Object.fromEntries(
    Object.entries(times).map(([name, all]) => [name, all.sort((a, b) => a - b)[rounds >> 1]]),
  )
  for (const [name, ms] of Object.entries(medians))
    console.log(`${name.padEnd(26)} ${ms.toFixed(0).padStart(5)} ms`)
  const there = medians['crisp --node NODE ps']
  for (const name of ['ssh NODE true', 'ssh NODE true, connected'])
    console.log(
      `to '${name}' + 'crisp ps, there': ${(there / (medians[name] + medians['crisp ps, there'])).toFixed(2)}`,
    )
} finally {
  execFileSync('ssh', ['-o', `ControlPath=${node.env.XDG_RUNTIME_DIR}/bench`, '-O', 'exit', 'root'], {
    env: {...process.env, ...node.env},
    stdio: 'ignore',
  })
  node[Symbol.dispose]()
  server.stop()
}
