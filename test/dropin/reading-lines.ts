// Lines for crictl as the documentation of Kubernetes, containerd, CRI-O, k3s, RKE2 and OpenShift, tutorials and scripts
// in public repositories have them, names and IDs changed to those of our node. Each with what it is documented to do.

export interface Effect {
  /** stdout, its IDs as `$name`. */
  stdout?: string | RegExp
  /** Names of the first column or of a JSON list, sorted. */
  shows?: string[]
  /** A call that was made, and what its request held. */
  call?: [method: string, request: object]
  stderr?: RegExp
  /** It does not end by itself: Ctrl-C once stdout is like this. */
  until?: RegExp
  exitCode?: number
  /** What differs on Debian's containerd 1.6, and why. */
  onContainerd?: Partial<Effect> & {why: string}
}

const everywhere = ['coredns', 'etcd', 'job', 'kube-apiserver', 'kube-proxy', 'nginx']
const up = ['coredns', 'etcd', 'kube-apiserver', 'kube-proxy', 'nginx']
const system = ['coredns', 'etcd', 'kube-apiserver', 'kube-proxy']
const systemPods = ['coredns-5d78c9869d-abcde', 'etcd-cp1', 'kube-apiserver-cp1', 'kube-proxy-7k2xq']
const all = (names: string[], suffix = '') => names.map((name) => `$${name}${suffix}`)
const podNames = [
  'coredns-5d78c9869d-abcde',
  'etcd-cp1',
  'job-7xk2p',
  'kube-apiserver-cp1',
  'kube-proxy-7k2xq',
  'nginx-65899c769f-wv2gp',
  'old-1',
]
const wherever = (filter: object) => ['ListContainers', {filter}] as [string, object]
const wheresoever = (filter: object) => ['ListPodSandbox', {filter}] as [string, object]

const since = (version: string, method: string) => ({
  why: `it has ${method} since ${version}`,
  stdout: '',
  stderr: new RegExp(`does not implement ${method}, which needs containerd ${version}`),
  exitCode: 1,
})

