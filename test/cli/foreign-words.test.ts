import {describe, expect, test} from 'vitest'
import {parseCommandLine} from '../../src/cli/argv.js'
import {manifest, runInProcess} from '../support/in-process.js'

/** A line of another tool, with `crisp` for its name, and what crisp says to it. */
const lines: readonly [line: string, answer: string][] = [
  // kubectl
  [
    'get',
    'unknown command "get": crisp pods, crisp ps and crisp images list; crisp inspect shows everything of one',
  ],
  ['get pods', 'unknown command "get pods": crisp pods'],
  ['get po -A', 'unknown command "get po": crisp pods'],
  ['get pods -o wide', 'unknown command "get pods": crisp pods'],
  ['get nodes', 'unknown command "get nodes": crisp info'],
  ['get events', 'unknown command "get events": crisp events'],
  ['get images', 'unknown command "get images": crisp images'],
  [
    'get deployments',
    'unknown command "get": crisp pods, crisp ps and crisp images list; crisp inspect shows everything of one',
  ],
  ['delete', 'unknown command "delete": crisp rmp -f POD, or crisp rm -f CONTAINER'],
  ['delete pod web', 'unknown command "delete pod": crisp rmp -f POD'],
  ['delete pods web', 'unknown command "delete pods": crisp rmp -f POD'],
  [
    'apply -f pod.yaml',
    'unknown command "apply": crisp run CONTAINER-CONFIG POD-CONFIG; what the API server wants, kubectl applies',
  ],
  [
    'edit pod web',
    'unknown command "edit": crisp update CONTAINER changes limits; all else is the API server\'s: kubectl edit',
  ],
  ['drain node-1', 'unknown command "drain": only kubectl: a runtime does not know the scheduler'],
  [
    'rollout restart deploy/web',
    'unknown command "rollout": only kubectl: a runtime knows pods, but no deployments',
  ],
  ['cluster-info', 'unknown command "cluster-info": crisp info'],
  ['pods -A', 'unknown flag -A for pods: crisp shows all namespaces; --namespace REGEXP chooses'],
  [
    'ps --all-namespaces',
    'unknown flag --all-namespaces for ps: crisp shows all namespaces; --namespace REGEXP chooses',
  ],
  ['-A pods', 'unknown flag -A before the command: crisp shows all namespaces; --namespace REGEXP chooses'],
  [
    'pods --selector app=web',
    'unknown flag --selector for pods: --label KEY=VALUE, or --pod-label KEY=VALUE for what the user gave to the pod',
  ],
  [
    'pods --field-selector status.phase=Running',
    'unknown flag --field-selector for pods: --state, --name and --namespace choose',
  ],
  ['pods --show-labels', 'unknown flag --show-labels for pods: -v'],
  ['pods --no-headers', 'unknown flag --no-headers for pods: -o name, -q, or -o jsonl'],
  ['pods -w', 'unknown flag -w for pods: crisp events, or crisp top'],
  ['ps --watch', 'unknown flag --watch for ps: crisp events, or crisp top'],
  [
    'pods --sort-by .metadata.name',
    'unknown flag --sort-by for pods: --sort COLUMN of crisp stats and crisp top',
  ],
  [
    'logs web --all-containers',
    'unknown flag --all-containers for logs: crisp logs POD shows all of its containers',
  ],
  [
    'logs web --container app',
    'unknown flag --container for logs: a container is named POD/CONTAINER, or by its own name',
  ],
  ['logs web --since-time 2026-01-01T00:00:00Z', 'unknown flag --since-time for logs: --since TIME'],
  [
    '--context prod ps',
    'unknown flag --context before the command: crisp speaks with the runtime of this node: -r SOCKET before the command',
  ],
  ['rmp web --grace-period 0', 'unknown flag --grace-period for rmp: --timeout SECONDS of crisp stop'],
  // docker, podman, nerdctl
  ['kill web', 'unknown command "kill": crisp stop -t 0 CONTAINER'],
  ['ls', 'unknown command "ls": crisp ps'],
  ['list', 'unknown command "list": crisp ps'],
  ['container ls -a', 'unknown command "container ls": crisp ps'],
  ['container rm web', 'unknown command "container rm": crisp rm CONTAINER'],
  ['container prune', 'unknown command "container prune": crisp rm -s exited'],
  [
    'login registry.example',
    'unknown command "login": crisp pull and crisp push take --creds USER; docker login and podman login are read, too',
  ],
  ['logout', 'unknown command "logout": crisp keeps no passwords: docker logout or podman logout'],
  ['build .', 'unknown command "build": the CRI builds no images: podman build or nerdctl build'],
  ['load --input web.tar', 'unknown flag --input for load: crisp load FILE'],
  [
    'load -i web.tar',
    'which archive? crisp load FILE, or load - for what comes by stdin; -i is --image-endpoint here',
  ],
  ['history web', 'unknown command "history": crisp inspecti IMAGE, as far as the runtime tells'],
  ['search web', 'unknown command "search": the CRI does not search registries: podman search'],
  ['export web', 'unknown command "export": crisp cp CONTAINER:/ - > FILE.tar'],
  [
    'pause web',
    'unknown command "pause": the CRI cannot pause; crisp update --cpus 0.01 CONTAINER slows it down',
  ],
  [
    'port web',
    'unknown command "port": crisp port-forward POD LOCAL:REMOTE; crisp inspectp POD shows what the pod has',
  ],
  ['system prune', 'unknown command "system prune": crisp rmi --prune'],
  ['system df', 'unknown command "system df": crisp df'],
  [
    'volume ls',
    'unknown command "volume": crisp inspect CONTAINER shows its mounts; the CRI keeps no volumes',
  ],
  ['network ls', 'unknown command "network": a pod has its network from CNI: crisp inspectp POD shows it'],
  ['pod ps', 'unknown command "pod ps": crisp pods'],
  ['sh web', 'unknown command "sh": crisp exec -it CONTAINER sh'],
  [
    'ps --format {{.ID}}',
    "unknown flag --format for ps: -o go-template='{{…}}', -o jsonpath=PATH or -o custom-columns=NAME:PATH",
  ],
  [
    'ps --filter status=exited',
    'unknown flag --filter for ps: --name, --state, --label, --pod and --image choose',
  ],
  ['ps -f status=exited', 'unknown flag -f for ps: --name, --state, --label, --pod and --image choose'],
  [
    'rmi --force web',
    'unknown flag --force for rmi: crisp rmi --all-tags IMAGE removes an image with all its tags, rm -f its containers',
  ],
  [
    'rmi -f web',
    '--filter "web" is not a filter, and -f does not force: rmi IMAGE, with --all-tags for all its tags',
  ],
  ['stop --time 3 web', 'unknown flag --time for stop: --timeout SECONDS, or -t SECONDS'],
  [
    'stop --signal HUP web',
    'unknown flag --signal for stop: the CRI sends no other signals: crisp exec CONTAINER kill -HUP 1',
  ],
  ['stats --no-stream', 'unknown flag --no-stream for stats: crisp stats shows one look; --watch goes on'],
  [
    'run --network host web',
    'unknown flag --network for run: --host-network; all other networks are from CNI',
  ],
  [
    'run --restart always web',
    'unknown flag --restart for run: only the kubelet starts containers again by itself; crisp restart CONTAINER does it once',
  ],
  ['run --mount type=bind web', 'unknown flag --mount for run: --volume HOST:CONTAINER[:ro]'],
  [
    '-H unix:///run/docker.sock ps',
    'unknown flag -H before the command: crisp speaks with the runtime of this node: -r SOCKET before the command',
  ],
  // The tool's name is typed by habit.
  ['docker ps -a', 'unknown command "docker ps": crisp ps'],
  ['docker ls', 'unknown command "docker ls": crisp ps'],
  ['docker container ls', 'unknown command "docker container ls": crisp ps'],
  ['docker top web', 'unknown command "docker top": crisp processes CONTAINER'],
  ['kubectl get pods -A', 'unknown command "kubectl get pods": crisp pods'],
  ['kubectl logs web', 'unknown command "kubectl logs": crisp logs'],
  ['ctr task ls', 'unknown command "ctr task": crisp ps'],
  // ctr
  ['containers ls', 'unknown command "containers": crisp ps -a'],
  ['c ls', 'unknown command "c": crisp ps -a'],
  ['task ls', 'unknown command "task": crisp ps'],
  ['task exec --exec-id x web sh', 'unknown command "task exec": crisp exec CONTAINER COMMAND'],
  ['task kill web', 'unknown command "task kill": crisp stop -t 0 CONTAINER'],
  ['i ls', 'unknown command "i": crisp images'],
  [
    'namespaces ls',
    'unknown command "namespaces": crisp pods -o custom-columns=NAMESPACE:.metadata.namespace',
  ],
  ['snapshots ls', 'unknown command "snapshots": crisp imagefsinfo'],
  [
    '--address /run/containerd/containerd.sock ps',
    'unknown flag --address before the command: crisp speaks with the runtime of this node: -r SOCKET before the command',
  ],
]

