import type {CriClient} from '../client/connect.js'
import {signalAfter, timerMs} from '../client/deadlines.js'
import {
  exitCode,
  type Facts,
  NotFoundError,
  type PullProblem,
  type RpcCode,
  RpcError,
  rpcCode,
  UsageError,
  UserError,
} from '../errors/errors.js'
import type {AuthConfig, Input, PodSandboxConfig} from '../generated/cri.js'
import {durationText} from '../text/duration.js'
import {registryHost} from './registry/host.js'
import {withoutSecrets} from './registry/secrets.js'

export interface PullOptions {
  auth?: Input<AuthConfig> | undefined
  annotations?: Record<string, string> | undefined
  /** The pod that wants the image; CRI-O can judge signatures by its namespace. */
  podConfig?: Input<PodSandboxConfig> | undefined
  /** How long the pull may take in all, in milliseconds; no limit by default. */
  timeoutMs?: number | undefined
  /** Cancels the pull on the server; the promise then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

/**
 * Fetches an image and gives what the runtime calls it: its ID, or `name@digest` from older CRI-O. Throws UserError
 * with what is known of it where the registry refuses, does not know the image, or cannot be reached; no secret of
 * `auth` is in any error, not even where the runtime repeats it.
 */
export async function pullImage(
  client: CriClient,
  reference: string,
  {auth, annotations = {}, podConfig, timeoutMs, signal}: PullOptions = {},
): Promise<string> {
  const limitMs = timeoutMs === undefined ? undefined : timerMs(timeoutMs)
  const limit = limitMs === undefined ? undefined : signalAfter(limitMs)
  const signals = [signal, limit].filter((given) => given !== undefined)
  try {
    const {imageRef} = await client.image.pullImage(
      {
        image: {image: reference, annotations, userSpecifiedImage: ''},
        ...(auth ? {auth} : {}),
        ...(podConfig ? {sandboxConfig: podConfig} : {}),
      },
      signals.length === 0 ? {} : {signal: AbortSignal.any(signals)},
    )
    return imageRef
  } catch (error) {
    signal?.throwIfAborted()
    if (limit?.aborted) {
      throw new UserError(`pulling image "${reference}": not done within ${durationText(timeoutMs ?? 0)}`, {
        exitCode: exitCode.timedOut,
        facts: {about: 'slow pull', image: reference},
      })
    }
    throw error instanceof RpcError ? pullFailure(reference, error, auth) : error
  }
}

// CRI has no codes for what goes wrong between runtime and registry; only the words tell, and each runtime has its own.
const refused =
  /\b403 forbidden|unauthorized|authoriz?ation failed|authentication required|access denied|resource is denied|no basic auth|invalid username/i
const refusedCodes: readonly number[] = [rpcCode.unauthenticated, rpcCode.permissionDenied]
const unknownImage = /manifest unknown|name unknown|not found$/i
const unreachable =
  /^RegistryUnavailable|connection refused|no such host|i\/o timeout|no route to host|network is unreachable|handshake timeout|connection reset/i
const untrusted = /x509:|certificate|server gave HTTP response to HTTPS client/i

function pullFailure(reference: string, error: RpcError, auth: Input<AuthConfig> | undefined): Error {
  // A tag may be called 401 or certificate; what is shown keeps every word.
  const words = cutWhole(error.details, reference)
  if (error.code === rpcCode.unimplemented || isRuntimeGone(error.code, words, registryHost(reference)))
    return error
  const problem = problemOf(error.code, words, auth !== undefined)
  if (problem === undefined)
    return new RpcError({
      ...error,
      details: `pulling image "${reference}": ${withoutSecrets(error.details, auth)}`,
    })
  const host = registryHost(reference)
  const reason = reasonFor(problem, host, words)
  const said = withoutSecrets(innermost(error.details), auth)
  const facts: Facts = {about: 'pull', image: reference, problem, host, reason, said}
  const message = `pulling image "${reference}": ${reason} (${said})`
  switch (problem) {
    case 'unknown image':
      return new NotFoundError(message, {facts, cause: error})
    case 'invalid reference':
      return new UsageError(message, {facts, cause: error})
    default:
      return new UserError(message, {facts, cause: error})
  }
}

/** The text without the name, where it stands by itself: an image called b is in many words. */
function cutWhole(text: string, name: string): string {
  const literal = name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  return text.replaceAll(new RegExp(`(?<![\\w-])${literal}(?![\\w-])`, 'g'), '')
}

function problemOf(code: RpcCode, words: string, withCredentials: boolean): PullProblem | undefined {
  if (/^SignatureValidationFailed/.test(words)) return 'signature refused'
  if (code === rpcCode.unavailable || unreachable.test(words)) return 'registry unreachable'
  if (untrusted.test(words)) return 'registry untrusted'
  if (code === rpcCode.notFound || unknownImage.test(words)) return 'unknown image'
  if (refusedCodes.includes(code) || refused.test(words))
    return withCredentials ? 'credentials refused' : 'credentials wanted'
  if (/toomanyrequests|too many requests|\b429\b/i.test(words)) return 'too many requests'
  if (/no space left/i.test(words)) return 'disk full'
  if (/invalid reference|parse image reference|repository name must/i.test(words)) return 'invalid reference'
  return undefined
}

function reasonFor(problem: PullProblem, host: string, words: string): string {
  const perhaps = perhapsAbsent.test(words) ? ', or knows no such image' : ''
  const reasons: Readonly<Record<PullProblem, string>> = {
    'signature refused': "the node's policy does not accept its signature",
    'registry unreachable': `the node cannot reach the registry ${host}`,
    'registry untrusted': `no trusted TLS with ${host}`,
    'unknown image': `${host} has no such image`,
    'credentials refused': `${host} refused the credentials${perhaps}`,
    'credentials wanted': `${host} wants credentials${perhaps}`,
    'too many requests': `${host} limits how often it is asked`,
    'disk full': 'the disk is full',
    'invalid reference': 'no image is named like this',
  }
  return reasons[problem]
}

/**
 * Unavailable is also what a runtime may call a registry: then it names it, or says what did not work. Of its own end a
 * runtime says neither, and of a connection's end the client has its own words.
 */
function isRuntimeGone(code: RpcCode, words: string, host: string): boolean {
  if (code !== rpcCode.unavailable) return false
  const byGrpc =
    /^(connection dropped|no connection established|received RST_STREAM|read E|write E|the http\/2|socket|name resolution)/i
  return byGrpc.test(words) || !(words.includes(host) || unreachable.test(words))
}

// What Docker Hub and others say to strangers and for images that do not exist alike.
const perhapsAbsent = /\b403 forbidden|access denied|resource is denied|insufficient_scope/i

/** The last part of nested Go errors says what happened, the ones before it repeat where. */
function innermost(words: string): string {
  const isEmpty = (part: string) => part.replaceAll(/["\s]/g, '') === ''
  const parts = words.split(': ')
  const last = parts.findLastIndex((part) => !isEmpty(part))
  return parts
    .slice(Math.max(last - 1, 0), last + 1)
    .filter((part) => !isEmpty(part))
    .join(': ')
    .trim()
}
