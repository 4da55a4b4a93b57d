// The standalone files on the processors that they are for, emulated where this one is another: npm run test:processors
// [-- --short]. Debian has what it takes: qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross
import {spawnSync} from 'node:child_process'
import {fileURLToPath} from 'node:url'

const baseline = 'release/crisp-linux-x64-baseline'
const machines = [
  [baseline],
  // Of 2008: without AVX.
  ['qemu-x86_64-static', '-cpu', 'Nehalem', baseline],
  ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu', 'release/crisp-linux-arm64'],
]

for (const words of machines) run(process.execPath, ['build/smoke.mjs', ...process.argv.slice(2), ...words])
// Nodes of both processors, from one machine.
run('npx', ['vitest', 'run', 'test/processors'], {CRISP_PROCESSORS: 'release'})

function run(program, words, env = {}) {
  const {status} = spawnSync(program, words, {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: 'inherit',
    env: {...process.env, ...env},
  })
  if (status !== 0) process.exitCode = 1
}