describe('what other tools call things', () => {
  test.each(lines)('%s', async (line, answer) => {
    expect(await runInProcess(line.split(' '))).toEqual({
      stdout: '',
      stderr: `crisp: ${answer}\n`,
      exitCode: 2,
    })
  })

  test('what is answered are lines that crisp takes', () => {
    const answered = lines.flatMap(([, answer]) =>
      [
        ...answer.matchAll(
          /crisp ((?!shows|speaks|keeps)[a-z][^;,]*?)(?= and | shows| list$| list;|[,;]|$)/g,
        ),
      ].map(([, words = '']) => words.replace(/ (> .*|removes .*|changes .*|slows .*|as far .*)$/, '')),
    )
    expect(answered.length).toBeGreaterThan(50)
    for (const words of answered)
      expect(
        () => parseCommandLine(words.split(' '), manifest.commands, manifest.globals),
        words,
      ).not.toThrow()
  })

  test('no word is answered that crisp has itself', () => {
    const names = manifest.commands.flatMap(({id, aliases}) => [id, ...aliases])
    const asked = lines
      .filter(([, answer]) => answer.startsWith('unknown command'))
      .map(([line]) => line.split(' ')[0])
    expect(asked.filter((word) => names.includes(word ?? ''))).toEqual([])
  })

  test("crictl's mode knows crictl's words alone", async () => {
    const env = {CRISP_COMPAT: 'crictl'}
    expect((await runInProcess(['kill', 'web'], {env})).stderr).toBe(
      'crictl: unknown command "kill" (crictl help all)\n',
    )
    expect((await runInProcess(['ps', '-A'], {env})).stderr).toBe(
      'crictl: unknown flag -A for ps (crictl ps --help)\n',
    )
  })
})

