import type {Effect} from './reading-lines.js'

// Forms of arguments, each with what crictl 1.36 does, or with the plain line that it does the same as. Where it does
// something else, docs/crictl-differences.md says so.

const wheresoever = (filter: object) => ['ListPodSandbox', {filter}] as [string, object]

/** Debian's containerd says that there is no such thing; since 2.0 a stop of what is gone is well. */
const stillAskedFor = {
  why: 'a stop of what is gone fails before 2.0',
  stdout: '',
  stderr: /0123456789abc?": not found/,
  exitCode: 3,
}

export const argumentLines: Record<string, [line: string, effect: Effect][]> = {
  'parts of a list are trimmed': [
    [
      "crictl pods -q --label 'run=nginx, app=web'",
      {stdout: '$nginx-65899c769f-wv2gp\n', call: wheresoever({labelSelector: {run: 'nginx', app: 'web'}})},
    ],
    ["crictl pods -q --label ' run=nginx '", {stdout: '$nginx-65899c769f-wv2gp\n'}],
    ["crictl pods -q --label 'run=nginx ,app=web'", {stdout: '$nginx-65899c769f-wv2gp\n'}],
    [
      "crictl ps -q --label 'io.kubernetes.container.name=etcd, io.kubernetes.pod.name=etcd-cp1'",
      {stdout: '$etcd\n'},
    ],
    [
      "crictl inspectp --label 'run=nginx, app=web' -o 'jsonpath={.status.metadata.name}'",
      {stdout: /^nginx/},
    ],
    ["crictl images -q --filter 'reference=docker.io/library/busybox, dangling=false'", {stdout: /^\S+\n$/}],
    [
      "crictl logs --label 'io.kubernetes.container.name=etcd, io.kubernetes.pod.name=etcd-cp1'",
      {stdout: /first/},
    ],
  ],
  'bare numbers are Unix seconds': [
    ['crictl logs --since 0 etcd', {stdout: 'first\nsecond\nlast\n'}],
    ['crictl logs --since 1 etcd', {stdout: 'first\nsecond\nlast\n'}],
    ['crictl logs --since 1700000000.5 etcd', {stdout: 'first\nsecond\nlast\n'}],
    ['crictl logs --since 99999999999 etcd', {stdout: ''}],
  ],
  'exec -e ends with 0': [
    ['crictl exec -e nginx no-such-command', {stderr: /no-such-command/}],
    ['crictl exec -s -e nginx no-such-command', {stderr: /no-such-command/}],
    ['crictl exec -e nosuch ls', {stderr: /nosuch/}],
    ['crictl exec --ignore-errors --name nosuch ls', {stderr: /no container matches/}],
    ["crictl exec -e -q nginx sh -c 'exit 3'", {stdout: ''}],
    ["crictl exec -e -s -q --timeout 1 nginx sh -c 'sleep 20'", {stderr: /./}],
    ['crictl -r unix:///nosuch.sock exec -e nginx ls', {stderr: /nosuch.sock/}],
  ],
  'an empty number is a mistake': [
    ["crictl pods --last ''", {stderr: /--last/, exitCode: 2}],
    ["crictl --timeout '' pods", {stderr: /--request-timeout/, exitCode: 2}],
    ["crictl stop --timeout '' nginx", {stderr: /--timeout ""/, exitCode: 2}],
    ["crictl update --memory '' --cpu-share 11 nginx", {stderr: /--memory ""/, exitCode: 2}],
    ["crictl logs --tail '' etcd", {stderr: /--tail ""/, exitCode: 2}],
  ],
  'an empty item of a list is a mistake': [
    ["crictl ps -q --label ''", {stderr: /--label "" should be KEY=VALUE/, exitCode: 2}],
    ["crictl pods -q --label ''", {stderr: /--label ""/, exitCode: 2}],
    ["crictl pods -q --label run=nginx --label ''", {stderr: /--label ""/, exitCode: 2}],
    ["crictl images -q --filter ''", {stderr: /--filter ""/, exitCode: 2}],
  ],
  'an empty filter chooses nothing to stop or remove': [
    ["crictl rm -a --state ''", {stderr: /--state is empty/, exitCode: 2}],
    ["crictl rm -fa --name ''", {stderr: /--name is empty/, exitCode: 2}],
    ["crictl rm -fa --label ''", {stderr: /--label ""/, exitCode: 2}],
    ["crictl stop -a --pod ''", {stderr: /--pod is empty/, exitCode: 2}],
    ["crictl rmp -fa --namespace ''", {stderr: /--namespace is empty/, exitCode: 2}],
    ["crictl stopp -a --name ''", {stderr: /--name is empty/, exitCode: 2}],
    ["crictl rmi -a --filter ''", {stderr: /--filter ""/, exitCode: 2}],
    ['crictl rm -f --last 0', {stderr: /--last 0 would leave no choice/, exitCode: 2}],
    ['crictl rmp -fan -1', {stderr: /--last -1 would leave no choice/, exitCode: 2}],
    ['crictl stop --last=0', {stderr: /--last 0 would leave no choice/, exitCode: 2}],
    ['crictl stopp --latest --last 0', {stderr: /--last 0 would leave no choice/, exitCode: 2}],
    ["crictl rm -a --name '' --name no-such", {stderr: /No containers/}],
  ],
  'a template that begins with a key is for each of several': [
    ["crictl inspect etcd nginx -o jsonpath='{.status.metadata.name}'", {stdout: 'etcd\nnginx\n'}],
    [
      "crictl inspect etcd nginx -o jsonpath='{.status.metadata.name} {.status.state}'",
      {stdout: /^etcd .*\nnginx /},
    ],
    ["crictl inspect etcd nginx -o jsonpath='{[*].status.metadata.name}'", {stdout: 'etcd nginx\n'}],
    ["crictl inspect etcd -o jsonpath='{.status.metadata.name}'", {stdout: 'etcd\n'}],
    ["crictl inspectp etcd-cp1 old-1 -o jsonpath='{.status.metadata.name}'", {stdout: 'etcd-cp1\nold-1\n'}],
    ["crictl inspect etcd nginx -o go-template --template '{{.status}}'", {stderr: /status/, exitCode: 2}],
  ],
  'what is gone can be stopped': [
    [
      'crictl stop 0123456789ab',
      {
        stdout: '0123456789ab\n',
        call: ['StopContainer', {containerId: '0123456789ab'}],
        onContainerd: stillAskedFor,
      },
    ],
    ['crictl stop 0123456789abc', {stdout: '0123456789abc\n', onContainerd: stillAskedFor}],
    [
      'crictl stopp 0123456789abc',
      {
        stdout: /0123456789abc/,
        call: ['StopPodSandbox', {podSandboxId: '0123456789abc'}],
        onContainerd: stillAskedFor,
      },
    ],
    ['crictl stop 0123456789a', {stderr: /0123456789a/, exitCode: 3}],
    ['crictl stop no-such', {stderr: /no-such/, exitCode: 3}],
    ['crictl stopp no-such', {stderr: /no-such/, exitCode: 3}],
    ['crictl rm 0123456789abc', {stderr: /0123456789abc/, exitCode: 3}],
  ],
  'small ones': [
    ['crictl run $DIR/container-config.json $DIR/typo.json', {stderr: /typo\.json/, exitCode: 1}],
    ['crictl run ./typo $DIR/pod-config.json', {stderr: /typo/, exitCode: 1}],
    ['crictl port-forward nginx-65899c769f-wv2gp 0:80:90', {stderr: /three ports/, exitCode: 2}],
    ['crictl update --cpu-count 2 nginx', {stderr: /limits of Windows/, exitCode: 2}],
    [
      'crictl update --cpu-count 2 --cpu-share 11 nginx',
      {
        stdout: 'nginx\n',
        call: ['UpdateContainerResources', {linux: {cpuShares: '11'}, windows: {cpuCount: '2'}}],
      },
    ],
  ],
}

