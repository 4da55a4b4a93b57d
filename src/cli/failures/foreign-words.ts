// What kubectl, docker, podman, nerdctl and ctr call things, and what is meant by it here. Only words that crisp does
// not have itself: those mean what they mean in crisp. A command's first two words go before its first, a flag of a
// verb before the flag. The name of the tool may stand before it all.

const tools = new Set(['docker', 'podman', 'nerdctl', 'kubectl', 'ctr'])

const commands: Readonly<Record<string, string>> = {
  // kubectl
  get: 'crisp pods, crisp ps and crisp images list; crisp inspect shows everything of one',
  'get all': 'crisp pods and crisp ps -a',
  'get container': 'crisp ps -a',
  'get containers': 'crisp ps -a',
  'get event': 'crisp events',
  'get events': 'crisp events',
  'get image': 'crisp images',
  'get images': 'crisp images',
  'get no': 'crisp info',
  'get node': 'crisp info',
  'get nodes': 'crisp info',
  'get ns': 'crisp pods -o custom-columns=NAMESPACE:.metadata.namespace',
  'get po': 'crisp pods',
  'get pod': 'crisp pods',
  'get pods': 'crisp pods',
  delete: 'crisp rmp -f POD, or crisp rm -f CONTAINER',
  'delete po': 'crisp rmp -f POD',
  'delete pod': 'crisp rmp -f POD',
  'delete pods': 'crisp rmp -f POD',
  apply: 'crisp run CONTAINER-CONFIG POD-CONFIG; what the API server wants, kubectl applies',
  annotate: 'only kubectl: a runtime does not change annotations',
  'cluster-info': 'crisp info',
  cordon: 'only kubectl: a runtime does not know the scheduler',
  drain: 'only kubectl: a runtime does not know the scheduler',
  edit: "crisp update CONTAINER changes limits; all else is the API server's: kubectl edit",
  label: 'only kubectl: a runtime does not change labels',
  rollout: 'only kubectl: a runtime knows pods, but no deployments',
  scale: 'only kubectl: a runtime knows pods, but no deployments',
  // docker, podman, nerdctl
  build: 'the CRI builds no images: podman build or nerdctl build',
  commit: 'the CRI makes no images: podman commit or nerdctl commit; crisp checkpoint saves a state',
  compose: 'crisp run starts one container; what belongs together, the kubelet starts from a manifest',
  container: 'crisp ps',
  'container inspect': 'crisp inspect CONTAINER',
  'container kill': 'crisp stop -t 0 CONTAINER',
  'container list': 'crisp ps',
  'container ls': 'crisp ps',
  'container prune': 'crisp rm -s exited',
  'container rm': 'crisp rm CONTAINER',
  'container stop': 'crisp stop CONTAINER',
  diff: 'the CRI does not show changed files; crisp exec CONTAINER find / -newer /etc/hostname may',
  export: 'crisp cp CONTAINER:/ - > FILE.tar',
  history: 'crisp inspecti IMAGE, as far as the runtime tells',
  import: 'crisp load FILE takes an archive of images; the CRI makes none of a file system',
  kill: 'crisp stop -t 0 CONTAINER',
  list: 'crisp ps',
  login: 'crisp pull and crisp push take --creds USER; docker login and podman login are read, too',
  logout: 'crisp keeps no passwords: docker logout or podman logout',
  ls: 'crisp ps',
  mount: 'crisp cp CONTAINER:PATH . copies files out',
  network: 'a pod has its network from CNI: crisp inspectp POD shows it',
  pause: 'the CRI cannot pause; crisp update --cpus 0.01 CONTAINER slows it down',
  play: 'crisp run CONTAINER-CONFIG POD-CONFIG; crisp init writes files to start from',
  pod: 'crisp pods',
  'pod inspect': 'crisp inspectp POD',
  'pod ls': 'crisp pods',
  'pod ps': 'crisp pods',
  'pod rm': 'crisp rmp POD',
  'pod stop': 'crisp stopp POD',
  port: 'crisp port-forward POD LOCAL:REMOTE; crisp inspectp POD shows what the pod has',
  prune: 'crisp rmi --prune',
  rename: 'the CRI cannot rename',
  search: 'the CRI does not search registries: podman search',
  system: 'crisp info',
  'system df': 'crisp df',
  'system events': 'crisp events',
  'system info': 'crisp info',
  'system prune': 'crisp rmi --prune',
  unpause: 'the CRI cannot pause',
  volume: 'crisp inspect CONTAINER shows its mounts; the CRI keeps no volumes',
  // ctr
  c: 'crisp ps -a',
  containers: 'crisp ps -a',
  content: 'only ctr: the CRI does not show it',
  i: 'crisp images',
  leases: 'only ctr: the CRI does not show them',
  namespaces: 'crisp pods -o custom-columns=NAMESPACE:.metadata.namespace',
  ns: 'crisp pods -o custom-columns=NAMESPACE:.metadata.namespace',
  plugins: 'crisp info -o json',
  sandboxes: 'crisp pods',
  snapshots: 'crisp imagefsinfo',
  t: 'crisp ps',
  task: 'crisp ps',
  'task exec': 'crisp exec CONTAINER COMMAND',
  'task kill': 'crisp stop -t 0 CONTAINER',
  'task metrics': 'crisp stats CONTAINER',
  'task ps': 'crisp top',
  tasks: 'crisp ps',
  // Where a tool's name before it makes it mean something else than in crisp.
  'docker create': 'crisp create POD CONTAINER-CONFIG POD-CONFIG',
  'docker start':
    'crisp restart CONTAINER makes another in its place; crisp start is for one that was never started',
  'docker stats': 'crisp top, or crisp stats for one look',
  'docker top': 'crisp processes CONTAINER',
  'kubectl config': 'crisp config; crisp speaks with the runtime of this node and knows no clusters',
  // What one types where one wants in.
  bash: 'crisp exec -it CONTAINER bash',
  sh: 'crisp exec -it CONTAINER sh',
  shell: 'crisp exec -it CONTAINER sh',
}

