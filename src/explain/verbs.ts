// Which calls each verb makes, in their order, and why. A test runs every verb and compares.

export interface VerbCall {
  /** As in the proto; nothing where the step is no call. */
  method?: string
  why: string
  /** Where it is not always made. */
  when?: string
}

const unlessId = 'unless its whole ID is given'
const names: VerbCall[] = [
  {
    method: 'ListContainers',
    why: 'to find the container by its name, or the beginning of its ID',
    when: unlessId,
  },
  {
    method: 'ListPodSandbox',
    why: 'to know the pods, whose names may stand before that of the container',
    when: unlessId,
  },
]
const pods: VerbCall[] = [
  {
    method: 'ListPodSandbox',
    why: 'to find the pod by its name, or the beginning of its ID',
    when: unlessId,
  },
]
/** Of verbs that look at the node before they know what a word means. */
const node: VerbCall[] = [
  {method: 'ListContainers', why: 'to have the containers, and to know which of them is meant'},
  {method: 'ListPodSandbox', why: 'for the names of the pods that they are in'},
]
const runPod: VerbCall = {
  method: 'RunPodSandbox',
  why: 'to make the pod: its namespaces, its network, its pause container',
}
const create: VerbCall = {
  method: 'CreateContainer',
  why: "to make the container's file system and settings inside the pod; nothing runs yet",
}
const start: VerbCall = {
  method: 'StartContainer',
  why: 'to start its process, which was only prepared until now',
}
const isHere: VerbCall = {method: 'ImageStatus', why: 'to see whether the image is there'}
const pullMissing: VerbCall = {
  method: 'PullImage',
  why: 'to fetch it: CreateContainer fetches nothing',
  when: 'where it is not',
}
/** By a runtime's name crisp knows where it does a call in a way of its own. */
const whose = (why: string, when?: string): VerbCall => ({
  method: 'Version',
  why,
  ...(when === undefined ? {} : {when}),
})
/** Of verbs that make things. */
const kubelet: VerbCall[] = [
  {
    method: 'ListPodSandbox',
    why: 'to say so where a kubelet runs this node: it removes what it does not know',
    when: 'unless -q is given',
  },
  whose('to leave that out where the kubelet is that of a demo', 'where there are pods of a kubelet'),
]
/** Of verbs that remove things. */
const madeAgain: VerbCall[] = [
  whose(
    'to know whether the kubelet that makes it again is that of a demo',
    'where it is of a kubelet, unless -q is given',
  ),
  {
    method: 'Status',
    why: 'to know whether that demo has a kubelet, with verbose',
    when: 'where it is of a kubelet, on a demo',
  },
]
const gone: VerbCall = whose(
  'to know whether that is how CRI-O says that it is not there',
  'where a call fails with Unknown',
)
/** Of a container that cannot be made. */
const missing: VerbCall[] = [
  gone,
  {
    method: 'PodSandboxStatus',
    why: 'to ask once more whether the pod is there',
    when: 'where a call fails with Unknown, on CRI-O',
  },
  {
    method: 'ImageStatus',
    why: 'to ask the same of the image',
    when: 'where a call fails with Unknown, on CRI-O',
  },
]
/** Of a session whose call fails. */
const whyNot: VerbCall[] = [
  {
    method: 'ContainerStatus',
    why: 'to say what has become of it',
    when: 'where the call fails',
  },
  gone,
]
const monitor: VerbCall = whose(
  "to know whether it is one of CRI-O's that speaks WebSocket alone",
  'where the address ends with a UUID',
)
const stream: VerbCall[] = [
  monitor,
  {why: 'a connection to the address that came: SPDY, or WebSocket, carries stdin, stdout and stderr'},
]
/** Of a pod that may still have running containers. */
const stopFirst = (when: string): VerbCall[] => [
  whose('to know whether a pod that is stopped kills its containers at once', when),
  {method: 'ListContainers', why: 'for those that it gives minutes', when: `${when}, on CRI-O`},
  {method: 'StopContainer', why: 'to kill each of them at once', when: `${when}, on CRI-O`},
]
/** Which program of the node does what no call does. */
const tool: VerbCall[] = [
  whose("to know whose tool it takes: containerd's ctr or nerdctl, CRI-O's podman"),
  {method: 'ImageFsInfo', why: 'for where the images are that podman has to look at', when: 'on CRI-O'},
]
const untilChanged = (when: string): VerbCall[] => [
  whose('to know whether the runtime tells its events to every client', when),
  {method: 'GetContainerEvents', why: 'to look again as soon as something has happened', when},
]

