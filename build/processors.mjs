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

for (const words of machines) {
  const {status} = spawnSync(process.execPath, ['build/smoke.mjs', ...process.argv.slice(2), ...words], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: 'inherit',
  })
  if (status !== 0) process.exitCode = 1
}
