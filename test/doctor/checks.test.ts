import {expect, test} from 'vitest'
import {id, kubeletContainer, never, secondsAgo, status} from '../support/fake-runtime.js'
import {
  cniFile,
  type ExamineOptions,
  type SickNode,
  startSickNode,
  web,
  webCgroup,
  webPod,
} from '../support/sick-node.js'

// A node that is well is broken in one way, and the doctor must name that, and nothing else above `info`.

test('on a node that is well every check is done, and none finds more than info', async () => {
  await using node = await startSickNode()
  const outcomes = await node.examine()
  expect(outcomes.filter(({result}) => !['ok', 'info'].includes(result))).toEqual([])
})

interface Fault {
  /** The check that finds it, and what it says. */
  check: string
  severity: 'info' | 'warning' | 'broken'
  says: RegExp
  /** In the lines that show it. */
  shows?: RegExp
  /** What stands beside it, since one thing has several effects. */
  also?: string[]
  options?: ExamineOptions
  break: (node: SickNode) => Promise<unknown> | unknown
}

const faults: Record<string, Fault> = {
  'a runtime that is gone': {
    check: 'runtime',
    severity: 'broken',
    says: /^no container runtime can be asked$/,
    shows: /: absent$/,
    break: ({runtime}) => runtime.stop(),
  },
  'a runtime that accepts and never answers': {
    check: 'runtime',
    severity: 'broken',
    says: /does not say its version within 1s/,
    options: {limitMs: 1000},
    also: ['responses'],
    break: ({answers}) => {
      for (const method of [
        'Version',
        'Status',
        'ListPodSandbox',
        'ListContainers',
        'ListImages',
        'ImageFsInfo',
        'RuntimeConfig',
      ])
        answers[method] = never
    },
  },
  'a network that is not ready': {
    check: 'conditions',
    severity: 'broken',
    says: /NetworkReady is false/,
    shows: /^NetworkPluginNotReady: cni plugin not initialized$/,
    break: ({conditions}) =>
      Object.assign(conditions[1] ?? {}, {
        status: false,
        reason: 'NetworkPluginNotReady',
        message: 'cni plugin not initialized',
      }),
  },
  'a deprecated way that somebody uses': {
    check: 'deprecations',
    severity: 'warning',
    says: /io.containerd.deprecation\/cri-api-v1alpha2/,
    shows: /^CRI API v1alpha2 is deprecated$/,
    break: ({conditions}) =>
      conditions.push({
        type: 'ContainerdHasNoDeprecationWarnings',
        status: false,
        reason: 'ContainerdHasDeprecationWarnings',
        message: JSON.stringify({
          'io.containerd.deprecation/cri-api-v1alpha2': 'CRI API v1alpha2 is deprecated',
        }),
      }),
  },
  'a container whose status hangs, in a process that waits for a disk': {
    check: 'responses',
    severity: 'broken',
    says: /^the status of container default\/web\/web has no answer within 2s$/,
    shows:
      /^its shim: process 110 .*\nprocess 201 \(httpd\) waits in the kernel, state D in nfs_wait_client$/m,
    options: {limitMs: 2000},
    break: async (node) => {
      node.statuses[web] = never as () => Promise<never>
      await node.process({pid: 201, name: 'httpd', cgroup: webCgroup, state: 'D'})
      await node.write('/proc/201/wchan', 'nfs_wait_client')
    },
  },
  'a pod whose status fails': {
    check: 'responses',
    severity: 'broken',
    says: /^the status of pod default\/web fails$/,
    shows: /sandbox metadata is gone/,
    break: ({answers}) => {
      answers.PodSandboxStatus = () => {
        throw status(2, 'sandbox metadata is gone')
      }
    },
  },
  'a list that fails': {
    check: 'responses',
    severity: 'broken',
    says: /^ListImages fails$/,
    shows: /metadata.db: input\/output error/,
    break: ({answers}) => {
      answers.ListImages = () => {
        throw status(2, 'metadata.db: input/output error')
      }
    },
  },
  'no configuration of the network': {
    check: 'cni',
    severity: 'broken',
    says: /^there is no configuration of a network$/,
    also: ['conditions'],
    break: (node) => {
      Object.assign(node.conditions[1] ?? {}, {status: false})
      return node.remove('/etc/cni/net.d/10-net.conflist')
    },
  },
  'a configuration of the network that is cut short': {
    check: 'cni',
    severity: 'broken',
    says: /^the configuration of the network cannot be read$/,
    shows: /00-new.conflist is no JSON with plugins in it\nafter it, and not used: 10-net.conflist/,
    break: ({write}) =>
      write('/etc/cni/net.d/00-new.conflist', cniFile(['bridge'], 'host-local').slice(0, 40)),
  },
  'a network plugin that is not there': {
    check: 'cni',
    severity: 'broken',
    says: /^the network plugin "host-local" is not there$/,
    shows: /not in \/opt\/cni\/bin/,
    break: ({remove}) => remove('/opt/cni/bin/host-local'),
  },
  'a network plugin that cannot be executed': {
    check: 'cni',
    severity: 'broken',
    says: /^the network plugin "bridge" cannot be executed$/,
    break: async ({remove, write}) => {
      await remove('/opt/cni/bin/bridge')
      await write('/opt/cni/bin/bridge', 'x', {mode: 0o644})
    },
  },
  'two drivers of control groups': {
    check: 'cgroups',
    severity: 'warning',
    says: /^the runtime makes control groups by cgroupfs, the kubelet by systemd$/,
    break: ({answers}) => {
      answers.RuntimeConfig = {linux: {cgroupDriver: 'CGROUPFS'}}
    },
  },
  'control groups without memory': {
    check: 'cgroups',
    severity: 'broken',
    says: /^control groups have no memory here$/,
    break: ({write}) => write('/sys/fs/cgroup/cgroup.controllers', 'cpuset cpu io pids\n'),
  },
  'a kubelet that does not run': {
    check: 'kubelet',
    severity: 'broken',
    says: /^the kubelet does not run$/,
    break: ({remove}) => remove('/proc/101'),
  },
  'a kubelet with another runtime': {
    check: 'kubelet',
    severity: 'warning',
    says: /uses another runtime/,
    shows: /unix:\/\/\/var\/run\/crio\/crio.sock \(--container-runtime-endpoint\)/,
    break: (node) =>
      node.process({
        pid: 101,
        name: 'kubelet',
        command: ['/usr/bin/kubelet', '--container-runtime-endpoint', 'unix:///var/run/crio/crio.sock'],
      }),
  },
  'a pod without its sandbox, whose container runs': {
    check: 'pods',
    severity: 'warning',
    says: /^pod default\/web is NotReady, and containers of it still run$/,
    break: ({pods}) => Object.assign(pods[0] ?? {}, {state: 'SANDBOX_NOTREADY'}),
  },
  'a container that was never started': {
    check: 'pods',
    severity: 'warning',
    says: /^container default\/web\/late was made and never started$/,
    shows: /^Created for 10 minutes$/,
    break: ({containers}) =>
      containers.push(
        kubeletContainer('default', 'web', 'late', {
          id: id('a2'),
          podSandboxId: webPod,
          createdAt: secondsAgo(600),
          state: 'CONTAINER_CREATED',
        }),
      ),
  },
  'a container that the runtime lost': {
    check: 'pods',
    severity: 'broken',
    says: /does not know how container default\/web\/web is/,
    break: ({containers}) => Object.assign(containers[0] ?? {}, {state: 'CONTAINER_UNKNOWN'}),
  },
  'a disk that is nearly full': {
    check: 'disk',
    severity: 'broken',
    says: /^the file system of images, logs, the kubelet is 95 % full$/,
    shows: /^images: 1 images.*|logs: 1kB, most of it default_web/m,
    break: ({fileSystem}) => Object.assign(fileSystem, {availableBlocks: 50_000}),
  },
  'a disk without inodes': {
    check: 'disk',
    severity: 'broken',
    says: /has 97 % of its inodes in use$/,
    break: ({fileSystem}) => Object.assign(fileSystem, {freeFiles: 3000}),
  },
  'a pull that never ends': {
    check: 'pulls',
    severity: 'warning',
    says: /^the kubelet has been pulling registry.example\/big:1 for 2 hours$/,
    break: ({write}) =>
      write(
        '/var/lib/kubelet/image_manager/pulling/sha256-77',
        '{"kind":"ImagePullIntent","image":"registry.example/big:1"}',
        {
          secondsAgo: 7200,
        },
      ),
  },
  'a clock that was set back': {
    check: 'clock',
    severity: 'warning',
    says: /^the clock is at least 3 hours behind what has happened here$/,
    shows: /^default\/web(\/web)? was made at /,
    break: ({containers}) => Object.assign(containers[0] ?? {}, {createdAt: secondsAgo(-3 * 3600 - 60)}),
  },
}

test.each(Object.keys(faults))('%s', async (name) => {
  const fault = faults[name] as Fault
  await using node = await startSickNode()
  await fault.break(node)
  const outcomes = await node.examine(fault.options)
  expect(outcomes.filter(({result}) => result === 'failed')).toEqual([])
  const found = outcomes.flatMap((outcome) =>
    outcome.findings.map((finding) => ({...finding, check: outcome.name})),
  )
  const [own] = found.filter(({check, what}) => check === fault.check && fault.says.test(what))
  expect(found).toContainEqual(
    expect.objectContaining({
      check: fault.check,
      severity: fault.severity,
      what: expect.stringMatching(fault.says),
    }),
  )
  if (fault.shows) expect(own?.evidence.join('\n')).toMatch(fault.shows)
  expect(own?.fix).not.toBe('')
  const others = found.filter(({check, severity}) => severity !== 'info' && check !== fault.check)
  expect(others.filter(({check}) => !fault.also?.includes(check))).toEqual([])
})
