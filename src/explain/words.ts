/**
 * Words around the CRI that are neither calls nor fields: states as they are shown, reasons, and what things are called. In
 * double quotes stands what to run on the node; `crisp` is then called as whoever asks calls it.
 */
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
    'Three things have this name. In Kubernetes it is a part of the cluster with names of its own (metadata.namespace): "crisp pods --namespace NAME". In Linux it is what a process sees of the machine, its network, processes or mounts, which runc sets up as NamespaceOption says: "crisp inspectp POD" shows them, "crisp enter CONTAINER -- COMMAND" goes in. In containerd it keeps its clients apart: all of the CRI is in k8s.io, hence "ctr -n k8s.io containers ls".',
  runtime:
    'The program that makes pods and containers when the kubelet asks it by the CRI: containerd, CRI-O, or cri-dockerd in front of Docker. Below it an OCI runtime such as runc starts the processes.',
  handler:
    'A name for one way in which a runtime runs pods, such as runc, kata or runsc. A RuntimeClass of Kubernetes names it, RunPodSandbox has it as runtime_handler, and Status lists those that there are.',
  kubelet:
    'The part of Kubernetes on each node that makes this node\'s pods so, by calls of the CRI. It restarts what ends, and removes what it does not know: pods that are made by hand, too, and images that nobody uses. "crisp doctor" says whether it runs, "journalctl -u kubelet" what it says.',
  cri: 'Container Runtime Interface: the calls, by gRPC over a unix socket, by which the kubelet has a runtime make pods and containers. Two services, RuntimeService and ImageService; version v1 since Kubernetes 1.23.',
  cni: 'Container Network Interface: how a runtime has plugins give a pod its network. It reads /etc/cni/net.d and runs programs in /opt/cni/bin while RunPodSandbox; without any settings there the runtime says NetworkReady=false. "crisp doctor" and "crisp explain doctor/cni" tell what is missing.',
  oci: 'Open Container Initiative: the forms of images and of runtime specifications. A runtime writes the specification of a container as config.json, and runc or crun makes the processes of it; inspect shows it as runtimeSpec.',
  shim: 'A process that stays beside a container as its parent: it holds its streams and learns its exit code, so that the runtime can be restarted. containerd-shim-runc-v2 is containerd\'s, one for each pod, which containerd starts; conmon is CRI-O\'s, one for each container. "crisp doctor" finds those that are left over, "crisp which PID" says whose one is.',
  snapshot:
    'A layer of files as containerd stacks them: those of an image, and on top one that a container writes to. "crisp df" says how large they are.',
  digest:
    'The SHA-256 of a manifest, as name@sha256:…: it means the same image for ever, while a tag can be given to another.',
  tag: 'A name for an image in a repository, behind the colon. It can be moved to another image, and one image can have many.',
  Ready:
    'A pod whose sandbox works: SANDBOX_READY. It says nothing of its containers, and is not the Ready of kubectl, which asks probes.',
  NotReady:
    'A pod or a node that does not work. Of a pod the runtime says it (SANDBOX_NOTREADY): it was stopped, its pause container has ended, or the node was restarted; it does not come back, the kubelet makes another with the next attempt: "crisp inspectp POD". Of a node the kubelet says it to the cluster, as soon as Status has NetworkReady or RuntimeReady false, or the lists take minutes (PLEG): "crisp info" and "crisp doctor" on that node.',
  Created:
    'A container that was made and not started: CONTAINER_CREATED. One that stays so was refused by StartContainer, or whoever made it went away.',
  Running:
    'A container whose first process runs: CONTAINER_RUNNING. Whether it does its work the runtime does not know: probes are made by the kubelet.',
  Exited:
    'A container whose first process has ended: CONTAINER_EXITED. Exit code, reason and log stay until RemoveContainer; it is never started again.',
  Unknown:
    'A container of which the runtime has lost track: CONTAINER_UNKNOWN, as after a crash of the runtime or of a shim. It can be stopped and removed.',
  CrashLoopBackOff:
    'What kubectl shows while the kubelet waits, from 10 s up to 5 minutes, before it starts a container again that keeps ending. The CRI knows no such state: there it is an exited container, of which there are several attempts. "crisp logs -p CONTAINER" shows what the last one said, "crisp timeline POD" when the next is due.',
  OOMKilled:
    'The reason of a container whose process the kernel killed since the cgroup had reached its memory limit; exit code 137. The runtime sets it. A kill of another process in the container, or by the whole node running out, may be Error with 137. "crisp stats --watch" shows memory beside the limit, "crisp doctor" what the kernel killed.',
  Completed:
    'The reason of a container that ended with exit code 0, as the runtime sets it and kubectl shows it. Of a job that is how it should be; what should go on and ends so had nothing to do: "crisp describe CONTAINER" shows its last lines and its command.',
  Error:
    'The reason of a container that ended with an exit code other than 0; above 128 it is mostly 128 and the number of the signal that ended it. The runtime sets it: "crisp describe CONTAINER" shows it with the last lines.',
  ImagePullBackOff:
    'What kubectl shows while the kubelet waits before it tries PullImage again, up to 5 minutes. The CRI keeps nothing of it: "crisp pull IMAGE" shows what the registry answers from this node.',
  ContainerCreating:
    'What kubectl shows while there is no container yet: the kubelet mounts volumes, RunPodSandbox makes the network, PullImage fetches. The kubelet sets it. Without a line in "crisp pods --name POD" it has not come as far as the runtime; "crisp timeline POD" shows which of them takes so long.',
  exit: 'The code with which a process ends, 0 to 255; 0 is well. 125 and above are mostly not its own: 126 it cannot be executed, 127 it is not there, 128+n a signal n, so 137 SIGKILL and 143 SIGTERM.',
  grace:
    'The seconds that a process has between its stop signal and SIGKILL: timeout of StopContainer, terminationGracePeriodSeconds of a pod.',
  uid: "Of a pod: Kubernetes' own name for it, which is in the names of its log directory and cgroup. Of a process: the user that it runs as.",
  streaming:
    'What exec, attach and port-forward carry does not go through gRPC: a call brings an address of a small web server in the runtime, at which SPDY or WebSocket carries the bytes. The address works once, for a minute.',
  probe:
    'A check of a container that the kubelet makes: exec probes by ExecSync, others over the network of the pod. The CRI does not know of them.',
  CrashLoop:
    'What crisp itself shows of a container that failed three times or more within ten minutes, with how often. Neither runtime nor kubelet set it; kubectl shows CrashLoopBackOff of the same. "crisp ps --failed" lists them, "crisp logs -p CONTAINER" shows what the last attempt said.',
  ErrImagePull:
    'What kubectl shows right after PullImage has failed; ImagePullBackOff follows while the kubelet waits. The kubelet sets it, with the words of the runtime: "crisp pull IMAGE" asks again from this node, and says whether it was the name, the credentials or the way to the registry.',
  CreateContainerError:
    'What kubectl shows when CreateContainer has failed; the kubelet sets it and tries again. There is no container then, or one without a start: "crisp timeline POD" and "journalctl -u kubelet" have the words of the runtime, such as a name in use or a path that is not there.',
  CreateContainerConfigError:
    'What kubectl shows when the kubelet could not even write the request, mostly since a Secret or ConfigMap is missing. No call was made for the container, so "crisp ps -a --pod POD" shows none: "journalctl -u kubelet" has what was missing.',
  RunContainerError:
    'What kubectl shows when StartContainer has failed; the kubelet sets it. The container was made, and its first process could not begin: no such program, no right to execute it, a mount that fails. "crisp inspect CONTAINER" has the reason (StartError of containerd) and the words of runc.',
  StartError:
    'The reason that containerd gives a container whose process could not be started, with exit code 128. The message has the words of runc, such as a program that is not in the image: "crisp inspect CONTAINER".',
  Evicted:
    'A pod that the kubelet has ended since the node ran out of memory, disk or process IDs; it stays in the cluster as failed. For the runtime it was an ordinary StopContainer, and nothing is left of it: "crisp doctor" says what is short now, "crisp df" and "crisp top" who takes it.',
  Terminating:
    'What kubectl shows of a pod that was deleted and is still there. The API server marks it; the kubelet then makes StopContainer with the grace period, StopPodSandbox, unmounts the volumes and only at the end lets it go. "crisp ps --pod POD" shows what still runs, "crisp timeline POD" when it was told to end.',
  Pending:
    'A pod that has no node yet, or whose containers have not all been started: the scheduler, the sandbox or a pull is not done. The cluster says so, the runtime has no such state: without a line in "crisp pods --name POD" on its node it has not come as far as the runtime.',
  PodInitializing:
    'What kubectl shows of a container that waits until the init containers before it have ended. The kubelet sets it; the runtime knows only those that were made: "crisp ps -a --pod POD" shows which one runs.',
  PLEG: 'Pod Lifecycle Event Generator, the part of the kubelet that notices what has changed: it makes ListPodSandbox and ListContainers every second, or listens to GetContainerEvents. "PLEG is not healthy" in its log means that this has taken more than 3 minutes, mostly since the runtime hangs; the node becomes NotReady. "crisp call ListPodSandbox --repeat 20 --timing" shows how long the runtime takes, "crisp doctor" what is stuck.',
  NetworkReady:
    'A condition in the answer of Status: whether the runtime can give pods a network. The runtime sets it, false where it finds no CNI settings; the kubelet then makes the node NotReady (NetworkPluginNotReady), and only pods in the network of the node start. "crisp info" shows it with the reason.',
  RuntimeReady:
    'A condition in the answer of Status: whether the runtime can make containers. The runtime sets it itself; where it is false, or nobody answers, the kubelet makes the node NotReady ("container runtime is down"). "crisp info" and "crisp doctor".',
  'init container':
    'A container of a pod that has to end well before the next one is made. The CRI has no such thing: the kubelet makes them one after the other, and for the runtime each is one like any other. "crisp ps -a --pod POD" shows them as exited with 0.',
  'ephemeral container':
    'A container that "kubectl debug" adds to a pod that runs. The kubelet makes it in the same sandbox by CreateContainer, mostly with the process namespace of another container (TARGET); no restart, no limits. On the node itself "crisp debug CONTAINER" does the same without the cluster.',
  'sandbox image':
    'The image of the pause container, by its name in the settings of the runtime: sandbox_image of containerd 1, pinned_images.sandbox of containerd 2, pause_image of CRI-O. Without it no pod starts, for RunPodSandbox fetches it itself: "crisp doctor" looks whether it is there, "crisp pull NAME" fetches it.',
  runc: 'The OCI runtime that makes the processes of containers: it reads config.json, sets up namespaces, cgroup and mounts, starts the process and goes. The shim calls it, not the kubelet; crun, kata or runsc can be in its place (handler). What it says stands in failures of StartContainer: "crisp inspect CONTAINER" has it, and its runtimeSpec.',
  conmon:
    'CRI-O\'s monitor: a small process beside each container that holds its streams, writes its log and notes its exit code, while CRI-O can be restarted. CRI-O starts it; conmonrs is one for a whole pod. "crisp doctor" finds containers without one, "crisp which PID" says whose one is.',
  snapshotter:
    'The part of containerd that stacks layers of files to a file system: overlayfs mostly, native, devmapper, or one that fetches while it runs. The settings of containerd name it. "crisp info -o json" shows which, "crisp df" what its layers take.',
}
