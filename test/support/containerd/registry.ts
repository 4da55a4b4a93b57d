import {type ChildProcess, execFile, spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'

const run = promisify(execFile)

/** An image registry on loopback; containerd speaks plain HTTP to those. */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string
  /** Copies a docker-archive in as `address/name`, and returns that reference. */
  push(archive: string, name: string): Promise<string>
}

/** With credentials it refuses everybody else, also for reading. */
export async function startRegistry(credentials?: {user: string; password: string}): Promise<Registry> {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-registry-'))
  const address = `127.0.0.1:${await freePort()}`
  await mkdir(join(directory, 'data'))
  let auth = ''
  if (credentials) {
    const {stdout} = await run('htpasswd', ['-Bbn', credentials.user, credentials.password])
    await writeFile(join(directory, 'htpasswd'), stdout)
    auth = `auth:\n  htpasswd:\n    realm: test\n    path: ${directory}/htpasswd\n`
  }
  const config = join(directory, 'config.yml')
  await writeFile(
    config,
    `version: 0.1
log:
  level: error
storage:
  filesystem:
    rootdirectory: ${directory}/data
http:
  addr: ${address}
  secret: test
${auth}`,
  )
  const server = spawn('docker-registry', ['serve', config], {stdio: 'ignore'})
  await once(server, 'spawn')
  await answers(`http://${address}/v2/`, server)
  return {
    address,
    push: async (archive, name) => {
      const reference = `${address}/${name}`
      const creds = credentials ? ['--dest-creds', `${credentials.user}:${credentials.password}`] : []
      const copy = ['copy', '--insecure-policy', '--dest-tls-verify=false', ...creds]
      await run('skopeo', [...copy, `docker-archive:${archive}`, `docker://${reference}`])
      return reference
    },
    [Symbol.asyncDispose]: async () => {
      if (server.exitCode === null && server.signalCode === null) {
        const exited = once(server, 'exit')
        server.kill('SIGTERM')
        await exited
      }
      await rm(directory, {recursive: true, force: true})
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const {port} = probe.address() as {port: number}
  probe.close()
  await once(probe, 'close')
  return port
}

/** The registry tells nobody when it is ready, so it is asked until it answers. */
async function answers(url: string, server: ChildProcess): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`docker-registry ended with ${server.exitCode}`)
    try {
      await fetch(url)
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
