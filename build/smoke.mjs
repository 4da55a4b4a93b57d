// Whether the built command works on the Node that runs this: node build/smoke.mjs [PROGRAM], and whether a standalone
// file does: node build/smoke.mjs [--short] [qemu-aarch64-static -L /usr/aarch64-linux-gnu] FILE. On the embedded runtime,
// with one of its own; leaves nothing behind.
import {spawn} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

const own = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const short = process.argv[2] === '--short'
const given = process.argv.slice(short ? 3 : 2)
const program = given.length > 0 ? given : [own]
// What an emulator runs cannot start itself again.
const server = program.length > 1 ? [own] : program
const home = mkdtempSync(join(tmpdir(), 'crisp-smoke-'))
const env = {
  PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
  HOME: home,
  XDG_RUNTIME_DIR: home,
  CONTAINER_RUNTIME_ENDPOINT: 'demo',
  CRI_CONFIG_FILE: '/dev/null',
}
const copy = join(home, 'copy')

/** What each command line should print, and how it should end; 0 unless told. */
const allChecks = [
  [['--version'], /^crisp \S+/],
  [['version'], /^RuntimeName: +crisp-demo$/m],
  [['ps', '-o', 'json'], (text) => JSON.parse(text).containers.length > 8],
  [['pods', '--no-trunc'], /orders-0/],
  [['inspect', '-o', 'jsonpath={.status.metadata.name}', 'toolbox/shell'], /^shell/],
  [['exec', 'toolbox/shell', 'sh', '-c', 'echo out; exit 7'], /^out\n$/, 7],
  [['exec', '-i', 'toolbox/shell', 'cat'], /^typed$/, 0, {stdin: 'typed'}],
  [['cp', 'toolbox/shell:/etc/hostname', copy], () => readFileSync(copy).length > 0],
  [['logs', '--tail', '1', 'shop/orders-0/orders'], /\S/],
  [['logs', '-f', 'shop/orders-0/orders'], /\n.*\n/, 130, {interruptAfter: /\n.*\n/}],
  [['stats', '--seconds', '1'], /orders/],
  [['ps', '--wrong'], /^$/, 2],
  [['demo', '--stop'], /^$/],
]
/** The short ones are for an emulator, where each takes seconds. */
const checks = allChecks.filter(([[verb]]) => !short || ['version', 'exec', 'logs'].includes(verb))

let failed = 0
try {
  writeFileSync(copy, '')
  await run([...server, 'demo', '--detach'])
  for (const [argv, expected, code = 0, options = {}] of checks) {
    const {stdout, stderr, exitCode} = await run([...program, ...argv], options)
    const fits = typeof expected === 'function' ? expected(stdout) : expected.test(stdout)
    if (fits && exitCode === code) continue
    failed++
    console.log(`crisp ${argv.join(' ')}: exit code ${exitCode}\n${stdout}${stderr}`)
  }
} finally {
  await run([...server, 'demo', '--stop'])
  rmSync(home, {recursive: true})
}
console.log(
  `${given.length > 0 ? program.join(' ') : `Node ${process.version}`}: ${checks.length - failed} of ${checks.length} command lines as they should be`,
)
if (failed > 0) process.exitCode = 1

function run([file, ...argv], {stdin = '', interruptAfter} = {}) {
  const child = spawn(file, argv, {env})
  child.stdin.on('error', () => {})
  child.stdin.end(stdin)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    if (interruptAfter?.test(stdout)) child.kill('SIGINT')
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve) => {
    child.on('close', (exitCode) => resolve({stdout, stderr, exitCode}))
  })
}
