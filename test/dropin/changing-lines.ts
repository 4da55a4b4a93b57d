import {expect} from 'vitest'
import {busybox, type Node} from '../support/cluster-node.js'

// crictl's lines that change a node, as documentation and scripts have them, one after another on one node for each
// group: what each prints, and what is there afterwards.

interface Step {
  line: string
  stdout?: string | RegExp
  stderr?: RegExp
  exitCode?: number
  /** `name:STATE` of all containers, pods or tags afterwards, or what must be and must not be among them. */
  containers?: string[]
  pods?: string[]
  image?: [tag: string, present: boolean]
  call?: [method: string, request: object]
  /** What differs on Debian's containerd 1.6, and why. */
  onContainerd?: Partial<Step> & {why: string}
  /** Why it is left out there. */
  onlyHere?: string
}

/** Calls are seen on the embedded runtime only. */
export async function play(node: Node, steps: readonly Step[]): Promise<void> {
  for (const {line, stdout, stderr, exitCode = 0, containers, pods, image, call} of steps) {
    const outcome = await node.run(line)
    expect({exitCode: outcome.exitCode, stderr: outcome.stderr}, line).toEqual({
      exitCode,
      stderr: stderr ? expect.stringMatching(stderr) : '',
    })
    if (typeof stdout === 'string') expect(outcome.stdout, line).toBe(stdout)
    else if (stdout) expect(outcome.stdout, line).toMatch(stdout)
    if (containers) expect((await node.containers()).sort(), line).toEqual([...containers].sort())
    if (pods) expect((await node.pods()).sort(), line).toEqual([...pods].sort())
    if (image) expect((await node.images()).includes(image[0]), line).toBe(image[1])
    if (call && outcome.calls) {
      const [method, request] = call
      const requests = outcome.calls.filter((each) => each.method === method).map((each) => each.request)
      expect(JSON.parse(node.named(JSON.stringify(requests))), line).toEqual(
        expect.arrayContaining([expect.objectContaining(request)]),
      )
    }
  }
}

const ids = /^[0-9a-f]{64}\n$/

