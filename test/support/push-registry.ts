import {createHash, randomUUID} from 'node:crypto'
import {once} from 'node:events'
import {readdirSync, readFileSync} from 'node:fs'
import {createServer, type IncomingMessage} from 'node:http'
import type {AddressInfo} from 'node:net'

/** A registry on loopback that takes pushes, keeps them in memory, and looks for secrets whenever it is asked. */
export interface PushRegistry extends AsyncDisposable {
  readonly address: string
  /** Digests of the manifests that came, by `name:tag`. */
  readonly manifests: ReadonlyMap<string, string>
  /** Command lines and environments of processes, at any request, that held the password. */
  readonly leaks: readonly string[]
  /** How often it was asked with the right credentials. */
  readonly welcomed: number
}

export async function startPushRegistry(login?: {user: string; password: string}): Promise<PushRegistry> {
  const store = new Store()
  const leaks: string[] = []
  let welcomed = 0
  const secrets = login
    ? [login.password, Buffer.from(`${login.user}:${login.password}`).toString('base64')]
    : []
  const server = createServer(async (request, response) => {
    const body = await bytesOf(request)
    const answer = (code: number, headers: Record<string, string> = {}) =>
      response.writeHead(code, headers).end()
    leaks.push(...leaksOf(secrets))
    if (login) {
      if (request.headers.authorization !== `Basic ${secrets[1]}`)
        return answer(401, {'www-authenticate': 'Basic realm="test"'})
      welcomed++
    }
    answer(...store.answerTo(request.method ?? '', new URL(request.url ?? '', 'http://registry'), body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    manifests: store.manifests,
    leaks,
    get welcomed() {
      return welcomed
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

type Answer = [code: number, headers?: Record<string, string>]

class Store {
  readonly manifests = new Map<string, string>()
  readonly #blobs = new Map<string, Buffer>()

  answerTo(method: string, {pathname, searchParams}: URL, body: Buffer): Answer {
    const [, name = '', kind = '', rest = ''] =
      /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(pathname) ?? []
    switch (`${method} ${kind}`) {
      case 'POST blobs/uploads':
        return [202, {location: `/v2/${name}/blobs/uploads/${randomUUID()}`}]
      case 'PATCH blobs/uploads':
        this.#blobs.set(rest, Buffer.concat([this.#blobs.get(rest) ?? Buffer.alloc(0), body]))
        return [202, {location: pathname}]
      case 'PUT blobs/uploads': {
        const digest = searchParams.get('digest') ?? ''
        this.#blobs.set(digest, Buffer.concat([this.#blobs.get(rest) ?? Buffer.alloc(0), body]))
        return [201, {location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest}]
      }
      case 'PUT manifests': {
        const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
        this.manifests.set(`${name}:${rest}`, digest)
        return [201, {'docker-content-digest': digest}]
      }
      case 'HEAD blobs': {
        const blob = this.#blobs.get(rest)
        return blob ? [200, {'content-length': String(blob.length)}] : [404]
      }
      default:
        return [pathname === '/v2/' ? 200 : 404]
    }
  }
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Of all processes but this one, which knows them. */
function leaksOf(secrets: readonly string[]): string[] {
  if (secrets.length === 0) return []
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
  return pids
    .flatMap((pid) => ['cmdline', 'environ'].map((file) => read(`/proc/${pid}/${file}`)))
    .filter((text) => secrets.some((secret) => text.includes(secret)))
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It has ended.
    return ''
  }
}