const allNamespaces = 'crisp shows all namespaces; --namespace REGEXP chooses'
const runtimeSocket = 'crisp speaks with the runtime of this node: -r SOCKET before the command'
const everyTag = 'crisp rmi --all-tags IMAGE removes an image with all its tags, rm -f its containers'

const flags: Readonly<Record<string, string>> = {
  // kubectl
  '-A': allNamespaces,
  '--all-containers': 'crisp logs POD shows all of its containers',
  '--all-namespaces': allNamespaces,
  '--as': runtimeSocket,
  '--container': 'a container is named POD/CONTAINER, or by its own name',
  '--context': runtimeSocket,
  '--field-selector': '--state, --name and --namespace choose',
  '--grace-period': '--timeout SECONDS of crisp stop',
  '--kubeconfig': runtimeSocket,
  '--no-headers': '-o name, -q, or -o jsonl',
  '--selector': '--label KEY=VALUE, or --pod-label KEY=VALUE for what the user gave to the pod',
  '--show-labels': '-v',
  '--since-time': '--since TIME',
  '--sort-by': '--sort COLUMN of crisp stats and crisp top',
  '--watch-only': 'crisp events',
  'pods --watch': 'crisp events, or crisp top',
  'pods -w': 'crisp events, or crisp top',
  'ps --watch': 'crisp events, or crisp top',
  'ps -w': 'crisp events, or crisp top',
  // docker, podman, nerdctl, ctr
  '--address': runtimeSocket,
  '--details': '-o json',
  '--filter': '--name, --state, --label, --pod and --image choose',
  'ps -f': '--name, --state, --label, --pod and --image choose',
  '--format': "-o go-template='{{…}}', -o jsonpath=PATH or -o custom-columns=NAME:PATH",
  '--gpus': '--device DEVICE',
  '--host': runtimeSocket,
  '--link': 'containers of one pod reach each other at localhost: --pod POD',
  '--log-level': '--debug',
  '--mount': '--volume HOST:CONTAINER[:ro]',
  '--input': 'crisp load FILE',
  '--net': '--host-network; all other networks are from CNI',
  '--network': '--host-network; all other networks are from CNI',
  '--no-stream': 'crisp stats shows one look; --watch goes on',
  '--platform': 'the runtime takes the platform of its node',
  '--restart': 'only the kubelet starts containers again by itself; crisp restart CONTAINER does it once',
  '--signal': 'the CRI sends no other signals: crisp exec CONTAINER kill -HUP 1',
  '--time': '--timeout SECONDS, or -t SECONDS',
  '-H': runtimeSocket,
  'rmi --force': everyTag,
  'stop --force': '-t 0 stops at once',
  'stop -f': '-t 0 stops at once',
}

/**
 * What crisp has instead of a command that it does not have, with the words that are meant; undefined if not known.
 * `second` is the command of crisp that the second word would be.
 */
export function answerCommand(
  [first = '', ...rest]: readonly string[],
  second?: string,
): {words: string; answer: string} | undefined {
  const own = answerOf([`${first} ${rest[0] ?? ''}`, first], commands)
  if (own || !tools.has(first)) return own
  const answer = answerOf([rest.slice(0, 2).join(' '), rest[0] ?? ''], commands)
  if (answer) return {words: `${first} ${answer.words}`, answer: answer.answer}
  return second === undefined ? undefined : {words: `${first} ${rest[0]}`, answer: `crisp ${second}`}
}

/** The same for a flag of a verb, or before it. */
export function answerFlag(verb: string, flag: string): string | undefined {
  return answerOf([`${verb} ${flag}`, flag], flags)?.answer
}

function answerOf(keys: readonly string[], answers: Readonly<Record<string, string>>) {
  const words = keys.find((each) => Object.hasOwn(answers, each))
  const answer = words === undefined ? undefined : answers[words]
  return words === undefined || answer === undefined ? undefined : {words, answer}
}
