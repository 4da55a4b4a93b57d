// The picture of `crisp top` in the documentation, drawn by the code that draws the terminal:
//   node build/top-picture.mjs > docs/top.svg
import {rmSync} from 'node:fs'
import {fileURLToPath, pathToFileURL} from 'node:url'
import {build} from 'esbuild'

process.env.TZ = 'UTC'
const root = new URL('..', import.meta.url)
const outfile = fileURLToPath(new URL(`node_modules/.crisp-picture-${process.pid}.mjs`, root))
await build({
  stdin: {
    contents: "export {topLines} from './src/top/frame.ts'; export {initialState} from './src/top/state.ts'",
    resolveDir: fileURLToPath(root),
  },
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
})
const {topLines, initialState} = await import(pathToFileURL(outfile).href)
rmSync(outfile)

const [columns, rows] = [100, 28]
const nowMs = Date.parse('2026-03-14T02:51:09Z')
const minute = 60_000
const mb = 1_000_000

const pods = [
  pod('kube-system', 'etcd-node-1', 9_000, [['etcd', 0.062, 81, 23, 0, 'steady']]),
  pod('kube-system', 'coredns-5dd5756b68-q9x4z', 9_000, [['coredns', 0.004, 22, 0, 0, 'steady']]),
  pod('kube-system', 'kube-proxy-7k2xq', 9_000, [['kube-proxy', 0.002, 19, 0, 0, 'steady']]),
  pod('shop', 'web-6f7c9d5b4-x8v2t', 340, [
    ['web', 0.213, 143, 2, 0, 'wavy'],
    ['log-shipper', 0.018, 31, 1, 0, 'steady'],
  ]),
  pod('shop', 'orders-0', 2_700, [['orders', 0.971, 412, 8, 0, 'rising']]),
  pod('shop', 'payments-7d4b8c6f95-m5n6p', 75, [['payments', 0.324, 507, 3, 12, 'saw']]),
]

const order = pods.find(({name}) => name === 'orders-0')
const lines = topLines(
  {
    node: {
      version: {
        version: '0.1.0',
        runtimeName: 'containerd',
        runtimeVersion: '2.1.4',
        runtimeApiVersion: 'v1',
      },
      conditions: ['RuntimeReady', 'NetworkReady'].map((type) => ({
        type,
        status: true,
        reason: '',
        message: '',
      })),
      imageFilesystems: [
        {
          timestamp: '0',
          fsId: {mountpoint: '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs'},
          usedBytes: {value: String(7_430 * mb)},
          inodesUsed: null,
        },
      ],
    },
    machine: {cores: 4, memoryBytes: 16_600 * mb, imageDiskBytes: 105_000 * mb},
    pods,
    state: {...initialState},
    detail: {
      id: order.containers[0].id,
      container: {
        state: 'CONTAINER_RUNNING',
        startedAt: `${BigInt(nowMs - 2_700 * minute) * 1_000_000n}`,
        image: {image: 'registry.example/shop/orders:2.14'},
        resources: {linux: {cpuQuota: '200000', cpuPeriod: '100000', memoryLimitInBytes: String(512 * mb)}},
      },
      log: [
        'order 48213 accepted, 3 positions',
        'order 48214 accepted, 1 position',
        'payment of 48213 is slow: 2.1 s',
        'order 48215 accepted, 7 positions',
        'payment of 48214 is slow: 4.7 s',
        'retrying payment of 48214 (1 of 3)',
      ],
    },
    units: 'si',
    nowMs,
  },
  {columns, rows},
  {
    strong: (text) => marked('strong', text),
    selected: (text) => marked('selected', text),
    paint: (meaning, text) => (meaning === undefined ? text : marked(meaning, text)),
  },
)
process.stdout.write(svg(lines))

function pod(namespace, name, ageMinutes, containers) {
  const id = `pod-${name}`
  const createdAtMs = nowMs - ageMinutes * minute
  return {
    id,
    name,
    namespace,
    state: 'SANDBOX_READY',
    createdAtMs,
    labels: {},
    containers: containers.map(([container, cores, memory, disk, attempt, shape]) => ({
      id: `${id}/${container}`,
      name: container,
      pod: name,
      namespace,
      podId: id,
      state: 'CONTAINER_RUNNING',
      attempt,
      createdAtMs: attempt > 0 ? nowMs - 2 * minute : createdAtMs,
      cores,
      memoryBytes: memory * mb,
      diskBytes: disk * mb,
      history: history(shape, cores),
    })),
  }
}

function history(shape, last) {
  const shapes = {
    steady: [0.9, 1, 0.95, 1, 0.9, 1, 1, 0.95, 1, 1],
    wavy: [0.4, 0.7, 1.1, 1.6, 1.3, 0.8, 0.4, 0.6, 0.9, 1],
    rising: [0.1, 0.15, 0.12, 0.2, 0.35, 0.5, 0.62, 0.8, 0.9, 1],
    saw: [0.2, 0.9, 1.8, 0, 0.4, 1.1, 2, 0, 0.3, 1],
  }
  return shapes[shape].map((factor) => factor * last)
}

function marked(style, text) {
  return `\u0001${style}\u0000${text}\u0001plain\u0000`
}

/** The parts of a line, each with its style. */
function partsOf(line) {
  return `plain\u0000${line}`
    .split('\u0001')
    .map((part) => part.split('\u0000'))
    .map(([style, text]) => ({style, text}))
    .filter(({text}) => text !== '')
}

function svg(texts) {
  const [width, height, margin] = [8.4, 18, 12]
  const [right, bottom] = [columns * width + 2 * margin, texts.length * height + 2 * margin]
  const drawn = texts.flatMap((line, index) => {
    const parts = partsOf(line.trimEnd())
    const top = margin + index * height
    const box = parts.some(({style}) => style === 'selected')
      ? [`<rect x="${margin}" y="${top}" width="${columns * width}" height="${height}" fill="#d0d7de"/>`]
      : []
    const last = parts.at(-1)
    if (last) last.text = last.text.trimEnd()
    const text = parts.map((part) => part.text).join('')
    if (text.trim() === '') return box
    const length = ([...text].length * width).toFixed(1)
    const spans = parts.map((part) => `<tspan class="${part.style}">${escaped(part.text)}</tspan>`)
    return [
      ...box,
      `<text x="${margin}" y="${top + 13}" textLength="${length}" lengthAdjust="spacingAndGlyphs">${spans.join('')}</text>`,
    ]
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 ${right} ${bottom}" role="img" aria-label="crisp top">
<style>text{font:14px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:#d0d7de}.strong{font-weight:bold;fill:#fff}.ended{fill:#808080}.failed{fill:#ff0000}.warning{fill:#af8700}.running{fill:#008700}.selected{fill:#0d1117}</style>
<rect width="${right}" height="${bottom}" rx="8" fill="#0d1117"/>
${drawn.join('\n')}
</svg>
`
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
