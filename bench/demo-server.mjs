// A server of the embedded runtime for measurements: a process of its own, with nothing on it.
import {execFileSync} from 'node:child_process'
import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {connect} from '../dist/client.js'

const program = fileURLToPath(new URL('../bin/run.js', import.meta.url))

export const image = 'registry.crisp.demo/shell:1.0'

export function startServer() {
  const home = mkdtempSync(join(tmpdir(), 'crisp-load-'))
  const crisp = (...argv) =>
    execFileSync(process.execPath, [program, ...argv], {
      env: {
        ...process.env,
        XDG_RUNTIME_DIR: home,
        CRI_CONFIG_FILE: '/dev/null',
        // What the server leaves in its folder is looked at in the end.
        NODE_DISABLE_COMPILE_CACHE: '1',
      },
      encoding: 'utf8',
      stdio: 'pipe',
      maxBuffer: 256 * 1024 * 1024,
    })
  const endpoint = crisp('demo', '--detach', '--empty').trim()
  const directory = readdirSync(join(home, 'crisp')).find((name) => name.startsWith('server-'))
  const {pid} = JSON.parse(readFileSync(join(home, 'crisp', directory, 'server.json'), 'utf8'))
  return {
    crisp,
    endpoint,
    home,
    client: () => connect({endpoint}),
    /** Resident now, in MB. */
    memoryMb: () => residentKib(pid) / 1024,
    /** What is left in the server's directories after the end; nothing, if all is well. */
    stop() {
      crisp('demo', '--stop')
      const left = readdirSync(join(home, 'crisp'))
      rmSync(home, {recursive: true})
      return left
    },
  }
}

function residentKib(pid) {
  if (process.platform === 'linux')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], {encoding: 'utf8'}))
}

export async function inParallel(count, width, step) {
  let next = 0
  await Promise.all(
    Array.from({length: width}, async () => {
      while (next < count) await step(next++)
    }),
  )
}

export function argument(name, fallback) {
  const given = process.argv.find((word) => word.startsWith(`--${name}=`))
  return given === undefined ? fallback : Number(given.slice(name.length + 3))
}
