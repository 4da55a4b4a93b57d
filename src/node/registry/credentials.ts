import {homedir} from 'node:os'
import {join} from 'node:path'
import {UserError} from '../../errors/errors.js'
import type {AuthConfig, Input} from '../../generated/cri.js'
import {findOnPath} from '../host/root-programs.js'
import {readFileBytes} from '../read-file.js'
import {askHelper, type HelperSurroundings} from './credential-helper.js'
import {credentialScopes, defaultRegistry, normalScope, registryHost} from './host.js'

/** docker's config.json and podman's auth.json: both keep logins in the same form. */
interface AuthFile {
  auths?: Record<string, {auth?: string; username?: string; password?: string; identitytoken?: string}>
  credHelpers?: Record<string, string>
  credsStore?: string
}

export interface CredentialSearch extends Omit<HelperSurroundings, 'fileOf'> {
  /** Root runs no helper that others could have put there. */
  user: number | undefined
  /** Only this file; one that cannot be read is then an error. */
  file?: string | undefined
  /** Told of files and helpers that are passed over, and why. Never of what they hold. */
  onProblem: (text: string) => void
}

/**
 * Finds what a `docker login` or `podman login` on this machine left for an image's registry; undefined for none. Reads
 * each file once: one that is a pipe has its words only once.
 */
export function credentialFinder(
  search: CredentialSearch,
): (reference: string) => Promise<Input<AuthConfig> | undefined> {
  const paths = search.file === undefined ? authFilePaths(search.env) : [search.file]
  const files = new Map<string, ReturnType<typeof readAuthFile>>()
  return async (reference) => {
    for (const path of paths) {
      const reading = files.get(path) ?? readAuthFile(path, search)
      files.set(path, reading)
      const file = await reading
      const found = file && (await credentialsIn(file, path, reference, search))
      if (found) return found
    }
    return undefined
  }
}

/** Files that are named by a variable go before those in their usual places. */
export function authFilePaths(env: NodeJS.ProcessEnv, home = env.HOME || homedir()): string[] {
  const paths = [
    env.REGISTRY_AUTH_FILE,
    env.DOCKER_CONFIG && join(env.DOCKER_CONFIG, 'config.json'),
    env.XDG_RUNTIME_DIR && join(env.XDG_RUNTIME_DIR, 'containers', 'auth.json'),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers', 'auth.json'),
    join(home, '.docker', 'config.json'),
  ]
  return [...new Set(paths.flatMap((path) => (path ? [path] : [])))]
}

async function readAuthFile(path: string, search: CredentialSearch): Promise<AuthFile | undefined> {
  const problem = (text: string, code?: string) => {
    if (search.file !== undefined)
      throw new UserError(`auth file ${path}: ${text}`, {facts: {about: 'credentials file', path, code}})
    search.onProblem(`passing over ${path}: ${text}`)
    return undefined
  }
  let text: string
  try {
    text = (await readFileBytes(path, {signal: search.signal})).toString()
  } catch (error) {
    search.signal?.throwIfAborted()
    const {code, message} = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return search.file === undefined ? undefined : problem('does not exist')
    return problem(message, code)
  }
  if (text.trim() === '') return {}
  try {
    const content: unknown = JSON.parse(text)
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content
  } catch {
    // JSON's own error quotes the text around the fault, which may be a secret.
  }
  return problem('is not JSON as docker login and podman login write it')
}

async function credentialsIn(
  {auths = {}, credHelpers = {}, credsStore}: AuthFile,
  path: string,
  reference: string,
  search: CredentialSearch,
): Promise<Input<AuthConfig> | undefined> {
  const host = registryHost(reference)
  const helper = entryFor([host], credHelpers)?.[1] ?? credsStore
  if (helper) {
    try {
      const answer = await askHelper(helper, serverName(host, auths), {
        ...search,
        fileOf: (program) => helperFile(program, search),
      })
      if (answer?.username === '<token>') return {identityToken: answer.secret}
      if (answer) return {username: answer.username, password: answer.secret}
    } catch (error) {
      search.signal?.throwIfAborted()
      search.onProblem(`${path}: ${(error as Error).message}; going on without it`)
    }
  }
  const login = entryFor(credentialScopes(reference), auths)?.[1]
  if (!login) return undefined
  if (login.identitytoken) return {identityToken: login.identitytoken}
  if (login.username) return {username: login.username, password: login.password ?? ''}
  return login.auth ? parseBasicAuth(login.auth) : undefined
}

function helperFile(program: string, {env, user}: CredentialSearch): string {
  const {path, why} = findOnPath(program, env, user)
  if (why === 'foreign') throw new Error(`${program} is not run as root: others than root may change it`)
  return path ?? program
}

/** The entry of the most particular scope that there is one for. */
function entryFor<Value>(
  scopes: readonly string[],
  entries: Record<string, Value>,
): [string, Value] | undefined {
  const known = Object.entries(entries ?? {})
  for (const scope of scopes) {
    const found = known.find(([key]) => normalScope(key) === scope)
    if (found) return found
  }
  return undefined
}

/** docker keeps logins to its own registry under the URL of an old API, and asks helpers by it. */
function serverName(host: string, auths: Record<string, unknown>): string {
  const asWritten = entryFor([host], auths)?.[0]
  return asWritten ?? (host === defaultRegistry ? 'https://index.docker.io/v1/' : host)
}

/** Base64 of `user:password`. Both runtimes understand the pair; only one of them goes by `auth` first. */
function parseBasicAuth(auth: string): Input<AuthConfig> {
  const text = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '')
  const at = text.indexOf(':')
  return at === -1 ? {auth} : {username: text.slice(0, at), password: text.slice(at + 1)}
}
