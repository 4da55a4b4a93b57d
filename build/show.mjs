// What crisp shows, on the embedded runtime: npm run show. Starts one of its own, and leaves nothing behind.
import {spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'

/** CRISP_BIN is a standalone file. */
const program = process.env.CRISP_BIN
  ? [resolve(process.env.CRISP_BIN)]
  : [process.execPath, fileURLToPath(new URL('../bin/run.js', import.meta.url))]
const home = mkdtempSync(join(tmpdir(), 'crisp-show-'))
const env = {
  ...process.env,
  XDG_RUNTIME_DIR: home,
  CONTAINER_RUNTIME_ENDPOINT: 'demo',
  CRI_CONFIG_FILE: '/dev/null',
}

const stops = [
  ['What is on the node: pods, and the containers in them.', ['pods'], ['ps', '-a']],
  ['Names work wherever an ID works.', ['logs', '--tail', '3', 'shop/orders-0/orders']],
  ['The one that keeps crashing: how it ended, how often, and what it said.', ['describe', 'payments']],
  [
    'A command inside a container.',
    ['exec', 'toolbox/shell', 'sh', '-c', 'echo "I am $HOSTNAME, process $$"'],
  ],
  ['What they take.', ['stats']],
  ['And what a word of the CRI means.', ['explain', 'ContainerStatus.exit_code']],
]

process.exitCode = show()
crisp(['demo', '--stop'])
rmSync(home, {recursive: true})

function show() {
  for (const [words, ...commands] of stops) {
    process.stdout.write(`\n# ${words}\n`)
    for (const command of commands) {
      process.stdout.write(`$ crisp -r demo ${command.map(typed).join(' ')}\n`)
      const {status} = crisp(command)
      if (status !== 0) return 1
    }
  }
  process.stdout.write('\nOn your own machine: crisp tour, crisp -r demo ps, docs/demo.md\n')
  return 0
}

function crisp(argv) {
  const [file, ...words] = [...program, ...argv]
  return spawnSync(file, words, {stdio: 'inherit', env})
}

function typed(word) {
  return /^[\w./-]+$/.test(word) ? word : `'${word}'`
}