export const sameLines: Record<string, [line: string, other: string][]> = {
  'an empty text is not given': [
    ["crictl ps -q --state ''", 'crictl ps -q'],
    ["crictl ps -q --pod ''", 'crictl ps -q'],
    ["crictl ps -q --name ''", 'crictl ps -q'],
    ["crictl ps -q --image ''", 'crictl ps -q'],
    ['crictl ps -q --namespace=', 'crictl ps -q'],
    ["crictl ps -q --id ''", 'crictl ps -q'],
    ["crictl ps -q -o ''", 'crictl ps -q'],
    ["crictl pods -q -s ''", 'crictl pods -q'],
    ["crictl pods -o ''", 'crictl pods'],
    ["crictl images -o ''", 'crictl images'],
    ["crictl inspect -o '' etcd", 'crictl inspect etcd'],
    ["crictl inspect --template '' etcd", 'crictl inspect etcd'],
    ["crictl version -o ''", 'crictl version'],
    ["crictl logs --since '' etcd", 'crictl logs etcd'],
    ["crictl logs --stream '' etcd", 'crictl logs etcd'],
    ["crictl -i '' images -q", 'crictl images -q'],
    ["crictl -r '' ps -q", 'crictl ps -q'],
    ["crictl --config '' ps -q", 'crictl ps -q'],
    ["crictl ps -q --state exited --state ''", 'crictl ps -q'],
  ],
  'one dash or two': [
    ['crictl ps --q', 'crictl ps -q'],
    ['crictl ps -quiet', 'crictl ps -q'],
    ['crictl ps --a --q', 'crictl ps -aq'],
    ['crictl ps -q -name etcd', 'crictl ps -q --name etcd'],
    ['crictl ps -q -name=etcd', 'crictl ps -q --name etcd'],
    ['crictl ps --q=false', 'crictl ps'],
    ['crictl pods --o json', 'crictl pods -o json'],
    ['crictl pods --o=json', 'crictl pods -o json'],
    ['crictl --r $ENDPOINT ps -q', 'crictl ps -q'],
    ['crictl --t 5s ps -q', 'crictl ps -q'],
    ['crictl ps --h', 'crictl ps -h'],
    ['crictl --v', 'crictl -v'],
    ['crictl images --q', 'crictl images -q'],
    ['crictl exec --s nginx true', 'crictl exec -s nginx true'],
  ],
}
