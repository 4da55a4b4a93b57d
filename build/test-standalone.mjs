// The tests on the standalone file for x64, which is built before: npm run test:standalone [-- --all | FILE …]
// Without words, the sets that tell most of it; with --all, everything that starts crisp (test/support/about-node.ts).
import {spawnSync} from 'node:child_process'
import {fileURLToPath} from 'node:url'

const sets = [
  'standalone',
  'commands',
  'dropin',
  'broken',
  'streaming',
  'containerd',
  // What goes to a node is the file itself.
  'cli/nodes/odd-nodes',
  'cli/nodes/three-hosts',
]

const words = process.argv.slice(2)
const files = words.length === 0 ? sets.map((set) => `test/${set}`) : words.filter((word) => word !== '--all')
const {status} = spawnSync('npx', ['vitest', 'run', ...files], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  env: {...process.env, CRISP_BIN: 'release/crisp-linux-x64'},
  stdio: 'inherit',
})
process.exitCode = status ?? 1
