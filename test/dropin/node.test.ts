import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {startDemoRuntime} from '../../src/demo/index.js'
import {clusterNode, type Node, nodeOn} from '../support/cluster-node.js'
import {eventually} from '../support/eventually.js'
import {isMet} from '../support/needs.js'
import {type SshNode, startSshNode} from '../support/ssh-node.js'
import {expectEffect} from './effects.js'
import {sections} from './reading-lines.js'

// The lines of reading-lines.ts again, on a node over ssh.

describe.skipIf(!isMet('ssh'))('over ssh', () => {
  let node: Node
  let ssh: SshNode
  beforeAll(async () => {
    const runtime = await startDemoRuntime({seed: clusterNode})
    const here = await nodeOn(runtime)
    ssh = await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint}})
    node = {
      ...here,
      run: (line, options = {}) =>
        here.run(line.replace(/^crictl/, `crictl --node root --node-crisp ${ssh.crisp}`), {
          ...options,
          env: {...ssh.env, ...options.env},
        }),
    }
    await eventually(async () => expect((await here.run('crictl logs etcd')).stdout).toMatch(/last/))
    await eventually(async () =>
      expect((await here.run('crictl logs kube-apiserver')).stderr).toMatch(/wrong/),
    )
  })
  afterAll(async () => {
    ssh[Symbol.dispose]()
    await node[Symbol.asyncDispose]()
  })

  for (const [section, lines] of Object.entries(sections))
    describe(section, () => {
      test.each(lines.filter(([line]) => !line.includes('--profile-')))('%s', (line, effect) =>
        expectEffect(node, line, effect),
      )
    })

  test('a profile is of a command that runs here', () =>
    expectEffect(node, 'crictl --profile-cpu $DIR/cpu.prof ps -q', {
      exitCode: 2,
      stderr: /^crisp: --profile-cpu is for a command that runs here\n$/,
    }))
})
