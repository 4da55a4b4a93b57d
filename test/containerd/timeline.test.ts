import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {journalMoments} from '../../src/node/journal-moments.js'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {eventually} from '../support/eventually.js'
import {runInProcess} from '../support/in-process.js'

describeOnContainerd('timeline on a real containerd', () => {
  let containerd: Containerd
  let uid: string
  let ids: string[]
  beforeAll(async () => {
    containerd = await startContainerd()
    const pod = await containerd.runPod('web-1')
    uid = pod.config.metadata?.uid ?? ''
    ids = []
    for (const attempt of [0, 1]) {
      const id = await pod.runContainer('app', 'echo hello; exit 3', {attempt})
      ids.push(id)
      await eventually(async () => {
        const {status} = await containerd.client.runtime.containerStatus({containerId: id})
        if (status?.state !== 'CONTAINER_EXITED') throw new Error('it runs')
      })
    }
  })
  afterAll(() => containerd[Symbol.asyncDispose]())

  test('each attempt: created, started, ended, and what took how long', async () => {
    const {stdout, stderr, exitCode} = await runInProcess(['timeline', 'web-1', '--no-journal'], containerd)
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    const said = stdout.split('\n').map((line) =>
      line
        .replace(/^\S+ +/, '')
        .replace(/ {2,}/g, '  ')
        .trim(),
    )
    const took = String.raw`[\d.]+m?s`
    expect(said.slice(3).join('\n')).toMatch(
      new RegExp(
        [
          'pod created',
          `app  created  ${took} after the pod`,
          `app  started  ${took} to start`,
          `(app  first log line  ${took} to the first line\n)?app  exited with 3  ${took} running`,
          `app  created, attempt 1  ${took} back-off`,
          `app  started, attempt 1  ${took} to start`,
          `(app  first log line, attempt 1  ${took} to the first line\n)?app  exited with 3, attempt 1  ${took} running`,
        ].join('\n'),
      ),
    )
  })

  test('what it writes of the pod is understood', async () => {
    if (containerd.isCrio) return
    const log = await readFile(join(containerd.directory, 'containerd.log'), 'utf8')
    const lines = log.split('\n').map((text, index) => ({timeNs: BigInt(index), text}))
    const {namespace = ''} = (await containerd.client.runtime.listPodSandbox({})).items[0]?.metadata ?? {}
    const containers = ids.map((id, attempt) => ({id, name: 'app', attempt, images: []}))
    const moments = journalMoments(lines, {namespace, name: 'web-1', uid, sandboxes: [], containers})
    expect(moments.filter(({kind}) => kind === 'asked')).toEqual([
      {timeNs: expect.any(BigInt), kind: 'asked', attempt: 0},
    ])
  })
})
