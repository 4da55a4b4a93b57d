import {execFile} from 'node:child_process'
import {mkdir, readdir, symlink, writeFile} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {promisify} from 'node:util'
import {Ajv2020} from 'ajv/dist/2020.js'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {diskSchema} from '../../src/views/schemas/disk.js'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {eventually} from '../support/eventually.js'
import {runInProcess} from '../support/in-process.js'

const run = promisify(execFile)

interface Row {
  kind: string
  id: string
  name: string
  bytes: number
  aloneBytes?: number
  source: string
}
interface Shown {
  store: {layers: string; sharesLayers: boolean; folders: string[]}
  totals: {imageBytes: number; writableBytes: number; logBytes: number; otherBytes: number}
  frees: {pruneBytes: number; pruneImages: number; exitedBytes: number; exitedContainers: number}
  notCounted: string[]
  usage: Row[]
}

const mebibyte = 1_048_576

/** In bytes, as du counts blocks. */
async function du(...paths: string[]): Promise<number> {
  const {stdout} = await run('du', ['-sxc', '--block-size=1', ...paths])
  return Number.parseInt(stdout.trim().split('\n').at(-1) ?? '', 10)
}

describeOnContainerd('df on a real containerd', () => {
  let containerd: Containerd
  const ids: Record<string, string> = {}
  let logs: string

  beforeAll(async () => {
    containerd = await startContainerd()
    const pod = await containerd.runPod('web-1')
    logs = join(pod.config.logDirectory ?? '', 'web')
    ids.web = await pod.runContainer(
      'web',
      `dd if=/dev/urandom of=/written bs=1M count=5; ln /written /again; mkfifo /pipe; ln -s /proc/kcore /link;
       i=0; d=/deep; while [ $i -lt 60 ]; do d=$d/x; i=$((i + 1)); done; mkdir -p $d; echo done; sleep 1000`,
    )
    ids.gone = await pod.runContainer('gone', 'dd if=/dev/urandom of=/left bs=1M count=3; exit 1')
    await eventually(async () => {
      const {status} = await containerd.client.runtime.containerStatus({containerId: ids.gone ?? ''})
      if (status?.state !== 'CONTAINER_EXITED') throw new Error('it still runs')
      const {stdout} = await runInProcess(['logs', 'web'], {endpoint: containerd.endpoint})
      if (!stdout.includes('done')) throw new Error('it has not written all')
    })
    // As the kubelet rotates, and as nobody should.
    await writeFile(join(logs, '0.log.20260102-030405'), Buffer.alloc(2 * mebibyte, 'x'))
    await writeFile(join(logs, '0.log.20260102-030400.gz'), Buffer.alloc(mebibyte, 'x'))
    await symlink('/proc/kcore', join(logs, '0.log.20260102-030401'))
    await run('mkfifo', [join(logs, '0.log.20260102-030402')])
    await mkdir(join(logs, '0.log.20260102-030403'))
    await run('sync')
  }, 120_000)
  afterAll(async () => {
    await containerd?.[Symbol.asyncDispose]()
  })

  const df = async (...argv: string[]): Promise<Shown> => {
    const {stdout, stderr, exitCode} = await runInProcess(['df', ...argv, '-o', 'json'], {
      endpoint: containerd.endpoint,
      here: true,
    })
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    const document = JSON.parse(stdout)
    const valid = new Ajv2020({strict: true, allowUnionTypes: true}).compile(diskSchema)
    expect(valid(document), JSON.stringify(valid.errors)).toBe(true)
    return document
  }
  const within = (found: number, expected: number) => Math.abs(found - expected) / expected

  test('all of it is what du says of the same trees, within 2 %', async () => {
    const {store, totals, notCounted} = await df()
    expect(notCounted).toEqual([])
    expect(store.sharesLayers).toBe(store.layers !== 'native')
    const [first = '', content] = store.folders
    const known = await (content === undefined
      ? du(join(first, store.layers))
      : du(join(first, 'snapshots'), content))
    const found = totals.imageBytes + totals.writableBytes + totals.otherBytes
    // CRI-O has written down how large its layers are as archives.
    expect(within(found, known)).toBeLessThan(containerd.isCrio ? 0.1 : 0.02)
  })

  test('what a container has written, its hard links once, and its logs with rotated ones', async () => {
    const {usage, frees} = await df()
    const bytesOf = (kind: string, id = '') =>
      usage.find((row) => row.kind === kind && row.id === id)?.bytes ?? 0
    expect(bytesOf('container', ids.web)).toBeGreaterThan(5 * mebibyte)
    expect(bytesOf('container', ids.web)).toBeLessThan(6 * mebibyte)
    expect(bytesOf('container', ids.gone)).toBeGreaterThan(3 * mebibyte)
    expect(bytesOf('container', ids.gone)).toBeLessThan(4 * mebibyte)
    const files = (await readdir(logs, {withFileTypes: true})).filter((entry) => entry.isFile())
    expect(bytesOf('logs', ids.web)).toBe(await du(...files.map(({name}) => join(logs, name))))
    expect(frees.exitedContainers).toBe(1)
    expect(frees.exitedBytes).toBe(bytesOf('container', ids.gone) + bytesOf('logs', ids.gone))
  })

  test('an image that nothing uses is what pruning frees', async () => {
    const {usage, frees} = await df()
    expect(usage.filter(({kind}) => kind === 'image').every(({bytes}) => bytes > 0)).toBe(true)
    // The pause image is in use, though no list says so.
    expect(frees).toMatchObject({pruneImages: 0, pruneBytes: 0})
  })

  test('chosen by name', async () => {
    const {usage} = await df('gone')
    expect(
      usage.filter(({kind}) => kind === 'container' || kind === 'logs').map(({name}) => basename(name)),
    ).toEqual(['gone', 'gone'])
  })

  test('what removing was said to free is freed', async () => {
    const before = await df()
    const trees = before.store.folders
    // A runtime takes things away in its own time.
    const frees = async (expected: number, ...argv: string[]) => {
      const taken = await du(...trees)
      const {stderr, exitCode} = await runInProcess(argv, {endpoint: containerd.endpoint, here: true})
      expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
      await eventually(async () => {
        const freed = taken - (await du(...trees))
        if (within(freed, expected) > (containerd.isCrio ? 0.1 : 0.02))
          throw new Error(`${freed} bytes are free, ${expected} should be`)
      })
    }
    const {bytes = 0} = before.usage.find(({kind, id}) => kind === 'container' && id === ids.gone) ?? {}
    await frees(bytes, 'rm', '--failed')

    await runInProcess(['rmp', '-fa'], {endpoint: containerd.endpoint, here: true})
    const after = await eventually(async () => {
      const now = await df()
      const {writableBytes, otherBytes, imageBytes} = now.totals
      if (writableBytes + otherBytes > 0.02 * imageBytes) throw new Error('something is still to be removed')
      return now
    })
    expect(after.frees.pruneImages).toBe(1)
    await frees(after.frees.pruneBytes, 'rmi', '--prune')
  })
})
