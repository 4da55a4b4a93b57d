import {expect, test} from 'vitest'
import type {Check} from '../../src/doctor/check.js'
import {examine} from '../../src/doctor/examine.js'
import {Host} from '../../src/doctor/host.js'
import {NotChecked} from '../../src/doctor/not-checked.js'
import {Subject} from '../../src/doctor/subject.js'
import {id, kubeletContainer, never, secondsAgo, status} from '../support/fake-runtime.js'
import {
  cniFile,
  type ExamineOptions,
  type SickNode,
  shimCommand,
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

test('a check that fails by itself is told from one that cannot be done', async () => {
  await using node = await startSickNode()
  const subject = new Subject({
    client: node.client,
    host: new Host({root: node.root}),
    limitMs: 500,
    nowMs: Date.now(),
    sinceMs: 0,
  })
  const check = (run: Check['run']): Check => ({
    name: 'test',
    about: 'nothing',
    sources: ['host'],
    severity: 'info',
    explanation: '',
    run,
  })
  const ran = await examine(
    [
      check(() => Promise.reject(new TypeError('ours'))),
      check(() => Promise.reject(new NotChecked('no such file'))),
      check(() => new Promise(() => undefined)),
    ],
    subject,
  )
  expect(ran.map(({result, reason}) => [result, reason?.split('\n')[0]])).toEqual([
    ['failed', 'TypeError: ours'],
    ['not checked', 'no such file'],
    ['not checked', 'not done within 2s'],
  ])
})

test('of many that answer slowly none is taken for one that hangs', async () => {
  await using node = await startSickNode()
  for (let index = 0; index < 200; index++)
    node.containers.push(
      kubeletContainer('default', 'web', `c${index}`, {
        id: id(`c${index.toString(16).padStart(2, '0')}`),
        podSandboxId: webPod,
        createdAt: secondsAgo(100),
      }),
    )
  node.answers.ContainerStatus = async () => {
    await new Promise((resolve) => setTimeout(resolve, 500))
    return {status: {id: web, state: 'CONTAINER_RUNNING'}}
  }
  const found = await node.findings({only: 'responses', limitMs: 4000})
  expect(found).toMatchObject([
    {severity: 'warning', what: expect.stringMatching(/of 201 containers were not asked for within 4s/)},
  ])
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
  prepare?: (node: SickNode) => unknown
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
    shows: /^web still run without its sandbox$/m,
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
  'a container that fails again and again': {
    check: 'crashes',
    severity: 'warning',
    says: /^container default\/web\/api has failed 7 times$/,
    shows: /^the last time it exited with 3$/,
    break: ({containers, statuses}) => {
      const api = id('a3')
      containers.push(
        kubeletContainer('default', 'web', 'api', {
          id: api,
          podSandboxId: webPod,
          metadata: {name: 'api', attempt: 6},
          createdAt: secondsAgo(61),
          state: 'CONTAINER_EXITED',
        }),
      )
      Object.assign(containers[0] ?? {}, {createdAt: secondsAgo(600)})
      statuses[api] = {exitCode: 3, reason: 'Error', startedAt: secondsAgo(61), finishedAt: secondsAgo(60)}
    },
    prepare: ({pods}) => Object.assign(pods[0] ?? {}, {createdAt: secondsAgo(900)}),
  },
  'a container that was killed for want of memory': {
    check: 'oom',
    severity: 'warning',
    says: /^container default\/web\/api was killed for want of memory$/,
    shows: /its limit is 67.1MB/,
    break: ({containers, statuses}) => {
      const api = id('a3')
      containers.push(
        kubeletContainer('default', 'web', 'api', {
          id: api,
          podSandboxId: webPod,
          createdAt: secondsAgo(61),
          state: 'CONTAINER_EXITED',
        }),
      )
      statuses[api] = {
        exitCode: 137,
        reason: 'OOMKilled',
        startedAt: secondsAgo(61),
        finishedAt: secondsAgo(60),
        resources: {linux: {memoryLimitInBytes: '67108864'}},
      }
    },
  },
  'a child of a container that was killed, of which the runtime says nothing': {
    check: 'oom',
    severity: 'warning',
    says: /^in container default\/web\/web, which runs on, 4 processes were killed for want of memory$/,
    shows: /oom_kill 4\nthe runtime says Running/,
    break: ({write}) => write(`/sys/fs/cgroup${webCgroup}/memory.events`, 'low 0\noom 4\noom_kill 4\n'),
  },
  'a shim without a pod': {
    check: 'shims',
    severity: 'warning',
    says: /^containerd-shim 140 is the shim of something that the runtime does not know$/,
    shows: new RegExp(`has ID ${id('dead')} in its arguments`),
    break: (node) => node.process({pid: 140, name: 'containerd-shim', command: shimCommand(id('dead'))}),
  },
  'a shim that is stopped': {
    check: 'shims',
    severity: 'broken',
    says: /^the shim of default\/web is stopped$/,
    break: (node) =>
      node.process({pid: 110, name: 'containerd-shim', command: shimCommand(webPod), state: 'T'}),
  },
  'a container without its process': {
    check: 'shims',
    severity: 'broken',
    says: /^container default\/web\/web runs by the word of the runtime, and has no process$/,
    break: ({remove}) => remove('/proc/201'),
  },
  'a pod without its shim': {
    check: 'shims',
    severity: 'broken',
    says: /^pod default\/web is ready by the word of the runtime, and has no shim$/,
    break: async (node) => {
      await node.remove('/proc/110')
      await node.process({pid: 111, name: 'containerd-shim', command: shimCommand(id('b2'))})
      node.pods.push({
        id: id('b2'),
        metadata: {name: 'other', namespace: 'default', uid: 'uid-other', attempt: 0},
        createdAt: secondsAgo(60),
      })
    },
  },
  'a conmon without a container': {
    check: 'shims',
    severity: 'warning',
    says: /^conmon 140 is the shim of something that the runtime does not know$/,
    break: async (node) => {
      await makeCrio(node)
      await node.process({pid: 140, name: 'conmon', command: conmonCommand(id('dead'))})
    },
  },
  'a container without its conmon': {
    check: 'shims',
    severity: 'broken',
    says: /^container default\/web\/web runs, and its conmon is gone$/,
    break: async (node) => {
      await makeCrio(node)
      await node.remove('/proc/110')
      await node.process({pid: 201, name: 'httpd', cgroup: webCgroup, parent: 1})
    },
  },
  'a plugin that is not where CRI-O usually has them': {
    check: 'cni',
    severity: 'warning',
    says: /^the network plugin "portmap" is not there$/,
    shows: /^CRI-O says that its network is ready: it may have another folder/m,
    break: async (node) => {
      await makeCrio(node)
      await node.remove('/opt/cni/bin/portmap')
    },
  },
  'a network namespace without a pod': {
    check: 'namespaces',
    severity: 'warning',
    says: /^network namespace cni-00000000-0000-4000-8000-000000000000 belongs to no pod$/,
    break: ({write}) => write('/run/netns/cni-00000000-0000-4000-8000-000000000000', '', {secondsAgo: 3600}),
  },
  "a pod's namespace that CRI-O has left": {
    check: 'namespaces',
    severity: 'warning',
    says: /^IPC namespace 00000000-0000-4000-8000-000000000001 belongs to no pod$/,
    break: ({write}) => write('/run/ipcns/00000000-0000-4000-8000-000000000001', '', {secondsAgo: 3600}),
  },
  'a network namespace where /var/run is no link': {
    check: 'namespaces',
    severity: 'warning',
    says: /^network namespace 00000000-0000-4000-8000-000000000002 belongs to no pod$/,
    break: ({write}) => write('/var/run/netns/00000000-0000-4000-8000-000000000002', '', {secondsAgo: 3600}),
  },
  "a network namespace in containerd's own folder": {
    check: 'namespaces',
    severity: 'warning',
    says: /^network namespace cni-00000000-0000-4000-8000-000000000003 belongs to no pod$/,
    break: async ({write, settings}) => {
      settings.stateDir = '/run/k3s/containerd/io.containerd.grpc.v1.cri'
      await write(`${settings.stateDir}/netns/cni-00000000-0000-4000-8000-000000000003`, '', {
        secondsAgo: 3600,
      })
    },
  },
  'a mount without its container': {
    check: 'mounts',
    severity: 'warning',
    says: /^something is mounted for dead000000000, which the runtime does not know$/,
    shows: /k8s.io\/dead0+\/rootfs$/m,
    break: async ({write, mountLine, settings}) => {
      const path = `/run/containerd/io.containerd.runtime.v2.task/k8s.io/${id('dead')}/rootfs`
      await write('/proc/self/mountinfo', mountLine('/sys/fs/cgroup', 'cgroup2') + mountLine(path, 'overlay'))
      settings.stateDir = mountLine('/run/containerd/io.containerd.grpc.v1.cri').split(' ')[4]
    },
  },
  'a control group without its container': {
    check: 'cgroup-folders',
    severity: 'warning',
    says: /^a control group is left of a container/,
    options: {nowMs: Date.now() + 120_000},
    break: ({write}) =>
      write(`/sys/fs/cgroup${webCgroup.replace(web, id('dead'))}/cgroup.procs`, '', {secondsAgo: 3600}),
  },
  'processes that no list has': {
    check: 'cgroup-folders',
    severity: 'warning',
    says: /^2 processes run in the control group of a container that the runtime does not know$/,
    shows: /^processes 300, 301$/m,
    options: {nowMs: Date.now() + 120_000},
    break: ({write}) =>
      write(`/sys/fs/cgroup${webCgroup.replace(web, id('dead'))}/cgroup.procs`, '300\n301\n'),
  },
  'logs of a pod that is gone': {
    check: 'log-folders',
    severity: 'warning',
    says: /^a pod that is gone has 5kB of logs$/,
    options: {nowMs: Date.now() + 3_600_000},
    also: ['pods'],
    break: ({write}) => write('/var/log/pods/default_old_uid-old/main/0.log', 'x'.repeat(5000)),
  },
  'an image without a status': {
    check: 'images',
    severity: 'warning',
    says: /^image docker.io\/library\/broken:1 is in the list, and has no status$/,
    break: ({images, answers}) => {
      images.push({id: 'sha256:22', repoTags: ['docker.io/library/broken:1'], size: '1'})
      answers.ImageStatus = ({image}: {image: {image: string}}) => ({
        image: image.image === 'sha256:22' ? null : images[0],
      })
    },
  },
  'a pinned image that nothing uses': {
    check: 'images',
    severity: 'info',
    says: /^an image is pinned, and used by nothing$/,
    shows: /^1kB: quay.io\/old\/app:1$/m,
    break: ({images}) => {
      images.push(
        {id: 'sha256:33', repoTags: ['quay.io/old/app:1'], pinned: true, size: '1000'},
        {id: 'sha256:34', repoTags: ['registry.k8s.io/pause:3.10'], pinned: true, size: '5000'},
      )
    },
  },
  'no more open files of the machine': {
    check: 'limits',
    severity: 'broken',
    says: /^98000 of 100000 open files of this machine are in use$/,
    break: ({write}) => write('/proc/sys/fs/file-nr', '98000\t0\t100000\n'),
  },
  'no more inotify': {
    check: 'limits',
    severity: 'broken',
    says: /^no more instances of inotify are to be had$/,
    shows: /max_user_instances 128/,
    break: async (node) => {
      node.watchError = Object.assign(new Error('EMFILE'), {code: 'EMFILE'})
      await node.write('/proc/sys/fs/inotify/max_user_instances', '128\n')
    },
  },
  'a runtime with few open files left': {
    check: 'limits',
    severity: 'warning',
    says: /^9 of 10 open files of containerd \(process 100\) are in use$/,
    break: async ({write}) => {
      for (let number = 0; number < 9; number++) await write(`/proc/100/fd/${number}`, '')
      await write(
        '/proc/100/limits',
        'Max open files            10                   10                   files\n',
      )
    },
  },
  'a container with few processes left': {
    check: 'limits',
    severity: 'warning',
    says: /^99 of 100 processes of container default\/web\/web are in use$/,
    break: ({write}) => write(`/sys/fs/cgroup${webCgroup}/pids.current`, '99\n'),
  },
  'a machine with few process numbers left': {
    check: 'limits',
    severity: 'warning',
    says: /^5 of 6 process numbers of this machine are in use$/,
    break: ({write}) => write('/proc/sys/kernel/pid_max', '6\n'),
  },
  'a node that waits for memory': {
    check: 'pressure',
    severity: 'warning',
    says: /^in 45.2 % of the last minute everything waited for memory$/,
    shows: /^default\/web\/web: 500MB$/m,
    break: ({write}) =>
      write(
        '/proc/pressure/memory',
        'some avg10=0.00 avg60=60.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=45.20 avg300=0.00 total=1\n',
      ),
  },
  'a runtime that the next kubelet refuses': {
    check: 'upgrade',
    severity: 'broken',
    says: /^the kubelet of 1.38 wants a call that this runtime does not have: RuntimeConfig$/,
    shows: /^containerd 2.1.0 answers Unimplemented$/,
    options: {upgradeTo: '1.38'},
    break: ({answers}) => {
      answers.RuntimeConfig = () => {
        throw status(12, 'unknown method')
      }
    },
  },
  'control groups that the next kubelet refuses': {
    check: 'upgrade',
    severity: 'broken',
    says: /^the kubelet of 1.38 refuses control groups of version 1$/,
    options: {upgradeTo: '1.38'},
    break: ({write}) =>
      write('/proc/self/mountinfo', '30 1 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n'),
  },
  'a flag that the next kubelet does not know': {
    check: 'upgrade',
    severity: 'broken',
    says: /^the kubelet is started with --pod-infra-container-image, which 1.35 does not know$/,
    options: {upgradeTo: '1.38'},
    break: ({write}) =>
      write(
        '/var/lib/kubelet/kubeadm-flags.env',
        'KUBELET_KUBEADM_ARGS="--pod-infra-container-image=registry.k8s.io/pause:3.9"\n',
      ),
  },
}

/** The same node with CRI-O. */
async function makeCrio(node: SickNode): Promise<void> {
  node.answers.Version = {
    version: '0.1.0',
    runtimeName: 'cri-o',
    runtimeVersion: '1.36.3',
    runtimeApiVersion: 'v1',
  }
  node.settings = {crio: {ContainerExitsDir: '/var/run/crio/exits'}}
  await node.process({pid: 100, name: 'crio'})
  await node.process({pid: 110, name: 'conmon', command: conmonCommand(web)})
}

function conmonCommand(containerId: string, exits = '/var/run/crio/exits'): string[] {
  return ['/usr/bin/conmon', '-c', containerId, '--exit-dir', exits, '-u', containerId]
}

test('a node with CRI-O that is well, beside podman and another CRI-O', async () => {
  await using node = await startSickNode()
  await makeCrio(node)
  const podman = [...conmonCommand(id('dead'), '/run/libpod/exits'), '--exit-command', '/usr/bin/podman']
  await node.process({pid: 140, name: 'conmon', command: podman})
  await node.process({pid: 141, name: 'conmon', command: conmonCommand(id('beef'), '/run/other/exits')})
  expect(await node.findings()).toEqual([])
})

test.each(Object.keys(faults))('%s', async (name) => {
  const fault = faults[name] as Fault
  await using node = await startSickNode()
  fault.prepare?.(node)
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
  // A verb of ours can be copied as it stands.
  expect(own?.fix).not.toMatch(/(?<!crisp |images |podman )\b(?:rmi? -|rmp -|logs -p|stopp\b)/)
  const others = found.filter(({check, severity}) => severity !== 'info' && check !== fault.check)
  expect(others.filter(({check}) => !fault.also?.includes(check))).toEqual([])
})