export const groups: Record<string, {seed: string[]; steps: Step[]; onlyHere?: string}> = {
  'stop and rm': {
    seed: ['a', 'b', 'c', 'd', 'e', 'f'],
    steps: [
      {line: 'crictl stop $a', stdout: '$a\n', call: ['StopContainer', {containerId: '$a'}]},
      {
        line: 'crictl rm $a',
        stdout: '$a\n',
        call: ['RemoveContainer', {containerId: '$a'}],
        containers: ['b', 'c', 'd', 'e', 'f'].map((name) => `${name}:RUNNING`),
      },
      {
        line: 'crictl stop -t 2 $b',
        stdout: '$b\n',
        call: ['StopContainer', {containerId: '$b', timeout: '2'}],
      },
      {line: 'crictl stop --timeout 10 $c', stdout: '$c\n', call: ['StopContainer', {timeout: '10'}]},
      {
        line: 'crictl --timeout 60s stop -t 0 $d',
        stdout: '$d\n',
        call: ['StopContainer', {containerId: '$d', timeout: '0'}],
      },
      {line: 'crictl rm $b $c', stdout: '$b\n$c\n', containers: ['d:EXITED', 'e:RUNNING', 'f:RUNNING']},
      {
        line: 'crictl rm $e',
        exitCode: 1,
        stderr: /running/,
        containers: ['d:EXITED', 'e:RUNNING', 'f:RUNNING'],
      },
      {line: 'crictl rm -f $e', stdout: '$e\n', containers: ['d:EXITED', 'f:RUNNING']},
      {line: 'crictl rm nosuch', exitCode: 3, stderr: /nosuch/},
      {line: 'crictl rm -fa', stdout: /\$d\n/, containers: []},
      {line: 'crictl rm -a', stderr: /[Nn]o containers/},
      {line: 'crictl rm', exitCode: 2, stderr: /which container/},
    ],
  },
  'rm in all spellings': {
    seed: ['a', 'b', 'c', 'd', 'e'],
    steps: [
      {line: 'crictl stop $a $b', stdout: '$a\n$b\n'},
      {line: 'crictl rm --force $c', stdout: '$c\n'},
      {line: 'crictl rm $a13', stdout: /a/},
      {line: 'crictl rm -k $b', stdout: '$b\n', containers: ['d:RUNNING', 'e:RUNNING']},
      {line: 'crictl rm $d -f', stdout: '$d\n', containers: ['e:RUNNING']},
      {line: 'crictl stop -a', stdout: '$e\n', containers: ['e:EXITED']},
      {line: 'crictl stop --all', stderr: /[Nn]o containers/, containers: ['e:EXITED']},
      {line: 'crictl rm --all --force', stdout: '$e\n', containers: []},
    ],
  },
  'stopp and rmp': {
    seed: ['a', 'b', 'c', 'd', 'e'],
    steps: [
      {
        line: 'crictl stopp $a-pod',
        stdout: 'Stopped sandbox $a-pod\n',
        call: ['StopPodSandbox', {podSandboxId: '$a-pod'}],
      },
      {
        line: 'crictl rmp $a-pod',
        stdout: 'Removed sandbox $a-pod\n',
        call: ['RemovePodSandbox', {podSandboxId: '$a-pod'}],
        pods: ['b', 'c', 'd', 'e'].map((name) => `${name}-pod:READY`),
      },
      {line: 'crictl stopp $b-pod $c-pod', stdout: /Stopped sandbox \$b-pod\n/},
      {
        line: 'crictl rmp $b-pod $c-pod',
        stdout: /Removed sandbox \$c-pod\n/,
        pods: ['d-pod:READY', 'e-pod:READY'],
      },
      {line: 'crictl rmp $d-pod', exitCode: 1, stderr: /ready|running/},
      {
        line: 'crictl rmp -f $d-pod',
        stdout: 'Stopped sandbox $d-pod\nRemoved sandbox $d-pod\n',
        pods: ['e-pod:READY'],
      },
      {line: 'crictl rmp -fa', stdout: /Removed sandbox \$e-pod\n/, pods: [], containers: []},
      {line: 'crictl rmp --force --all', stderr: /[Nn]o pods/},
      {line: 'crictl stopp nosuch', exitCode: 3, stderr: /nosuch/},
    ],
  },
  'rmp in other spellings': {
    seed: ['a', 'b'],
    steps: [
      {line: 'crictl rmp --force $a-pod', stdout: /Removed sandbox \$a-pod\n/},
      {line: 'crictl rmp -a -f', stdout: /Removed sandbox \$b-pod\n/, pods: []},
      {line: 'crictl rmp -a', stderr: /[Nn]o pods/},
    ],
  },
  'a pod and a container from files': {
    seed: [],
    steps: [
      {
        line: 'crictl pull docker.io/library/busybox:latest',
        stdout: /^Image is up to date for sha256:[0-9a-f]{64}\n$/,
        call: ['PullImage', {}],
        onlyHere: 'a containerd would pull from the network',
      },
      {line: 'crictl runp $DIR/pod-config.json', stdout: ids, pods: ['made:READY']},
      {line: 'crictl pods --name made -q', stdout: ids},
      {
        line: 'crictl create made $DIR/container-config.json $DIR/pod-config.json',
        stdout: ids,
        containers: ['box:CREATED'],
      },
      {line: 'crictl start box', stdout: /./, containers: ['box:RUNNING']},
      {line: 'crictl exec box echo hello', stdout: 'hello\n'},
      {line: 'crictl exec -s box echo hello', stdout: /^hello\n/},
      {line: 'crictl stats -a -o json', stdout: /"name": "box"/},
      {
        line: 'crictl update --cpu-shares 512 box',
        exitCode: 2,
        stderr: /unknown flag --cpu-shares.*--cpu-share/,
      },
      {
        line: 'crictl update --cpu-share 512 --memory 104857600 box',
        stdout: /./,
        call: [
          'UpdateContainerResources',
          {linux: expect.objectContaining({cpuShares: '512', memoryLimitInBytes: '104857600'})},
        ],
      },
      {
        line: 'crictl checkpoint --export=$DIR/box.tar box',
        stdout: /./,
        call: ['CheckpointContainer', {}],
        onContainerd: {
          why: 'it has CheckpointContainer since 2.0',
          stdout: '',
          stderr: /does not implement CheckpointContainer/,
          exitCode: 1,
        },
      },
      {line: 'crictl stop box', stdout: /./, containers: ['box:EXITED']},
      {line: 'crictl rm box', stdout: /./, containers: []},
      {line: 'crictl stopp made', stdout: /^Stopped sandbox /},
      {line: 'crictl rmp made', stdout: /^Removed sandbox /, pods: []},
      {
        line: 'crictl run $DIR/container-config.json $DIR/pod-config.json',
        stdout: ids,
        containers: ['box:RUNNING'],
        pods: ['made:READY'],
        onContainerd: {
          why: 'it would pull from the network',
          line: 'crictl run --no-pull $DIR/container-config.json $DIR/pod-config.json',
        },
      },
      {line: 'crictl rmp -f made', pods: [], containers: []},
      {line: 'crictl run --no-pull $DIR/container-config.json $DIR/pod-config.json', stdout: ids},
      {line: 'crictl rmp -af', pods: []},
      {line: 'crictl runp --runtime nosuch $DIR/pod-config.json', exitCode: 1, stderr: /nosuch/},
      {line: 'crictl runp $DIR/nosuch.json', exitCode: 1, stderr: /nosuch\.json/},
    ],
  },
  'images come and go': {
    seed: ['a'],
    onlyHere: 'a containerd would pull from the network',
    steps: [
      {line: 'crictl pull busybox', stdout: /^Image is up to date for /, image: [busybox, true]},
      {
        line: 'crictl rmi docker.io/library/busybox:latest',
        stdout: /^Deleted: docker\.io\/library\/busybox:latest$/m,
        stderr: /with all its tags/,
        image: [busybox, false],
        call: ['RemoveImage', {}],
      },
      {line: 'crictl pull --pull-timeout 1m busybox:latest', image: [busybox, true]},
      {line: 'crictl pull registry.crisp.demo/nosuch:1', exitCode: 3, stderr: /nosuch:1/},
      {line: 'crictl rmi nosuch/image:1', exitCode: 3, stderr: /nosuch\/image/},
      {line: 'crictl rmi --prune', stdout: /^Deleted: /m, image: ['registry.crisp.demo/sleeper:1.0', true]},
      {line: 'crictl rmi -q', image: ['registry.crisp.demo/sleeper:1.0', true]},
      {line: 'crictl rmp -fa', pods: []},
      {line: 'crictl rmi -a', image: ['registry.crisp.demo/sleeper:1.0', false]},
      {line: 'crictl images -q', stdout: /^(sha256:\S+\n)?$/},
    ],
  },
  settings: {
    seed: [],
    onlyHere: 'no runtime has a part in it',
    steps: [
      {
        line: 'crictl config --config $DIR/new.yaml --set runtime-endpoint=unix:///run/containerd/containerd.sock',
        stdout: '',
      },
      {
        line: 'crictl config --config $DIR/new.yaml --get runtime-endpoint',
        stdout: 'unix:///run/containerd/containerd.sock\n',
      },
      {line: 'crictl --config $DIR/new.yaml config runtime-endpoint unix:///run/crio/crio.sock', stdout: ''},
      {
        line: 'crictl --config $DIR/new.yaml config --get runtime-endpoint',
        stdout: 'unix:///run/crio/crio.sock\n',
      },
      {line: 'crictl --config $DIR/new.yaml config --set timeout=10,debug=true', stdout: ''},
      {
        line: 'crictl --config $DIR/new.yaml config --set image-endpoint=unix:///run/crio/crio.sock --set timeout=30',
        stdout: '',
      },
      {line: 'crictl --config $DIR/new.yaml config --get timeout', stdout: '30\n'},
      {line: 'crictl --config $DIR/new.yaml config --list', stdout: /^debug +true$/m},
      {line: 'crictl --config $DIR/new.yaml config --get nosuch', exitCode: 2, stderr: /nosuch/},
      {
        line: 'crictl update-runtime-config --pod-cidr 10.88.0.0/16',
        stderr: /10\.88\.0\.0/,
        call: ['UpdateRuntimeConfig', {runtimeConfig: {networkConfig: {podCidr: '10.88.0.0/16'}}}],
      },
    ],
  },
}
