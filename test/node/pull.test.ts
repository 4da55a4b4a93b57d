import {once} from 'node:events'
import {createServer, connect as openSocket} from 'node:net'
import {expect, test} from 'vitest'
import {describeError} from '../../src/cli/failures/describe.js'
import {connect} from '../../src/client/connect.js'
import {rpcCode} from '../../src/errors/errors.js'
import {pullImage} from '../../src/node/pull.js'
import {startFakeRuntime, status} from '../support/fake-runtime.js'

const image = 'quay.io/team/app:401'
const containerd = (text: string) =>
  `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${text}`

// The words of containerd 1.6 to 2.3 and of CRI-O.
const failures: [number, string, number, string][] = [
  [
    rpcCode.unavailable,
    'quay.io/team/app:401: cannot reach quay.io',
    1,
    'the node cannot reach the registry quay.io: is it up? curl -v quay.io/v2/ on the node says more (quay.io/team/app:401: cannot reach quay.io)',
  ],
  [
    rpcCode.unauthenticated,
    'no',
    1,
    'quay.io wants credentials: give --creds USER, or log in with docker login or podman login (no)',
  ],
  [
    rpcCode.notFound,
    containerd(`${image}: not found`),
    3,
    'quay.io has no such image: check its name, tag and platform (quay.io/team/app:401: not found)',
  ],
  [
    rpcCode.unknown,
    'reading manifest 401 in quay.io/team/app: manifest unknown',
    3,
    'quay.io has no such image: check its name, tag and platform (reading manifest 401 in quay.io/team/app: manifest unknown)',
  ],
  [
    rpcCode.unknown,
    containerd('pulling from host quay.io failed with status code [manifests 401]: 401 Unauthorized'),
    1,
    'quay.io wants credentials: give --creds USER, or log in with docker login or podman login (pulling from host quay.io failed with status code [manifests 401]: 401 Unauthorized)',
  ],
  [
    rpcCode.unknown,
    containerd(
      'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    ),
    1,
    'quay.io wants credentials, or knows no such image: give --creds USER, or log in with docker login or podman login (insufficient_scope: authorization failed)',
  ],
  [
    rpcCode.unknown,
    containerd(
      'failed to do request: Head "https://quay.io/v2/team/app/manifests/401": dial tcp 1.2.3.4:443: connect: connection refused',
    ),
    1,
    'the node cannot reach the registry quay.io: is it up? curl -v quay.io/v2/ on the node says more (connect: connection refused)',
  ],
  [
    rpcCode.unknown,
    `RegistryUnavailable: pinging container registry quay.io: Get "https://quay.io/v2/": dial tcp: lookup quay.io: no such host`,
    1,
    'the node cannot reach the registry quay.io: is it up? curl -v quay.io/v2/ on the node says more (lookup quay.io: no such host)',
  ],
  [
    rpcCode.unknown,
    containerd(
      'failed to do request: tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ),
    1,
    "no trusted TLS with quay.io: the runtime's own settings name its certificates and plain HTTP registries (x509: certificate signed by unknown authority)",
  ],
  [
    rpcCode.unknown,
    'SignatureValidationFailed: Source image rejected: A signature was required',
    1,
    "the node's policy does not accept its signature: see /etc/containers/policy.json (Source image rejected: A signature was required)",
  ],
  [
    rpcCode.unknown,
    containerd(
      'unexpected status code 429 Too Many Requests: toomanyrequests: You have reached your pull rate limit',
    ),
    1,
    'quay.io limits how often it is asked: log in (--creds USER), or try later (toomanyrequests: You have reached your pull rate limit)',
  ],
  [
    rpcCode.unknown,
    'write /var/lib/x: no space left on device',
    1,
    'the disk is full: crisp rmi --prune removes images that nothing uses (write /var/lib/x: no space left on device)',
  ],
]

test('a runtime lost during a pull is not reported as a registry failure', async () => {
  const runtime = await startFakeRuntime({PullImage: () => new Promise(() => undefined)})
  const lost = createServer((socket) => {
    const inside = openSocket(runtime.path)
    socket.pipe(inside).pipe(socket)
    inside.on('error', () => undefined)
    void runtime.nextCall('PullImage').then(() => socket.destroy())
  })
  const path = `${runtime.path}.door`
  await once(lost.listen(path), 'listening')
  try {
    using client = connect({endpoint: path})
    expect(await pullImage(client, image).catch(describeError)).toMatchObject({
      exitCode: 4,
      text: expect.stringMatching(/^PullImage: the runtime at .* hung up/),
    })
  } finally {
    lost.close()
    await runtime[Symbol.asyncDispose]()
  }
})

test.each(failures)('code %d, %s', async (code, details, exitCode, words) => {
  await using runtime = await startFakeRuntime({PullImage: () => Promise.reject(status(code, details))})
  using client = connect({endpoint: runtime.endpoint})
  const failure = await pullImage(client, image).catch(describeError)
  expect(failure).toEqual({exitCode, text: `pulling image "${image}": ${words}`})
})

test('a secret in the error of the runtime is not shown', async () => {
  const pair = Buffer.from('ann:hunter2').toString('base64')
  await using runtime = await startFakeRuntime({
    PullImage: () =>
      Promise.reject(
        status(rpcCode.unknown, `odd: Basic ${pair}, hunter2, 401 Unauthorized for ann:hunter2`),
      ),
  })
  using client = connect({endpoint: runtime.endpoint})
  for (const auth of [{username: 'ann', password: 'hunter2'}, {auth: pair}]) {
    const {text} = (await pullImage(client, image, {auth}).catch(describeError)) as {text: string}
    expect(text).toBe(
      `pulling image "${image}": quay.io refused the credentials: check user and password (odd: Basic (secret), (secret), 401 Unauthorized for ann:(secret))`,
    )
  }
})

test('the whole request, and no auth where there is none', async () => {
  await using runtime = await startFakeRuntime({PullImage: {imageRef: 'sha256:1'}})
  using client = connect({endpoint: runtime.endpoint})
  await pullImage(client, 'a', {
    auth: {username: 'u', password: 'p'},
    annotations: {k: 'v'},
    podConfig: {metadata: {name: 'pod', namespace: 'ns'}},
  })
  expect(await pullImage(client, 'b')).toBe('sha256:1')
  const [first, second] = runtime.calls.map(({request}) => request)
  expect(first).toMatchObject({
    image: {image: 'a', annotations: {k: 'v'}},
    auth: {username: 'u', password: 'p', auth: '', serverAddress: ''},
    sandboxConfig: {metadata: {name: 'pod', namespace: 'ns'}},
  })
  expect(second).toMatchObject({image: {image: 'b', annotations: {}}, auth: null, sandboxConfig: null})
})

test('a pull that takes too long is cancelled on the server', async () => {
  await using runtime = await startFakeRuntime({PullImage: () => new Promise(() => undefined)})
  using client = connect({endpoint: runtime.endpoint})
  const arrived = runtime.nextCall('PullImage')
  const pulling = pullImage(client, image, {timeoutMs: 300}).catch(describeError)
  await (await arrived).cancelled
  expect(await pulling).toEqual({
    exitCode: 124,
    text: `pulling image "${image}": not done within 300ms: allow more with --pull-timeout`,
  })
})

test('a short name is cut out of no other word, and the name that it stands for is shown whole', async () => {
  await using runtime = await startFakeRuntime({
    PullImage: () => {
      throw status(rpcCode.unknown, 'failed to resolve "docker.io/library/b:latest": 403 Forbidden')
    },
  })
  using client = connect({endpoint: runtime.endpoint})
  expect(await pullImage(client, 'b').catch(describeError)).toEqual({
    exitCode: 1,
    text: 'pulling image "b": docker.io wants credentials, or knows no such image: give --creds USER, or log in with docker login or podman login (failed to resolve "docker.io/library/b:latest": 403 Forbidden)',
  })
})
