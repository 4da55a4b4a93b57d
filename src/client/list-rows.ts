import {
  fieldsOfContainer,
  fieldsOfContainerStats,
  fieldsOfImage,
  fieldsOfListContainerStatsResponse,
  fieldsOfListContainersResponse,
  fieldsOfListImagesResponse,
  fieldsOfListPodSandboxResponse,
  fieldsOfListPodSandboxStatsResponse,
  fieldsOfPodSandbox,
  fieldsOfPodSandboxStats,
  fieldsOfStreamContainerStatsResponse,
  fieldsOfStreamContainersResponse,
  fieldsOfStreamImagesResponse,
  fieldsOfStreamPodSandboxesResponse,
  fieldsOfStreamPodSandboxStatsResponse,
  readContainer,
  readContainerStats,
  readImage,
  readPodSandbox,
  readPodSandboxStats,
} from '../generated/codec.js'
import type {
  Container,
  ContainerFilter,
  ContainerStats,
  ContainerStatsFilter,
  Image,
  Input,
  PodSandbox,
  PodSandboxFilter,
  PodSandboxStats,
  PodSandboxStatsFilter,
} from '../generated/cri.js'
import type {CallOptions} from './call-options.js'
import type {CriClient} from './connect.js'
import {listOrStream, whole} from './lists.js'
import {type Rows, rowReader} from './rows.js'

// The lists of lists.ts as rows, for whoever looks at a few fields of many entries.

export interface RowOptions<Entry> extends CallOptions {
  /** Asked of each entry as it arrives; one that does not pass is not kept. */
  keep?: ((entry: Entry) => boolean) | undefined
}

const containerRows = rowReader<Container>({read: readContainer, fields: fieldsOfContainer})
const podSandboxRows = rowReader<PodSandbox>({read: readPodSandbox, fields: fieldsOfPodSandbox})
const imageRows = rowReader<Image>({read: readImage, fields: fieldsOfImage})
const containerStatsRows = rowReader<ContainerStats>({
  read: readContainerStats,
  fields: fieldsOfContainerStats,
})
const podSandboxStatsRows = rowReader<PodSandboxStats>({
  read: readPodSandboxStats,
  fields: fieldsOfPodSandboxStats,
})

/** Containers of every state unless the filter names one. */
export function listContainerRows(
  client: CriClient,
  filter: Input<ContainerFilter> = {},
  options: RowOptions<Container> = {},
): Promise<Container[]> {
  return listRows(
    containerRows,
    options,
    fieldsOfListContainersResponse.containers,
    (plain) => client.runtime.listContainers({filter}, plain),
    fieldsOfStreamContainersResponse.containers,
    (streamed) => client.runtime.streamContainers({filter}, streamed),
  )
}

/** Pod sandboxes of every state unless the filter names one. */
export function listPodSandboxRows(
  client: CriClient,
  filter: Input<PodSandboxFilter> = {},
  options: RowOptions<PodSandbox> = {},
): Promise<PodSandbox[]> {
  return listRows(
    podSandboxRows,
    options,
    fieldsOfListPodSandboxResponse.items,
    (plain) => client.runtime.listPodSandbox({filter}, plain),
    fieldsOfStreamPodSandboxesResponse.podSandboxes,
    (streamed) => client.runtime.streamPodSandboxes({filter}, streamed),
  )
}

/** Images; `name` as in listImages. */
export function listImageRows(
  client: CriClient,
  name = '',
  options: RowOptions<Image> = {},
): Promise<Image[]> {
  const filter = {image: {image: name}}
  return listRows(
    imageRows,
    options,
    fieldsOfListImagesResponse.images,
    (plain) => client.image.listImages({filter}, plain),
    fieldsOfStreamImagesResponse.images,
    (streamed) => client.image.streamImages({filter}, streamed),
  )
}

/** Figures of containers; of those that do not run most runtimes give none. */
export function listContainerStatsRows(
  client: CriClient,
  filter: Input<ContainerStatsFilter> = {},
): Promise<ContainerStats[]> {
  return listRows(
    containerStatsRows,
    {},
    fieldsOfListContainerStatsResponse.stats,
    (plain) => client.runtime.listContainerStats({filter}, plain),
    fieldsOfStreamContainerStatsResponse.containerStats,
    (streamed) => client.runtime.streamContainerStats({filter}, streamed),
  )
}

/** Figures of pod sandboxes. */
export function listPodSandboxStatsRows(
  client: CriClient,
  filter: Input<PodSandboxStatsFilter> = {},
): Promise<PodSandboxStats[]> {
  return listRows(
    podSandboxStatsRows,
    {},
    fieldsOfListPodSandboxStatsResponse.stats,
    (plain) => client.runtime.listPodSandboxStats({filter}, plain),
    fieldsOfStreamPodSandboxStatsResponse.podSandboxStats,
    (streamed) => client.runtime.streamPodSandboxStats({filter}, streamed),
  )
}

function listRows<Entry>(
  read: ReturnType<typeof rowReader<Entry & object>>,
  {keep, ...options}: RowOptions<Entry>,
  plainField: number,
  plain: (options: CallOptions) => Promise<object>,
  streamedField: number,
  streamed: (options: CallOptions) => AsyncIterable<object>,
): Promise<Entry[]> {
  const readAs =
    (field: number): CallOptions['decode'] =>
    (bytes, unreadable) =>
      read(bytes, field, unreadable, keep)
  return listOrStream(
    async () => ((await plain({...options, decode: readAs(plainField)})) as Rows<Entry>).rows,
    () => streamed({...whole(options), decode: readAs(streamedField)}) as AsyncIterable<Rows<Entry>>,
    ({rows}) => rows,
    ({count}) => count,
  )
}
