import {mkdir, readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {Ajv2020} from 'ajv/dist/2020.js'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {limitsSchema} from '../../src/views/schemas/limits.js'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {runInProcess} from '../support/in-process.js'

interface Row {
  name: string
  asked: unknown
  kubelet: unknown
  cgroup: unknown
  differs: boolean
}

describeOnContainerd('limits on a real containerd: asked for, given, in force', () => {
  let containerd: Containerd
  let kubeletFolder: string
  beforeAll(async () => {
    containerd = await startContainerd()
    kubeletFolder = join(containerd.directory, 'kubelet')
    await mkdir(kubeletFolder)
    const resources = {limits: {cpu: '500m', memory: '64Mi'}, requests: {cpu: '250m'}}
    const data = JSON.stringify({entries: {'uid-web-1': {ContainerResources: {web: resources}}}})
    await writeFile(join(kubeletFolder, 'allocated_pods_state'), JSON.stringify({data, checksum: 1}))
    const pod = await containerd.runPod('web-1')
    await pod.runContainer('web', 'exec sleep 1000', {
      config: {
        linux: {
          resources: {
            cpuQuota: '50000',
            cpuPeriod: '100000',
            cpuShares: '256',
            memoryLimitInBytes: '67108864',
          },
        },
      },
    })
  })
  afterAll(async () => {
    await containerd?.[Symbol.asyncDispose]()
  })

  const limits = async () => {
    const {stdout, stderr, exitCode} = await runInProcess(
      ['describe', '--limits', 'web', '--kubelet-dir', kubeletFolder, '-o', 'json'],
      {endpoint: containerd.endpoint, here: true},
    )
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    const document = JSON.parse(stdout)
    const valid = new Ajv2020({strict: true, allowUnionTypes: true}).compile(limitsSchema)
    expect(valid(document), JSON.stringify(valid.errors)).toBe(true)
    const [container] = document.containers
    return {path: String(container.cgroup.path), rows: container.limits as Row[]}
  }
  const rowOf = (rows: readonly Row[], name: string) => rows.find((row) => row.name === name)

  test('all three say the same, and what the kernel has is in the group’s own files', async () => {
    const {path, rows} = await limits()
    expect(rows.filter(({differs}) => differs)).toEqual([])
    expect(rowOf(rows, 'CPU')).toMatchObject({asked: 0.5, kubelet: 0.5, cgroup: 0.5})
    expect(rowOf(rows, 'Memory')).toMatchObject({asked: 67_108_864, kubelet: 67_108_864, cgroup: 67_108_864})
    const file = await readFile(join(path, 'memory.limit_in_bytes'), 'utf8').catch(() =>
      readFile(join(path, 'memory.max'), 'utf8'),
    )
    expect(file.trim()).toBe('67108864')
  })

  test('a limit that somebody changes behind the runtime’s back is marked', async () => {
    const {path} = await limits()
    const name = await readFile(join(path, 'memory.max')).then(
      () => 'memory.max',
      () => 'memory.limit_in_bytes',
    )
    await writeFile(join(path, name), '33554432')
    const {rows} = await limits()
    expect(rows.filter(({differs}) => differs).map((row) => row.name)).toContain('Memory')
    expect(rowOf(rows, 'Memory')).toMatchObject({asked: 67_108_864, cgroup: 33_554_432})
  })
})
