/** Words around the CRI that are neither calls nor fields: states as they are shown, reasons, and what things are called. */
export const words: Readonly<Record<string, string>> = {
  sandbox:
    "The CRI's word for a pod as the runtime has it: namespaces, a network and a cgroup that containers are put into. RunPodSandbox makes one without any container of yours in it; it lives until RemovePodSandbox, whatever becomes of its containers.",
  pause:
    'The container that runtimes start in each sandbox to hold its namespaces while containers come and go. It does nothing but sleep and reap orphans, is no container for the CRI and is in no list of containers. containerd takes its image from its settings (sandbox_image, pinned_images.sandbox); CRI-O can do without one (drop_infra_ctr).',
  cgroup:
    "A group of processes in Linux with limits and counters for CPU, memory and I/O. Each pod has one below that of its class (kubepods/burstable/…), named by cgroup_parent, and each container one in it. Kubelet and runtime must have the same driver, systemd or cgroupfs: RuntimeConfig tells the runtime's.",
  attempt:
    'Counts how often a thing of the same name was made: of a container its restarts, of a pod how often its sandbox was made again. The runtime only keeps the number; the kubelet counts it up, since a container of the CRI is never started twice.',
  namespace:
    'Two things. In Kubernetes a part of the cluster with names of its own (metadata.namespace). In Linux what a process sees of the machine: its network, its processes, its mounts. NamespaceOption says which of those a container shares with its pod or the node.',
  runtime:
    'The program that makes pods and containers when the kubelet asks it by the CRI: containerd, CRI-O, or cri-dockerd in front of Docker. Below it an OCI runtime such as runc starts the processes.',
  handler:
    'A name for one way in which a runtime runs pods, such as runc, kata or runsc. A RuntimeClass of Kubernetes names it, RunPodSandbox has it as runtime_handler, and Status lists those that there are.',
  kubelet:
    "The part of Kubernetes on each node that makes this node's pods so, by calls of the CRI. It restarts what ends, removes what is no longer wanted and images that nobody uses: what is made by hand without its labels it leaves alone.",
  cri: 'Container Runtime Interface: the calls, by gRPC over a unix socket, by which the kubelet has a runtime make pods and containers. Two services, RuntimeService and ImageService; version v1 since Kubernetes 1.23.',
  cni: 'Container Network Interface: how a runtime has plugins give a pod its network. It reads /etc/cni/net.d and runs programs in /opt/cni/bin while RunPodSandbox; without any settings there the runtime says NetworkReady=false.',
  oci: 'Open Container Initiative: the forms of images and of runtime specifications. A runtime writes the specification of a container as config.json, and runc or crun makes the processes of it; inspect shows it as runtimeSpec.',
  shim: "A process that stays beside a container as its parent: it holds its streams and learns its exit code, so that the runtime can be restarted. containerd-shim-runc-v2 is containerd's, one for each pod; conmon is CRI-O's, one for each container.",
  snapshot:
    'A layer of files as containerd stacks them: those of an image, and on top one that a container writes to. The snapshotter, mostly overlayfs, makes a file system of them.',
  digest:
    'The SHA-256 of a manifest, as name@sha256:…: it means the same image for ever, while a tag can be given to another.',
  tag: 'A name for an image in a repository, behind the colon. It can be moved to another image, and one image can have many.',
  Ready:
    'A pod whose sandbox works: SANDBOX_READY. It says nothing of its containers, and is not the Ready of kubectl, which asks probes.',
  NotReady:
    'A pod whose sandbox does not work any more: SANDBOX_NOTREADY. It was stopped, its pause container has ended, or the node was restarted. It does not come back: the kubelet makes another with the next attempt and removes this one.',
  Created:
    'A container that was made and not started: CONTAINER_CREATED. One that stays so was refused by StartContainer, or whoever made it went away.',
  Running:
    'A container whose first process runs: CONTAINER_RUNNING. Whether it does its work the runtime does not know: probes are made by the kubelet.',
  Exited:
    'A container whose first process has ended: CONTAINER_EXITED. Exit code, reason and log stay until RemoveContainer; it is never started again.',
  Unknown:
    'A container of which the runtime has lost track: CONTAINER_UNKNOWN, as after a crash of the runtime or of a shim. It can be stopped and removed.',
  CrashLoopBackOff:
    'What kubectl shows while the kubelet waits, from 10 s up to 5 minutes, before it starts a container again that keeps ending. The CRI knows no such state: there it is an exited container, of which there are several attempts. "logs -p" shows what the last one said.',
  OOMKilled:
    'The reason of a container whose process the kernel killed since the cgroup had reached its memory limit; exit code 137. A kill of another process in the container, or by the whole node running out, may be Error with 137.',
  Completed: 'The reason of a container that ended with exit code 0.',
  Error:
    'The reason of a container that ended with an exit code other than 0; above 128 it is mostly 128 and the number of the signal that ended it.',
  ImagePullBackOff:
    'What kubectl shows while the kubelet waits before it tries PullImage again. The CRI keeps nothing of it: "pull" shows what the registry answers from this node.',
  ContainerCreating:
    'What kubectl shows while there is no container yet: the kubelet mounts volumes, RunPodSandbox makes the network, PullImage fetches. No pod in "pods" means that it has not come as far as the runtime.',
  exit: 'The code with which a process ends, 0 to 255; 0 is well. 125 and above are mostly not its own: 126 it cannot be executed, 127 it is not there, 128+n a signal n, so 137 SIGKILL and 143 SIGTERM.',
  grace:
    'The seconds that a process has between its stop signal and SIGKILL: timeout of StopContainer, terminationGracePeriodSeconds of a pod.',
  uid: "Of a pod: Kubernetes' own name for it, which is in the names of its log directory and cgroup. Of a process: the user that it runs as.",
  streaming:
    'What exec, attach and port-forward carry does not go through gRPC: a call brings an address of a small web server in the runtime, at which SPDY or WebSocket carries the bytes. The address works once, for a minute.',
  probe:
    'A check of a container that the kubelet makes: exec probes by ExecSync, others over the network of the pod. The CRI does not know of them.',
}