export const sections: Record<string, [line: string, effect: Effect][]> = {
  'containers: ps': [
    ['crictl ps', {shows: all(up, '13'), call: wherever({state: {state: 'CONTAINER_RUNNING'}})}],
    ['crictl ps -a', {shows: all(everywhere, '13'), call: wherever({state: null})}],
    ['crictl ps --all', {shows: all(everywhere, '13')}],
    ['crictl ps -q', {shows: all(up)}],
    ['crictl ps --quiet', {shows: all(up)}],
    ['crictl ps -aq', {shows: all(everywhere)}],
    ['crictl ps -qa', {shows: all(everywhere)}],
    ['crictl ps -a -q', {shows: all(everywhere)}],
    ['crictl ps --name nginx', {shows: ['$nginx13']}],
    ['crictl ps --name=kube-apiserver -q', {stdout: '$kube-apiserver\n'}],
    ['crictl ps -a --name kube-apiserver -q', {stdout: '$kube-apiserver\n'}],
    ['crictl ps --name nosuch -q', {stdout: ''}],
    ["crictl ps --name '^etcd$' --state Running -q", {stdout: '$etcd\n'}],
    [
      'crictl ps -q --label io.kubernetes.container.name=etcd',
      {stdout: '$etcd\n', call: wherever({labelSelector: {'io.kubernetes.container.name': 'etcd'}})},
    ],
    ['crictl ps --label=io.kubernetes.pod.namespace=kube-system -q', {shows: all(system)}],
    ['crictl ps -q --label io.kubernetes.container.name=etcd --state Running', {stdout: '$etcd\n'}],
    ['crictl ps -a -q --label "io.kubernetes.pod.namespace=default"', {shows: all(['job', 'nginx'])}],
    [
      'crictl ps --label io.kubernetes.pod.namespace=default,io.kubernetes.container.name=nginx -q',
      {stdout: '$nginx\n'},
    ],
    ['crictl ps --state exited -q', {stdout: '$job\n', call: wherever({state: {state: 'CONTAINER_EXITED'}})}],
    ['crictl ps -a --state Exited -q', {stdout: '$job\n'}],
    ['crictl ps -s Running -q', {shows: all(up)}],
    ['crictl ps --state=running -q', {shows: all(up)}],
    [
      'crictl ps -p $nginx-65899c769f-wv2gp -q',
      {stdout: '$nginx\n', call: wherever({podSandboxId: '$nginx-65899c769f-wv2gp'})},
    ],
    ['crictl ps --pod $nginx-65899c769f-wv2gp13 -q', {stdout: '$nginx\n'}],
    ['crictl ps --pod=$etcd-cp1 --quiet', {stdout: '$etcd\n'}],
    ['crictl ps --id $nginx', {shows: ['$nginx13']}],
    ['crictl ps -id $nginx', {shows: ['$nginx13']}],
    ['crictl ps --namespace kube-system -q', {shows: all(system)}],
    [
      'crictl ps --image docker.io/library/busybox:latest -a -q',
      {shows: all(['etcd', 'job', 'kube-apiserver'])},
    ],
    ['crictl ps --latest -q', {stdout: /^\$[\w-]+\n$/}],
    ['crictl ps -l -q', {stdout: /^\$[\w-]+\n$/}],
    ['crictl ps -n 2 -q', {stdout: /^(\$[\w-]+\n){2}$/}],
    ['crictl ps --last 1 -q', {stdout: /^\$[\w-]+\n$/}],
    ['crictl ps -a --no-trunc', {shows: all(everywhere)}],
    ['crictl ps -v --name nginx', {stdout: /^ID: \$nginx\nPodID: \$nginx-65899c769f-wv2gp\n/}],
    ['crictl ps -o json', {stdout: /^\{\n {2}"containers": \[/, shows: all(up)}],
    ['crictl ps --output json --name nginx', {shows: ['$nginx']}],
    ['crictl ps -a -o=json', {shows: all(everywhere)}],
    ['crictl ps -o yaml --name nginx', {stdout: /^containers:\n- annotations:/}],
    [
      'crictl ps -a -o table',
      {stdout: /^CONTAINER +IMAGE +CREATED +STATE +NAME +ATTEMPT +POD ID +POD +NAMESPACE\n/},
    ],
    ['crictl ps -r --name nginx', {stdout: /registry\.crisp\.demo\/sleeper/}],
    ['crictl ps -o wrong', {exitCode: 2, stderr: /is not an output format/}],
  ],
  pods: [
    ['crictl pods', {shows: all(podNames, '13')}],
    ['crictl pods -q', {shows: all(podNames)}],
    ['crictl pods --name nginx-65899c769f-wv2gp', {shows: ['$nginx-65899c769f-wv2gp13']}],
    ['crictl pods --name etcd -q', {stdout: '$etcd-cp1\n'}],
    ["crictl pods --name='kube-apiserver|etcd' -q", {shows: all(['etcd-cp1', 'kube-apiserver-cp1'])}],
    [
      'crictl pods --label run=nginx',
      {shows: ['$nginx-65899c769f-wv2gp13'], call: wheresoever({labelSelector: {run: 'nginx'}})},
    ],
    [
      'crictl pods --label run=nginx --label app=web -q',
      {stdout: '$nginx-65899c769f-wv2gp\n', call: wheresoever({labelSelector: {run: 'nginx', app: 'web'}})},
    ],
    ['crictl pods --namespace kube-system -q', {shows: all(systemPods)}],
    ['crictl pods -q --namespace default --name nginx', {stdout: '$nginx-65899c769f-wv2gp\n'}],
    [
      'crictl pods --name=etcd --namespace=kube-system --quiet --state=ready',
      {stdout: '$etcd-cp1\n', call: wheresoever({state: {state: 'SANDBOX_READY'}})},
    ],
    [
      'crictl pods --state NotReady -q',
      {shows: all(['old-1']), call: wheresoever({state: {state: 'SANDBOX_NOTREADY'}})},
    ],
    ['crictl pods -s ready --name nginx -q', {stdout: '$nginx-65899c769f-wv2gp\n'}],
    ['crictl pods --id $etcd-cp1', {shows: ['$etcd-cp113']}],
    ['crictl pods --latest -q', {stdout: /^\$[\w-]+\n$/}],
    ['crictl pods -n 3 -q', {stdout: /^(\$[\w-]+\n){3}$/}],
    ['crictl pods --no-trunc', {shows: all(podNames)}],
    [
      'crictl pods -v --name etcd',
      {stdout: /^ID: \$etcd-cp1\nName: etcd-cp1\nUID: .+\nNamespace: kube-system\n/},
    ],
    ['crictl pods -o json', {shows: all(podNames)}],
    ['crictl pods --name nginx -o yaml', {stdout: /^items:\n- annotations:/}],
  ],
  images: [
    ['crictl images', {stdout: /^IMAGE +TAG +IMAGE ID +SIZE\n/, call: ['ListImages', {}]}],
    ['crictl img', {stdout: /^IMAGE +TAG +IMAGE ID +SIZE\n/}],
    ['crictl image', {stdout: /^IMAGE +TAG +IMAGE ID +SIZE\n/}],
    ['crictl images -q', {stdout: /^(sha256:[0-9a-f]{64}\n)+$/}],
    [
      'crictl images docker.io/library/busybox:latest',
      {
        stdout: /^IMAGE.*\n(docker\.io\/library\/busybox|registry\.crisp\.demo\/shell) .*\n/,
        call: ['ListImages', {filter: {image: {image: 'docker.io/library/busybox:latest'}}}],
      },
    ],
    ['crictl images --digests', {stdout: /^IMAGE +TAG +DIGEST +IMAGE ID +SIZE\n/}],
    ['crictl images --verbose', {stdout: /^ID: sha256:/}],
    ['crictl images --no-trunc', {stdout: / sha256:[0-9a-f]{64} /}],
    [
      'crictl images --pinned',
      {
        stdout: /SIZE +PINNED\n(.+\n)*.*pause.* true\n/,
        onContainerd: {why: 'it pins no image before 1.7', stdout: /SIZE +PINNED\n(.+ false\n)+$/},
      },
    ],
    ['crictl images -o json', {stdout: /^\{\n {2}"images": \[/}],
    ['crictl images -o yaml', {stdout: /^images:\n/}],
    [
      'crictl images --filter reference=busybox -q',
      {
        stdout: /^sha256:[0-9a-f]{64}\n$/,
        onContainerd: {why: 'the harness has a busybox of its own', stdout: /^(sha256:[0-9a-f]{64}\n)+$/},
      },
    ],
    ['crictl images -f dangling=true -v', {stdout: /^(?!.*RepoTags: )/s}],
    ['crictl images --filter dangling=false -q', {stdout: /^(sha256:[0-9a-f]{64}\n)+$/}],
    ['crictl imagefsinfo', {stdout: /"imageFilesystems"/, call: ['ImageFsInfo', {}]}],
    ['crictl imagefsinfo -o table', {stdout: /Image Filesystem /}],
    [
      'crictl inspecti docker.io/library/busybox:latest',
      {
        stdout: /"repoTags"/,
        call: ['ImageStatus', {image: {image: 'docker.io/library/busybox:latest'}, verbose: true}],
      },
    ],
    ['crictl inspecti busybox', {stdout: /"docker\.io\/library\/busybox:latest"/}],
    ['crictl inspecti -q docker.io/library/busybox:latest', {call: ['ImageStatus', {verbose: false}]}],
    ['crictl inspecti -o yaml docker.io/library/busybox:latest', {stdout: /^info:|^status:/m}],
    [
      'crictl inspecti --output go-template --template "{{index .status.repoTags 0}}" docker.io/library/busybox:latest',
      {stdout: /:/},
    ],
    ['crictl inspecti nosuch/image:1', {exitCode: 3, stderr: /no image "nosuch\/image:1"/}],
  ],
  inspect: [
    [
      'crictl inspect $nginx',
      {stdout: /^\{\n {2}"info": \{/, call: ['ContainerStatus', {containerId: '$nginx', verbose: true}]},
    ],
    ['crictl inspect $nginx13', {stdout: /"id": "\$nginx"/}],
    ['crictl inspect -o json $nginx', {stdout: /"pid": \d+/}],
    ['crictl inspect --output json $nginx', {stdout: /"state": "CONTAINER_RUNNING"/}],
    ['crictl inspect -o yaml $nginx', {stdout: /^ {2}state: CONTAINER_RUNNING$/m}],
    ['crictl inspect -o table $nginx', {stdout: /^ID: \$nginx\nName: nginx\n/}],
    [
      'crictl inspect -q $nginx',
      {stdout: /^\{\n {2}"status": \{/, call: ['ContainerStatus', {verbose: false}]},
    ],
    ['crictl inspect --output go-template --template {{.info.pid}} $nginx', {stdout: /^\d+\n$/}],
    ["crictl inspect --output go-template --template '{{.info.pid}}' $nginx", {stdout: /^\d+\n$/}],
    ["crictl inspect --template '{{.info.pid}}' -o go-template $nginx", {stdout: /^\d+\n$/}],
    ["crictl inspect -o go-template --template '{{.status.state}}' $nginx", {stdout: 'CONTAINER_RUNNING\n'}],
    ["crictl inspect -o go-template --template '{{.status.exitCode}}' $job", {stdout: '3\n'}],
    ["crictl inspect --output go-template --template '{{.status.logPath}}' $etcd", {stdout: /^\/.*\.log\n$/}],
    [
      "crictl inspect -o go-template --template='{{range .status.mounts}}{{.hostPath}}{{end}}' $nginx",
      {stdout: '\n'},
    ],
    [
      'crictl inspect -o go-template --template \'{{index .status.labels "io.kubernetes.pod.name"}}\' $nginx',
      {stdout: 'nginx-65899c769f-wv2gp\n'},
    ],
    [
      "crictl inspect -o go-template --template '{{json .status.metadata}}' $nginx",
      {stdout: '{"attempt":0,"name":"nginx"}\n\n'},
    ],
    ['crictl inspect $nginx $etcd', {stdout: /^\[\n {2}\{/}],
    ['crictl inspect --name nginx', {stdout: /"id": "\$nginx"/}],
    ['crictl inspect nosuch', {exitCode: 3, stderr: /no container "nosuch"/}],
    [
      'crictl inspectp $nginx-65899c769f-wv2gp',
      {
        stdout: /"state": "SANDBOX_READY"/,
        call: ['PodSandboxStatus', {podSandboxId: '$nginx-65899c769f-wv2gp', verbose: true}],
      },
    ],
    [
      'crictl inspectp --output table $nginx-65899c769f-wv2gp',
      {stdout: /^ID: \$nginx-65899c769f-wv2gp\nName: nginx-65899c769f-wv2gp\n/},
    ],
    [
      'crictl inspectp -o json -q $etcd-cp1',
      {stdout: /"name": "etcd-cp1"/, call: ['PodSandboxStatus', {verbose: false}]},
    ],
    [
      "crictl inspectp --output go-template --template '{{.status.network.ip}}' $nginx-65899c769f-wv2gp",
      {stdout: /^\S+\n$/},
    ],
    [
      "crictl inspectp -o go-template --template '{{.status.metadata.namespace}}' $etcd-cp1",
      {stdout: 'kube-system\n'},
    ],
    ['crictl inspectp --name etcd -q', {stdout: /"name": "etcd-cp1"/}],
  ],
  'the runtime': [
    [
      'crictl version',
      {stdout: /^Version: {2}\S+\nRuntimeName: {2}\S+\nRuntimeVersion: {2}\S+\nRuntimeApiVersion: {2}v1\n$/},
    ],
    ['crictl info', {stdout: /"RuntimeReady"/, call: ['Status', {verbose: true}]}],
    ['crictl info -o json', {stdout: /^\{/}],
    ['crictl info --output yaml', {stdout: /^status:$/m}],
    ['crictl info -q', {call: ['Status', {verbose: false}]}],
    [
      "crictl info -o go-template --template '{{range .status.conditions}}{{.type}}={{.status}} {{end}}'",
      {stdout: /^RuntimeReady=true NetworkReady=true /},
    ],
    [
      'crictl runtime-config',
      {
        stdout: /^cgroup driver: {3}(SYSTEMD|CGROUPFS)\n$/,
        call: ['RuntimeConfig', {}],
        onContainerd: since('2.0', 'RuntimeConfig'),
      },
    ],
    ['crictl stats -o json', {stdout: /^\{\n {2}"stats": \[/, call: ['ListContainerStats', {}]}],
    ['crictl stats -a -o json', {shows: all(everywhere)}],
    [
      'crictl stats --id $nginx -o json',
      {shows: ['$nginx'], call: ['ListContainerStats', {filter: {id: '$nginx'}}]},
    ],
    ['crictl stats $nginx13 -o json', {shows: ['$nginx']}],
    [
      'crictl stats -p $etcd-cp1 -o json',
      {shows: ['$etcd'], call: ['ListContainerStats', {filter: {podSandboxId: '$etcd-cp1'}}]},
    ],
    [
      'crictl stats --label io.kubernetes.container.name=coredns --output yaml',
      {stdout: /^stats:\n- attributes:/},
    ],
    ['crictl stats', {stdout: /^CONTAINER +NAME +CPU % +MEM +DISK +INODES +SWAP\n/}],
    ['crictl statsp', {stdout: /^POD +POD ID +CPU % +MEM\n/}],
    ['crictl statsp -o json', {stdout: /"stats": \[/, call: ['ListPodSandboxStats', {}]}],
    ['crictl statsp --id $etcd-cp1 --output json', {shows: ['$etcd-cp1']}],
    [
      'crictl metricdescs',
      {stdout: /^\{\n {2}"descriptors": \[/, onContainerd: since('2.2', 'ListMetricDescriptors')},
    ],
    [
      'crictl metricsp -o json',
      {stdout: /^\{\n {2}"podMetrics": \[/, onContainerd: since('2.2', 'ListPodSandboxMetrics')},
    ],
  ],
  logs: [
    ['crictl logs $etcd', {stdout: 'first\nsecond\nlast\n'}],
    ['crictl logs $etcd13', {stdout: 'first\nsecond\nlast\n'}],
    ['crictl logs --tail=1 $etcd', {stdout: 'last\n'}],
    ['crictl logs --tail 1 $etcd', {stdout: 'last\n'}],
    ['crictl logs --tail=20 $etcd', {stdout: 'first\nsecond\nlast\n'}],
    ['crictl logs --since=1h $etcd', {stdout: 'first\nsecond\nlast\n'}],
    ['crictl logs -t --tail 1 $etcd', {stdout: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\S+ last\n$/}],
    ['crictl logs --timestamps --tail=1 $etcd', {stdout: /^\d{4}-\S+ last\n$/}],
    ['crictl logs -s stderr $kube-apiserver', {stdout: '', stderr: /^wrong\n$/}],
    ['crictl logs $etcd --tail 1', {stdout: 'last\n'}],
    ['crictl logs nosuch', {exitCode: 3, stderr: /no (container|pod).*nosuch/}],
  ],
  'what goes on until Ctrl-C': [
    ['crictl logs -f $etcd', {until: /last/, stdout: 'first\nsecond\nlast\n'}],
    ['crictl logs --follow --tail 1 $etcd', {until: /last/, stdout: 'last\n'}],
    ['crictl logs -f --tail=2 $kube-proxy', {until: /(tick\n){4}/}],
    [
      'crictl attach $kube-proxy',
      {until: /tick/, call: ['Attach', {containerId: '$kube-proxy', stdout: true, stdin: false, tty: false}]},
    ],
    ['crictl stats --watch -o json', {until: /\n/, stdout: /^\{"stats":\[/}],
  ],
  exec: [
    [
      'crictl exec $etcd ls /',
      {
        stdout: /^\S/,
        call: [
          'Exec',
          {containerId: '$etcd', cmd: ['ls', '/'], stdout: true, stderr: true, tty: false, stdin: false},
        ],
      },
    ],
    [
      'crictl exec -i $etcd sh -c "echo hello"',
      {stdout: 'hello\n', call: ['Exec', {cmd: ['sh', '-c', 'echo hello'], stdin: true}]},
    ],
    [
      'crictl exec --sync $etcd sh -c "echo hello world"',
      {stdout: /^hello world\n/, call: ['ExecSync', {cmd: ['sh', '-c', 'echo hello world'], timeout: '0'}]},
    ],
    ['crictl exec -s --timeout 5 $etcd echo hi', {stdout: /^hi\n/, call: ['ExecSync', {timeout: '5'}]}],
    ['crictl exec $etcd ls -la /', {stdout: /total/, call: ['Exec', {cmd: ['ls', '-la', '/']}]}],
    ['crictl exec -i=false $etcd echo -n --help', {stdout: '--help', call: ['Exec', {stdin: false}]}],
    ['crictl exec --transport websocket $etcd echo over', {stdout: 'over\n'}],
    ['crictl exec -r spdy $etcd echo over', {stdout: 'over\n'}],
    ['crictl exec --name etcd -q echo one', {stdout: 'one\n'}],
    ['crictl exec nosuch ls', {exitCode: 125, stderr: /nosuch/}],
  ],
  'global flags, help and completion': [
    ['crictl --runtime-endpoint $ENDPOINT ps -q', {shows: all(up)}],
    ['crictl --runtime-endpoint=$ENDPOINT --image-endpoint=$ENDPOINT images -q', {stdout: /^sha256:/}],
    ['crictl -r $ENDPOINT version', {stdout: /^Version: /}],
    ['crictl -r $ENDPOINT -i $ENDPOINT images -q', {stdout: /^sha256:/}],
    ['crictl -runtime-endpoint $ENDPOINT ps -q', {shows: all(up)}],
    ['crictl --timeout 10s pods -q', {shows: all(podNames)}],
    ['crictl --timeout=2m pods -q', {shows: all(podNames)}],
    ['crictl -t 30s ps -q', {shows: all(up)}],
    ['crictl --max-retries 0 ps -q', {shows: all(up)}],
    ['crictl --config $DIR/crictl.yaml ps -q', {shows: all(up)}],
    ['crictl -c $DIR/crictl.yaml ps -q', {shows: all(up)}],
    ['crictl --config=$DIR/crictl.yaml config --get timeout', {stdout: '10\n'}],
    ['crictl --config=$DIR/crictl.yaml config --get runtime-endpoint', {stdout: /^unix:\/\/\//}],
    ['crictl --config $DIR/crictl.yaml config --list', {stdout: /^KEY +VALUE\nruntime-endpoint +unix:/}],
    ['crictl --debug ps -q', {shows: all(up), stderr: /ListContainers/}],
    ['crictl -D ps -q', {shows: all(up), stderr: /ListContainers/}],
    ['crictl --version', {stdout: /^crisp version \S+\n$/}],
    ['crictl -v', {stdout: /^crisp version \S+\n$/}],
    ['crictl', {stdout: /^crisp - client for CRI/}],
    ['crictl help', {stdout: /^crisp - client for CRI/}],
    ['crictl h', {stdout: /^crisp - client for CRI/}],
    ['crictl -h', {stdout: /^crisp - client for CRI/}],
    ['crictl --help', {stdout: /^crisp - client for CRI/}],
    ['crictl help ps', {stdout: /^List containers(.*\n)+USAGE\n {2}crisp ps /}],
    ['crictl ps --help', {stdout: /USAGE\n {2}crisp ps /}],
    ['crictl ps -h', {stdout: /USAGE\n {2}crisp ps /}],
    ['crictl ps help', {stdout: /USAGE\n {2}crisp ps /}],
    ['crictl rmi help', {stdout: /USAGE\n {2}crisp rmi /}],
    ['crictl pull h', {stdout: /USAGE\n {2}crisp pull /}],
    ['crictl pull -h', {stdout: /USAGE\n {2}crisp pull /}],
    ['crictl --invalid', {exitCode: 2, stderr: /unknown flag --invalid/}],
    ['crictl nosuch', {exitCode: 2, stderr: /unknown command "nosuch"/}],
    ['crictl completion', {stdout: /bash/}],
    ['crictl completion bash', {stdout: /complete /}],
    ['crictl completion zsh', {stdout: /compdef/}],
    ['crictl completion fish', {stdout: /^complete /m}],
    ['crictl runp jsonschema', {stdout: /"PodSandboxConfig"/}],
    ['crictl create js --container', {stdout: /"ContainerConfig"/}],
    ['crictl pull jsonschema', {stdout: /"PodSandboxConfig"/}],
    ['crictl --profile-cpu $DIR/cpu.prof ps -q', {shows: all(up)}],
  ],
}
