import {execFile} from 'node:child_process'
import {mkdir} from 'node:fs/promises'
import {join} from 'node:path'
import {promisify} from 'node:util'
import type {Seed, SeedPod} from '../../../src/demo/index.js'
import {busybox, clusterNode, type Node, nodeOn, sleeper} from '../cluster-node.js'
import {type Containerd, startContainerd} from './containerd.js'
import {writeBusyboxArchive} from './images.js'

const run = promisify(execFile)

/** The first process of a container ends on SIGTERM only if it says so. */
const polite = "trap 'exit 0' TERM; sleep 1000 & wait"

/** The same node of a cluster on a real containerd. Its calls are not seen. */
export async function startContainerdNode(): Promise<Node> {
  const containerd = await startContainerdWithImages()
  try {
    await seedContainerd(containerd, clusterNode)
    return await nodeOn(containerd)
  } catch (error) {
    await containerd[Symbol.asyncDispose]()
    throw error
  }
}

/** With the images of the seeds, and no pods. */
export async function startContainerdWithImages(): Promise<Containerd> {
  const containerd = await startContainerd()
  try {
    for (const [name, tag, command] of [
      ['shell', busybox, ['/bin/sh']],
      ['sleeper', sleeper, ['/bin/sh', '-c', polite]],
    ] as const)
      await importImage(containerd, name, tag, [...command])
    return containerd
  } catch (error) {
    await containerd[Symbol.asyncDispose]()
    throw error
  }
}

export async function seedContainerd(containerd: Containerd, {pods = []}: Seed): Promise<void> {
  for (const pod of pods) await makePod(containerd, pod)
}

async function importImage(
  {directory, endpoint}: Containerd,
  name: string,
  tag: string,
  command: string[],
): Promise<void> {
  const place = join(directory, `image-${name}`)
  await mkdir(place)
  const archive = await writeBusyboxArchive(place, [tag], {Cmd: command})
  const socket = endpoint.replace('unix://', '')
  await run('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', archive])
}

async function makePod(
  containerd: Containerd,
  {name, namespace = 'default', labels = {}, containers = [], ready = true}: SeedPod,
): Promise<void> {
  const identity = {
    'io.kubernetes.pod.name': name,
    'io.kubernetes.pod.namespace': namespace,
    'io.kubernetes.pod.uid': `uid-${name}`,
  }
  const pod = await containerd.runPod(name, {
    metadata: {namespace},
    labels: {...labels, ...identity},
    // Addresses are looked at in this one only, and a network takes time.
    ...(name.startsWith('nginx') ? {linux: {securityContext: {namespaceOptions: {network: 'POD'}}}} : {}),
  })
  for (const {name: container, image, command = [], state} of containers) {
    const containerId = await pod.runContainer(container, '', {
      config: {image: {image}, command, labels: {...identity, 'io.kubernetes.container.name': container}},
    })
    if (state === 'exited') await exited(containerd, containerId)
  }
  if (!ready) await containerd.client.runtime.stopPodSandbox({podSandboxId: pod.id})
}

async function exited({client}: Containerd, containerId: string): Promise<void> {
  for (;;) {
    const {status} = await client.runtime.containerStatus({containerId})
    if (status?.state === 'CONTAINER_EXITED') return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