export const verbCalls: Readonly<Record<string, readonly VerbCall[]>> = {
  run: [
    {
      method: 'ListPodSandbox',
      why: 'to see that no other pod has this name, or to find the one that is named',
      when: 'with --name, --pod',
    },
    {
      method: 'RuntimeConfig',
      why: "to learn how the runtime names control groups, for the pod's parent",
      when: 'where it makes a pod from flags',
    },
    {
      method: 'Status',
      why: 'to find that in its settings instead, with verbose',
      when: 'where it makes a pod from flags, on a runtime without RuntimeConfig',
    },
    {...isHere, when: 'unless it is pulled in any case'},
    pullMissing,
    {
      method: 'ImageFsInfo',
      why: 'to show how much has come while it is pulled',
      when: 'on a terminal, where it pulls',
    },
    {...runPod, when: 'without --pod'},
    create,
    ...missing,
    start,
    ...kubelet,
    {
      method: 'ContainerStatus',
      why: 'to learn where its log is, and its exit code, which becomes that of crisp',
      when: 'in the foreground',
    },
    {method: 'Attach', why: 'to join stdin or the terminal to it', when: 'with -i or -t'},
    monitor,
    {
      method: 'PodSandboxStatus',
      why: 'to see that what is taken away is what was made',
      when: 'with --rm',
    },
    ...stopFirst('with --rm'),
    {method: 'StopPodSandbox', why: 'to end what is in the pod and give its network back', when: 'with --rm'},
    {method: 'RemovePodSandbox', why: 'to take away the pod and its containers', when: 'with --rm'},
  ],
  runp: [runPod, ...kubelet],
  create: [
    ...pods,
    {
      method: 'PodSandboxStatus',
      why: "for the pod's own settings, which runtimes want to see again",
      when: "without the pod's file",
    },
    {
      method: 'PullImage',
      why: 'to fetch the image first, also one that the node has',
      when: 'with --with-pull',
    },
    {
      method: 'ImageFsInfo',
      why: 'to show how much has come meanwhile',
      when: 'with --with-pull on a terminal',
    },
    create,
    ...missing,
    ...kubelet,
  ],
  start: [
    ...names,
    {method: 'StartContainer', why: 'to start the process of a container that was created'},
    {
      method: 'ContainerStatus',
      why: 'to see whether it has started, or why it was refused',
      when: 'with --wait, or where it fails',
    },
    ...untilChanged('with --wait, where that takes a while'),
  ],
  restart: [
    ...node,
    {
      method: 'Status',
      why: 'to know whether the embedded runtime has a kubelet',
      when: "where it is a kubelet's",
    },
    {
      method: 'ContainerStatus',
      why: 'to learn from the runtime what it was made with, and at the end that the new one runs',
    },
    {
      method: 'ImageStatus',
      why: 'to see that it gets the image that it had',
      when: "unless it is a kubelet's",
    },
    {
      method: 'PodSandboxStatus',
      why: 'for the name, labels and log folder of the pod, which making a container takes',
      when: "unless it is a kubelet's",
    },
    {...create, when: "unless it is a kubelet's"},
    {method: 'StopContainer', why: 'to end the old one; a kubelet then makes the next attempt'},
    {...start, when: "unless it is a kubelet's"},
    whose('to know whether the runtime tells its events to every client'),
    {
      method: 'GetContainerEvents',
      why: 'to look again as soon as something has happened: the new one may end at once',
    },
    {
      method: 'RemoveContainer',
      why: 'to take away the old one when the new one runs',
      when: "unless it is a kubelet's",
    },
  ],
  stop: [
    {
      method: 'ListContainers',
      why: 'to find the container, and to say so where the kubelet makes it again',
    },
    {method: 'ListPodSandbox', why: 'for the pods, by whose marks the kubelet is known'},
    ...madeAgain,
    {method: 'StopContainer', why: 'to send its stop signal, and after the time for a good end SIGKILL'},
    {method: 'ContainerStatus', why: 'to see whether it has ended', when: 'with --wait'},
    ...untilChanged('with --wait, where that takes a while'),
  ],
  stopp: [
    {method: 'ListPodSandbox', why: 'to find the pod, and to say so where the kubelet makes it again'},
    {method: 'ListContainers', why: 'for the containers, by whose marks the kubelet is known'},
    ...madeAgain,
    whose('to know whether a pod that is stopped kills its containers at once, or has to be helped'),
    {method: 'ListContainers', why: 'for those that it gives minutes', when: 'on CRI-O'},
    {method: 'StopContainer', why: 'to kill each of them at once', when: 'on CRI-O'},
    {method: 'StopPodSandbox', why: 'to end the containers of the pod and give its network back'},
    {method: 'PodSandboxStatus', why: 'to see whether it has ended', when: 'with --wait'},
    ...untilChanged('with --wait, where that takes a while'),
  ],
  rm: [
    {
      method: 'ListContainers',
      why: 'to find the container, and to say so where the kubelet makes it again',
    },
    {method: 'ListPodSandbox', why: 'for the pods, by whose marks the kubelet is known'},
    ...madeAgain,
    {
      method: 'ContainerStatus',
      why: 'to see that it does not run: RemoveContainer would kill it; and where its log is, which goes too',
    },
    {method: 'StopContainer', why: 'to end it first', when: 'with --force, if it runs'},
    {method: 'RemoveContainer', why: 'to take away its file system and its record'},
  ],
  rmp: [
    {method: 'ListPodSandbox', why: 'to find the pod, and to say so where the kubelet makes it again'},
    {method: 'ListContainers', why: 'for the containers, by whose marks the kubelet is known'},
    ...madeAgain,
    {method: 'PodSandboxStatus', why: 'to see that it is stopped: RemovePodSandbox would kill what runs'},
    ...stopFirst('with --force, if it runs'),
    {method: 'StopPodSandbox', why: 'to end what is in it', when: 'with --force, if it runs'},
    {method: 'RemovePodSandbox', why: 'to take away the pod and all of its containers'},
  ],
  pull: [
    {
      method: 'PullImage',
      why: 'to have the runtime fetch and unpack the image; crisp fetches nothing itself',
    },
    {
      method: 'ImageFsInfo',
      why: 'to show how much has come meanwhile: the file system of the images grows',
      when: 'on a terminal',
    },
  ],
  rmi: [
    whose('to know whether a tag goes alone, or with all others of its image'),
    {method: 'ListImages', why: 'to choose among all images', when: 'with --all, --prune, --filter'},
    {method: 'ListContainers', why: 'to know which images are in use', when: 'with --prune'},
    {method: 'Status', why: 'to leave the image of the pause container alone', when: 'with --prune'},
    {method: 'ImageStatus', why: 'to find the image by its name, ID or digest', when: 'where it is named'},
    {method: 'ContainerStatus', why: 'to leave images alone that are mounted', when: 'with --prune'},
    {
      method: 'RemoveImage',
      why: 'to take the name away; the image goes with its last name',
      when: 'unless --dry-run only lists',
    },
  ],
  load: [
    ...tool,
    {
      method: 'Status',
      why: 'for how containerd unpacks images, which its tool has to be told',
      when: 'on containerd',
    },
    {why: "the runtime's own tool reads the archive: the CRI has no call for it"},
    {method: 'ImageStatus', why: 'until the runtime shows what was loaded'},
  ],
  save: [
    ...tool,
    {method: 'ImageStatus', why: 'to find the image by its name, ID or digest'},
    {why: "the runtime's own tool writes the archive: the CRI has no call for it"},
  ],
  tag: [
    ...tool,
    {method: 'ImageStatus', why: 'to find the image, and whether another one has the name'},
    {why: "the runtime's own tool gives the name: the CRI has no call for it"},
    {method: 'ImageStatus', why: 'until the runtime shows the name'},
  ],
  untag: [
    ...tool,
    {method: 'ImageStatus', why: 'to find the image and its names'},
    {
      method: 'RemoveImage',
      why: 'to take the name away; of containerd its tool does it',
      when: 'where that takes the name alone',
    },
    {method: 'ImageStatus', why: 'until the runtime shows the name no more'},
  ],
  push: [
    ...tool,
    {method: 'ImageStatus', why: 'to find the image by its name, ID or digest'},
    {why: "the runtime's own tool sends it to the registry: the CRI has no call for it"},
  ],
  images: [{method: 'ListImages', why: 'to have all images with their names and sizes'}],
  imagefsinfo: [
    {method: 'ImageFsInfo', why: 'to learn which file system holds the images, and what they take of it'},
  ],
  inspecti: [
    {method: 'ImageStatus', why: 'for all that is known of the image; with verbose also its configuration'},
  ],
  ps: [
    {method: 'ListContainers', why: 'to have the containers, with the filters that the runtime knows'},
    {
      method: 'ContainerStatus',
      why: 'for the exit codes, which no list has',
      when: 'with --failed, -o wide and on a terminal',
    },
    {
      method: 'ListPodSandbox',
      why: 'for the names and namespaces of their pods',
      when: 'where they are shown',
    },
    {
      method: 'ListImages',
      why: 'for names of images instead of their IDs',
      when: 'with --resolve-image-path',
    },
  ],
  pods: [
    {method: 'ListPodSandbox', why: 'to have the pods, with the filters that the runtime knows'},
    {
      method: 'ListContainers',
      why: 'for what is in them, or has failed in them',
      when: 'with --failed, -o tree',
    },
    {method: 'ContainerStatus', why: 'for the exit codes', when: 'with --failed'},
    {method: 'PodSandboxStatus', why: 'for their addresses', when: 'with -o wide'},
  ],
  inspect: [
    ...names,
    {
      method: 'ContainerStatus',
      why: "for all that is known of it; with verbose also the runtime's own words",
    },
  ],
  inspectp: [
    ...pods,
    {
      method: 'PodSandboxStatus',
      why: "for its state, addresses and namespaces; with verbose also the runtime's own words",
    },
  ],
  describe: [
    ...node,
    {method: 'ContainerStatus', why: 'for state, exit code, reason and mounts'},
    {method: 'PodSandboxStatus', why: 'for the pod around it: state, addresses, attempt'},
    {method: 'ContainerStats', why: 'for what it uses', when: 'while it runs'},
    {why: 'the end of its log file is read from the disk: the CRI has no call for logs'},
  ],
  timeline: [
    ...node,
    whose('to know whether it writes to the journal of this node', 'unless --no-journal is given'),
    {method: 'ContainerStatus', why: 'for the times: created, started, ended; a list has only the first'},
    {
      why: 'log files are read from the disk: they tell of attempts that the runtime has forgotten; the journal by journalctl',
    },
  ],
  logs: [
    ...names,
    {
      method: 'ReopenContainerLog',
      why: 'to have the runtime begin a new file',
      when: 'with --reopen',
    },
    {method: 'ContainerStatus', why: 'to learn where its log file is'},
    {why: 'the files are read from the disk: the CRI has no call for logs'},
  ],
  exec: [
    ...names,
    whose('to know whether it has an OCI runtime at all', 'with --user'),
    {
      method: 'ContainerStatus',
      why: "to learn from the runtime's words which OCI runtime has the container, and where",
      when: 'with --user',
    },
    {
      method: 'Exec',
      why: 'to get an address at which the command can be reached, once and for a minute',
      when: 'unless --sync is given',
    },
    ...stream,
    {
      method: 'ExecSync',
      why: 'to run it in one call instead, whose answer is all of its output',
      when: 'with --sync',
    },
    whose(
      'to know whether the runtime ended its stdin early, or says so that it was not started',
      'where input was left, or it ended with 255',
    ),
    ...whyNot,
  ],
  attach: [
    ...names,
    {method: 'Attach', why: "to get an address at which the container's own process can be reached"},
    ...stream,
    {method: 'ContainerStatus', why: 'to learn whether it has ended, and how', when: 'unless it is left'},
    gone,
  ],
  cp: [
    ...names,
    {
      method: 'ContainerStatus',
      why: 'to find its files on this node, by its process',
      when: 'where it has no tar',
    },
    {method: 'Exec', why: 'to run tar in the container', when: 'where it has one'},
    ...stream,
  ],
  debug: [
    whose('to refuse the runtime that is embedded in crisp: it makes no namespaces to share'),
    ...node,
    {method: 'PodSandboxStatus', why: "for the pod's own settings: the toolbox goes into the same pod"},
    {method: 'ImageStatus', why: "to see whether the toolbox's image is there"},
    pullMissing,
    {...create, why: "to make the toolbox, with the container's namespaces"},
    start,
    {
      method: 'ContainerStatus',
      why: 'to learn when it has ended, and its exit code, which becomes that of crisp',
    },
    {method: 'Attach', why: 'to join stdin or the terminal to it', when: 'with -i or -t'},
    {method: 'StopContainer', why: 'to end the toolbox', when: 'where it still runs'},
    {method: 'RemoveContainer', why: 'to take it away again'},
  ],
  enter: [
    whose('to refuse the runtime that is embedded in crisp: it makes no namespaces to enter'),
    ...node,
    {
      method: 'ContainerStatus',
      why: "for the number of the container's first process",
      when: 'where no control group tells it',
    },
    {why: "nsenter, a program of the node, enters that process's namespaces: no call does"},
  ],
  'port-forward': [
    ...pods,
    {method: 'PodSandboxStatus', why: 'to see that the pod still runs'},
    {
      method: 'PortForward',
      why: 'to get an address for one connection',
      when: 'for each connection that comes',
    },
    monitor,
    {why: 'a connection to that address, mostly SPDY, carries the bytes to the port in the pod'},
  ],
  events: [
    whose('to know whether the runtime tells its events to every client, or each only to one'),
    {
      method: 'GetContainerEvents',
      why: 'to be told of each creation, start, end and removal, until it is left',
    },
    {
      method: 'ListContainers',
      why: 'for the names of what events are about, and to see what changes while nobody listens',
    },
    {
      method: 'ListPodSandbox',
      why: 'for the names of the pods that they are in, and for those that come and go',
    },
  ],
  stats: [
    {
      method: 'ListContainerStats',
      why: 'for what all containers use at this moment: two samples make a rate',
    },
    {method: 'ListContainers', why: 'for which of them are shown', when: 'with -o wide'},
    {method: 'ListPodSandbox', why: 'for the names of their pods', when: 'with -o wide'},
    {method: 'ContainerStatus', why: 'for their limits', when: 'with -o wide'},
  ],
  statsp: [
    {
      method: 'ListPodSandboxStats',
      why: 'for what all pods use, with network and processes: two samples make a rate',
    },
  ],
  top: [
    {method: 'ImageFsInfo', why: 'for what the images take of their disk'},
    whose('to say in the title who the runtime is'),
    {method: 'Status', why: 'to say there whether the runtime and its network are ready'},
    {method: 'ListPodSandbox', why: 'for the pods, again with every few samples'},
    {method: 'ListContainers', why: 'for the containers, again with every few samples'},
    {method: 'ListContainerStats', why: 'for what they use: two samples make a rate'},
    {method: 'ContainerStatus', why: 'for the limits of those that are shown'},
  ],
  metricsp: [
    {method: 'ListPodSandboxMetrics', why: 'for the metrics that cAdvisor has for a kubelet'},
    {
      method: 'ListMetricDescriptors',
      why: 'for what each metric means',
      when: 'with -o prometheus',
    },
  ],
  metricdescs: [
    {method: 'ListMetricDescriptors', why: 'to learn which metrics there are, and what their labels mean'},
  ],
  info: [
    {method: 'Status', why: "for the runtime's conditions; with verbose also its settings"},
    whose('to say whose they are', 'with -o table'),
    {method: 'RuntimeConfig', why: 'for the cgroup driver', when: 'with -o table'},
  ],
  version: [whose('to learn who answers, and in which version of the CRI')],
  'runtime-config': [{method: 'RuntimeConfig', why: 'to learn which cgroup driver the kubelet has to use'}],
  'update-runtime-config': [
    {method: 'UpdateRuntimeConfig', why: "to hand on the cluster's address range for pods"},
  ],
  update: [
    ...names,
    {method: 'UpdateContainerResources', why: 'to change the limits of a container while it runs'},
    gone,
    {
      method: 'ContainerStatus',
      why: 'to ask once more whether it is there',
      when: 'where a call fails with Unknown, on CRI-O',
    },
  ],
  checkpoint: [
    ...names,
    {method: 'CheckpointContainer', why: 'to freeze its process with CRIU and write all of it to a file'},
  ],
  wait: [
    ...names,
    {method: 'ContainerStatus', why: 'to see whether it is as it should be', when: 'unless for a pod'},
    {method: 'PodSandboxStatus', why: 'to see whether it is ready', when: 'with --for=ready'},
    ...untilChanged('where it has to wait'),
    {method: 'Status', why: 'to see whether runtime and network are ready', when: 'with --for=runtime'},
  ],
  which: [
    {method: 'ListContainers', why: 'for all that the process, port or path may belong to'},
    {method: 'ContainerStatus', why: "for the container's process, in the runtime's own words"},
    {method: 'ListPodSandbox', why: 'for the pods, and their processes'},
  ],
  processes: [
    ...node,
    {
      method: 'ContainerStatus',
      why: "for the container's first process, in the runtime's own words",
      when: 'where no control group tells it',
    },
    {why: "the processes are read from the kernel's /proc: the CRI has no call for them"},
  ],
  sockets: [
    ...node,
    {
      method: 'ContainerStatus',
      why: 'for a process in the network of the pod',
      when: 'where no control group tells it',
    },
    {why: "the sockets are read from the kernel's /proc: the CRI has no call for them"},
  ],
  df: [
    {method: 'ListContainers', why: 'for the containers, and which image each has'},
    {method: 'ListPodSandbox', why: 'for the names of the pods, and what each of them takes'},
    {method: 'ListImages', why: 'for the images and their sizes'},
    {method: 'Status', why: "for the directory of the runtime's own files, with verbose"},
    {method: 'ContainerStatus', why: 'for the log files, and the images that are mounted'},
    {method: 'ImageFsInfo', why: 'for the directory and file system that they are stored in'},
    {method: 'ListContainerStats', why: 'for the sizes of the writable layers'},
    {why: "layers and logs are measured on the node's disk, which no call does"},
  ],
  doctor: [
    whose('to see whether a runtime answers, which it is, and what its version lacks'),
    {method: 'Status', why: 'for its conditions and settings: network, cgroup driver'},
    {method: 'ListPodSandbox', why: 'for pods that are stuck or left over'},
    {method: 'ListContainers', why: 'for containers that crash, and those that nobody owns'},
    {method: 'ListImages', why: 'for images that nobody uses'},
    {method: 'ImageFsInfo', why: 'for a disk that gets full'},
    {
      method: 'ListContainerStats',
      why: 'for who uses most of it',
      when: 'where disk, CPU or memory are short',
    },
    {method: 'PodSandboxStatus', why: "for the pods' addresses and what is wrong with them"},
    {method: 'ContainerStatus', why: 'for exit codes and reasons'},
    {method: 'ImageStatus', why: 'to see whether the image of the pause container is there'},
    {why: 'much of what it checks is on the node: sockets, files, processes, the kernel'},
  ],
  report: [
    whose('to write down which runtime it is'),
    {method: 'Status', why: 'for its conditions and settings'},
    {method: 'RuntimeConfig', why: 'for its cgroup driver'},
    {method: 'ListPodSandbox', why: 'to list the pods with state and attempt'},
    {method: 'ListContainers', why: 'to list the containers with state and attempt'},
    {method: 'ListImages', why: 'to list the images with names and sizes'},
    {method: 'ImageFsInfo', why: 'for the disk that holds them'},
    {method: 'ListContainerStats', why: 'for what the containers use'},
    {method: 'ListPodSandboxMetrics', why: 'for what a kubelet is told of the pods'},
    {method: 'GetContainerEvents', why: 'for what happens while it is made'},
    {method: 'PodSandboxStatus', why: 'for addresses, namespaces and conditions of each pod'},
    {method: 'ContainerStatus', why: 'for exit code, reason and times of each container'},
    {method: 'ImageStatus', why: 'for the image of the pause container, as doctor looks for it'},
    {why: 'files, processes and logs of the node are read as they are: no call has them'},
  ],
  call: [{why: 'the one call that is named, with the request that is given'}],
  completion: [
    {
      why: 'none: it prints what a shell needs to complete command lines. For the names of things that shell then has crisp make the lists, at each Tab',
    },
  ],
  config: [{why: "none: it shows and changes the file with crisp's own settings"}],
  demo: [{why: 'none: it is the other side, a runtime that answers calls'}],
  explain: [{why: 'none: what it tells is inside crisp'}],
  init: [
    {
      method: 'RuntimeConfig',
      why: 'so that the file suits the control groups of this node',
      when: 'where a runtime answers',
    },
    {
      method: 'Status',
      why: 'to find that in its settings instead, with verbose',
      when: 'on a runtime without RuntimeConfig',
    },
  ],
  tour: [{why: 'those of the commands that are typed, to a runtime of its own'}],
  jsonschema: [{why: 'none: schemas are made of the API itself'}],
  node: [
    {
      why: "none: it keeps the list of other nodes. With --node crisp runs over ssh there, and that crisp makes its verb's calls to the node's own runtime",
    },
  ],
}

/** Why a verb makes a call, for whoever names it elsewhere. */
export function whyCalled(verb: string, method: string): string {
  return verbCalls[verb]?.find((call) => call.method === method)?.why ?? ''
}
