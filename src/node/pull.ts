import type {CriClient} from '../client/connect.js'
import {timerMs} from '../client/deadlines.js'
import {exitCode, NotFoundError, RpcError, rpcCode, UsageError, UserError} from '../errors/errors.js'
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
 * with what to do about it where the registry refuses, does not know the image, or cannot be reached; no secret of
 * `auth` is in any error, not even where the runtime repeats it.
 */
export async function pullImage(
  client: CriClient,
  reference: string,
  {auth, annotations = {}, podConfig, timeoutMs, signal}: PullOptions = {},
): Promise<string> {
  const limitMs = timeoutMs === undefined ? undefined : timerMs(timeoutMs)
  const limit = limitMs === undefined ? undefined : AbortSignal.timeout(limitMs)
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
      throw new UserError(
        `pulling image "${reference}": not done within ${durationText(timeoutMs ?? 0)}: allow more with --pull-timeout`,
        {exitCode: exitCode.timedOut},
      )
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
  // A tag may be called 401 or certificate.
  const words = error.details.replaceAll(reference, '')
  const details = withoutSecrets(error.details, auth)
  const host = registryHost(reference)
  const cause = withoutSecrets(innermost(words), auth)
  const why = (reason: string) => `pulling image "${reference}": ${reason} (${cause})`
  const options = {cause: error}
  if (error.code === rpcCode.unimplemented || isRuntimeGone(error)) return error
  if (/^SignatureValidationFailed/.test(words))
    return new UserError(
      why("the node's policy does not accept its signature: see /etc/containers/policy.json"),
      options,
    )
  if (error.code === rpcCode.unavailable || unreachable.test(words))
    return new UserError(
      why(`the node cannot reach the registry ${host}: is it up? curl -v ${host}/v2/ on the node says more`),
      options,
    )
  if (untrusted.test(words))
    return new UserError(
      why(
        `no trusted TLS with ${host}: the runtime's own settings name its certificates and plain HTTP registries`,
      ),
      options,
    )
  if (error.code === rpcCode.notFound || unknownImage.test(words))
    return new NotFoundError(why(`${host} has no such image: check its name, tag and platform`))
  if (refusedCodes.includes(error.code) || refused.test(words))
    return new UserError(why(refusedReason(host, words, auth !== undefined)), options)
  if (/toomanyrequests|too many requests|\b429\b/i.test(words))
    return new UserError(
      why(`${host} limits how often it is asked: log in (--creds USER), or try later`),
      options,
    )
  if (/no space left/i.test(words))
    return new UserError(why('the disk is full: crisp rmi --prune removes images that nothing uses'), options)
  if (/invalid reference|parse image reference|repository name must/i.test(words))
    return new UsageError(why('no image is named like this: write registry/name:tag'), options)
  return new RpcError({...error, details: `pulling image "${reference}": ${details}`})
}

/** Unavailable is also what a runtime may call a registry; grpc-js itself words only the end of its own connection. */
function isRuntimeGone({code, details}: RpcError): boolean {
  return (
    code === rpcCode.unavailable &&
    /^(connection dropped|no connection established|received RST_STREAM|read E|write E|the http\/2|socket|name resolution)/i.test(
      details,
    )
  )
}

// What Docker Hub and others say to strangers and for images that do not exist alike.
const perhapsAbsent = /\b403 forbidden|access denied|resource is denied|insufficient_scope/i

function refusedReason(host: string, words: string, withCredentials: boolean): string {
  const perhaps = perhapsAbsent.test(words) ? ', or knows no such image' : ''
  return withCredentials
    ? `${host} refused the credentials${perhaps}: check user and password`
    : `${host} wants credentials${perhaps}: give --creds USER, or log in with docker login or podman login`
}

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
