// A runtime for measurements that only sends: lists of so many entries, encoded before anybody asks, so that what it takes is
// the way from process to process. An entry has the labels and annotations that the kubelet writes.
//   node bench/list-runtime.mjs SOCKET COUNT      says "ready" when it listens, ends with its stdin
import {createServer} from 'node:http2'

const [socket, count] = [process.argv[2], Number(process.argv[3])]

const startNs = 1_790_000_000_000_000_000n
const hex = (number, digits) => number.toString(16).padStart(digits, '0')
const id = (kind, index) => hex((index * 2_654_435_761) % 2 ** 32, 8).padEnd(56, kind) + hex(index, 8)

// What one is made after is not what it is listed after, as with containerd, whose lists have no order.
const madeAt = (index) => startNs + BigInt((index * 7919) % count) * 1_000_003n

/** One of them is looked for. */
const nameOf = (index) => (index === count >> 1 ? 'needle' : `worker-${index % 2}`)

const podLabels = (pod) => ({
  'io.kubernetes.pod.name': `web-7c65d6cfc9-${hex(pod, 5)}`,
  'io.kubernetes.pod.namespace': `team-${pod % 7}`,
  'io.kubernetes.pod.uid': `6f1c2a9e-52b1-4c0e-9d7e-${hex(pod, 12)}`,
})

function container(index) {
  const pod = index >> 1
  return message(
    text(1, id('c', index)),
    text(2, id('a', pod)),
    field(3, text(1, nameOf(index)), number(2, BigInt(index % 3))),
    field(4, text(1, `sha256:${id('b', index % 50)}`)),
    text(5, `sha256:${id('b', index % 50)}`),
    number(6, 1n),
    number(7, madeAt(index)),
    ...map(8, {'io.kubernetes.container.name': nameOf(index), ...podLabels(pod)}),
    ...map(9, {
      'io.kubernetes.container.hash': hex(index, 8),
      'io.kubernetes.container.restartCount': String(index % 3),
      'io.kubernetes.container.terminationMessagePath': '/dev/termination-log',
      'io.kubernetes.pod.terminationGracePeriod': '30',
    }),
  )
}

function sandbox(index) {
  const {
    'io.kubernetes.pod.name': name,
    'io.kubernetes.pod.namespace': namespace,
    'io.kubernetes.pod.uid': uid,
  } = podLabels(index)
  return message(
    text(1, id('a', index)),
    field(2, text(1, name), text(2, uid), text(3, namespace)),
    number(4, madeAt(index)),
    ...map(5, {...podLabels(index), app: 'web'}),
    ...map(6, {
      'kubernetes.io/config.source': 'api',
      'kubernetes.io/config.seen': '2026-03-14T02:51:09.1Z',
    }),
  )
}

function image(index) {
  const name = `registry.example.com/team-${index % 7}/service-${index}`
  return message(
    text(1, `sha256:${id('b', index)}`),
    text(2, `${name}:v1.${index}`),
    text(3, `${name}@sha256:${id('d', index)}`),
    number(4, BigInt(10_000_000 + index * 1_000)),
  )
}

const many = (each) => Array.from({length: count}, (_, index) => field(1, each(index)))
const replies = {
  Version: () => [text(1, '0.1.0'), text(2, 'lists'), text(3, '1.0.0'), text(4, 'v1')],
  ListContainers: () => many(container),
  ListPodSandbox: () => many(sandbox),
  ListImages: () => many(image),
  ImageStatus: () => [],
  ImageFsInfo: () => [],
}
const encoded = Object.fromEntries(
  Object.entries(replies).map(([method, parts]) => [method, frame(message(...parts()))]),
)

const server = createServer()
server.on('stream', (stream, headers) => {
  stream.on('error', () => undefined)
  const reply = encoded[headers[':path'].split('/').at(-1)]
  stream.respond({':status': 200, 'content-type': 'application/grpc'}, {waitForTrailers: true})
  stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': reply ? '0' : '12'}))
  stream.end(reply)
})
server.listen(socket, () => console.log('ready'))
process.stdin.on('end', () => process.exit()).resume()

/** As gRPC sends one message. */
function frame(bytes) {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

function message(...parts) {
  return Buffer.concat(parts)
}
function field(fieldNumber, ...parts) {
  const bytes = message(...parts)
  return Buffer.concat([varint(BigInt((fieldNumber << 3) | 2)), varint(BigInt(bytes.length)), bytes])
}

function text(fieldNumber, value) {
  return field(fieldNumber, Buffer.from(value))
}

function number(fieldNumber, value) {
  return Buffer.concat([varint(BigInt(fieldNumber << 3)), varint(value)])
}

function map(fieldNumber, entries) {
  return Object.entries(entries).map(([key, value]) => field(fieldNumber, text(1, key), text(2, value)))
}

function varint(value) {
  const bytes = []
  for (let rest = value; ; rest >>= 7n) {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0))
    if (rest <= 127n) return Buffer.from(bytes)
  }
}
