// Which calls each verb makes, in their order, and why.

export interface VerbCall {
  /** As in the proto; nothing where the step is no call. */
  method?: string
  why: string
  /** Where it is not always made. */
  when?: string
}

const names: VerbCall[] = [
  {method: 'ListContainers', why: 'to find the container by its name, or the beginning of its ID'},
  {method: 'ListPodSandbox', why: 'to know the pods, whose names may stand before that of the container'},
]
const pods: VerbCall[] = [
  {method: 'ListPodSandbox', why: 'to find the pod by its name, or the beginning of its ID'},
]
const stream: VerbCall = {
  why: 'a connection to the address that came: SPDY, or WebSocket, carries stdin, stdout and stderr',
}

export const verbCalls: Readonly<Record<string, readonly VerbCall[]>> = {
  run: [
    {method: 'RuntimeConfig', why: "to learn how the runtime names control groups, for the pod's parent"},
    {method: 'ImageStatus', why: 'to see whether the image is there'},
    {method: 'PullImage', why: 'to fetch it: CreateContainer fetches nothing', when: 'where it is not'},
    {method: 'RunPodSandbox', why: 'to make the pod: its namespaces, its network, its pause container'},
    {
      method: 'CreateContainer',
      why: "to make the container's file system and settings inside the pod; nothing runs yet",
    },
    {method: 'StartContainer', why: 'to start its process'},
    {method: 'Attach', why: 'to join stdin or the terminal to it', when: 'with -i or -t'},
    {
      method: 'ContainerStatus',
      why: 'to learn the exit code, which becomes that of crisp',
      when: 'in the foreground',
    },
    {method: 'StopPodSandbox', why: 'to end what is in the pod and give its network back', when: 'with --rm'},
    {method: 'RemovePodSandbox', why: 'to take away the pod and its containers', when: 'with --rm'},
  ],
  runp: [{method: 'RunPodSandbox', why: 'to make the pod: its namespaces, its network, its pause container'}],
  create: [
    ...pods,
    {method: 'PullImage', why: 'to fetch the image', when: 'where that is asked for'},
    {
      method: 'CreateContainer',
      why: "to make the container's file system and settings inside the pod; nothing runs yet",
    },
  ],
  start: [...names, {method: 'StartContainer', why: 'to start the process of a container that was created'}],
  stop: [
    ...names,
    {method: 'StopContainer', why: 'to send its stop signal, and after the time for a good end SIGKILL'},
  ],
  stopp: [
    ...pods,
    {method: 'StopPodSandbox', why: 'to end the containers of the pod and give its network back'},
  ],
  rm: [
    ...names,
    {method: 'StopContainer', why: 'to end it first', when: 'with --force'},
    {method: 'RemoveContainer', why: 'to take away its file system and its record'},
  ],
  rmp: [
    ...pods,
    {method: 'StopPodSandbox', why: 'to end what is in it', when: 'with --force'},
    {method: 'RemovePodSandbox', why: 'to take away the pod and all of its containers'},
  ],
  pull: [
    {
      method: 'PullImage',
      why: 'to have the runtime fetch and unpack the image; crisp fetches nothing itself',
    },
  ],
  rmi: [
    {method: 'ListImages', why: 'to find the image by its name, ID or digest, and what names it has'},
    {method: 'RemoveImage', why: 'to take the name away; the image goes with its last name'},
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
      method: 'ListPodSandbox',
      why: 'for the names and namespaces of their pods',
      when: 'where the table shows them',
    },
  ],
  pods: [{method: 'ListPodSandbox', why: 'to have the pods, with the filters that the runtime knows'}],
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
    ...names,
    {method: 'ContainerStatus', why: 'for state, exit code, reason and mounts'},
    {method: 'PodSandboxStatus', why: 'for the pod around it'},
    {method: 'ContainerStats', why: 'for what it uses', when: 'while it runs'},
    {why: 'the end of its log file is read from the disk: the CRI has no call for logs'},
  ],
  logs: [
    ...names,
    {method: 'ContainerStatus', why: 'to learn where its log file is'},
    {why: 'the files are read from the disk: the CRI has no call for logs'},
  ],
  exec: [
    ...names,
    {method: 'Exec', why: 'to get an address at which the command can be reached, once and for a minute'},
    stream,
    {
      method: 'ExecSync',
      why: 'to run it in one call instead, whose answer is all of its output',
      when: 'with --sync',
    },
  ],
  attach: [
    ...names,
    {method: 'Attach', why: "to get an address at which the container's own process can be reached"},
    stream,
    {method: 'ContainerStatus', why: 'to learn its exit code', when: 'where it has ended'},
  ],
  cp: [...names, {method: 'Exec', why: 'to run tar in the container', when: 'where tar does it'}, stream],
  'port-forward': [
    ...pods,
    {
      method: 'PortForward',
      why: 'to get an address for one connection: each that comes has a call of its own',
    },
    {why: 'a SPDY connection to that address carries the bytes to the port in the pod'},
  ],
  events: [
    {method: 'ListContainers', why: 'for the names of what events are about'},
    {method: 'ListPodSandbox', why: 'for the names of the pods'},
    {
      method: 'GetContainerEvents',
      why: 'to be told of each creation, start, end and removal, until it is left',
    },
  ],
  stats: [{method: 'ListContainerStats', why: 'for what all containers use at this moment'}],
  statsp: [{method: 'ListPodSandboxStats', why: 'for what all pods use, with network and processes'}],
  top: [
    {method: 'ListPodSandbox', why: 'for the pods, again with every sample'},
    {method: 'ListContainers', why: 'for the containers, again with every sample'},
    {method: 'ListContainerStats', why: 'for what they use: two samples make a rate'},
  ],
  metricsp: [{method: 'ListPodSandboxMetrics', why: 'for the metrics that cAdvisor has for a kubelet'}],
  metricdescs: [
    {method: 'ListMetricDescriptors', why: 'to learn which metrics there are, and what their labels mean'},
  ],
  info: [{method: 'Status', why: "for the runtime's conditions; with verbose also its settings"}],
  version: [{method: 'Version', why: 'to learn who answers, and in which version of the CRI'}],
  'runtime-config': [{method: 'RuntimeConfig', why: 'to learn which cgroup driver the kubelet has to use'}],
  'update-runtime-config': [
    {method: 'UpdateRuntimeConfig', why: "to hand on the cluster's address range for pods"},
  ],
  update: [
    ...names,
    {method: 'UpdateContainerResources', why: 'to change the limits of a container while it runs'},
  ],
  checkpoint: [
    ...names,
    {method: 'CheckpointContainer', why: 'to freeze its process with CRIU and write all of it to a file'},
  ],
  wait: [
    ...names,
    {method: 'ContainerStatus', why: 'to see whether it is as it should be'},
    {
      method: 'GetContainerEvents',
      why: 'to look again when something has happened',
      when: 'where the runtime has it',
    },
  ],
  which: [
    {method: 'ListContainers', why: 'for all that the process, port or path may belong to'},
    {method: 'ContainerStatus', why: "for the container's process, in the runtime's own words"},
  ],
  call: [{why: 'the one call that is named, with the request that is given'}],
  completion: [{why: 'none: it prints what a shell needs to complete command lines'}],
  config: [{why: 'none: it shows and changes the file with the settings'}],
  demo: [{why: 'none: it is the other side, a runtime that answers calls'}],
  explain: [{why: 'none: what it tells is inside crisp'}],
  init: [
    {
      method: 'RuntimeConfig',
      why: 'so that the file suits the control groups of this node',
      when: 'where a runtime answers',
    },
  ],
  tour: [{why: 'those of the commands that are typed, to a runtime of its own'}],
  jsonschema: [{why: 'none: schemas are made of the API itself'}],
}
