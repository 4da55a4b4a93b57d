import {RpcError, rpcCode, UserError} from '../errors/errors.js'
import type {
  Container,
  ContainerFilter,
  Image,
  Input,
  PodSandbox,
  PodSandboxFilter,
} from '../generated/cri.js'
import type {CallOptions, StreamOptions} from './call-options.js'
import type {CriClient} from './connect.js'

/** Five times as much as a node with 100,000 containers has; a list without end must not take all memory. */
const mostItems = 500_000
const mostBytes = 256 * 1024 * 1024

/** For a streamed list, which is read to its end before it is used. */
export function whole(options: CallOptions = {}): StreamOptions {
  return {maxBytes: mostBytes, ...options}
}

/** Containers of every state unless the filter names one. Throws as every call does. */
export function listContainers(
  client: CriClient,
  filter: Input<ContainerFilter> = {},
  options?: CallOptions,
): Promise<Container[]> {
  return listOrStream(
    async () => (await client.runtime.listContainers({filter}, options)).containers,
    () => client.runtime.streamContainers({filter}, whole(options)),
    (chunk) => chunk.containers,
  )
}

/** Pod sandboxes of every state unless the filter names one. */
export function listPodSandboxes(
  client: CriClient,
  filter: Input<PodSandboxFilter> = {},
  options?: CallOptions,
): Promise<PodSandbox[]> {
  return listOrStream(
    async () => (await client.runtime.listPodSandbox({filter}, options)).items,
    () => client.runtime.streamPodSandboxes({filter}, whole(options)),
    (chunk) => chunk.podSandboxes,
  )
}

/**
 * Images; `name` goes to the runtime as the filter. containerd ignores it and returns all (through 2.3), CRI-O
 * takes it for the one image of that name.
 */
export function listImages(client: CriClient, name = '', options?: CallOptions): Promise<Image[]> {
  const filter = {image: {image: name}}
  return listOrStream(
    async () => (await client.image.listImages({filter}, options)).images,
    () => client.image.streamImages({filter}, whole(options)),
    (chunk) => chunk.images,
  )
}

/**
 * The plain call first: every runtime has it. Where its answer is larger than one message may be, the streamed form
 * (CRI 1.36: CRI-O 1.36, containerd 2.4) brings the list in pieces; a runtime without it leaves the first error.
 */
export async function listOrStream<Item, Chunk>(
  plain: () => Promise<Item[]>,
  streamed: () => AsyncIterable<Chunk>,
  itemsOf: (chunk: Chunk) => Item[],
  countOf = (chunk: Chunk) => itemsOf(chunk).length,
): Promise<Item[]> {
  try {
    return await plain()
  } catch (error) {
    if (!(error instanceof RpcError) || error.code !== rpcCode.resourceExhausted) throw error
    try {
      const items: Item[] = []
      let count = 0
      for await (const chunk of streamed()) {
        for (const item of itemsOf(chunk)) items.push(item)
        count += countOf(chunk)
        if (count > mostItems)
          throw new UserError(
            `the runtime's list goes on after ${mostItems} entries: it is not read any further`,
          )
      }
      return items
    } catch (streamError) {
      if (streamError instanceof RpcError && streamError.code === rpcCode.unimplemented) throw error
      throw streamError
    }
  }
}