test.each([
  [['logs', 'shop/web', '-c', 'app'], 'crisp logs shop/web/app'],
  [['describe', '-c', 'app', 'web'], 'crisp describe web/app'],
])('kubectl’s -c in %j is answered with what to type', async (argv, line) => {
  const {stderr, exitCode} = await runInProcess(argv)
  expect({stderr, exitCode}).toEqual({
    stderr: `crisp: config file app: does not exist; -c is --config, and a container is named with its pod: ${line}\n`,
    exitCode: 1,
  })
})

test('exec, whose flags end with the container, answers too', async () => {
  const {stderr, exitCode} = await runInProcess(['exec', 'web', '-c', 'app', '--', 'sh'])
  expect({stderr, exitCode}).toEqual({
    stderr: 'crisp: a container is named with its pod, without -c: crisp exec web/app COMMAND [ARG...]\n',
    exitCode: 2,
  })
})

test.each([
  ['exec', '-it', ['sh']],
  ['enter', '--pid', ['--', 'ps']],
  ['debug', '--image', ['busybox', '--', 'ls']],
])('%s: a flag behind the container is not taken for the command', async (verb, flag, rest) => {
  expect(await runInProcess([verb, 'web', flag, ...rest])).toEqual({
    stdout: '',
    stderr: `crisp: ${flag} stands behind web, where the command begins: flags go before it, as in crisp ${verb} ${flag} … web\n`,
    exitCode: 2,
  })
})

test('a file that is missing is no container', async () => {
  const {stderr} = await runInProcess(['logs', 'web', '-c', './crictl.yaml'])
  expect(stderr).toBe('crisp: config file ./crictl.yaml: does not exist\n')
})
