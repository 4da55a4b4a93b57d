import {
  fieldsOfContainer,
  fieldsOfImage,
  fieldsOfListContainersResponse,
  fieldsOfListImagesResponse,
  fieldsOfListPodSandboxResponse,
  fieldsOfPodSandbox,
  fieldsOfStreamContainersResponse,
  fieldsOfStreamImagesResponse,
  fieldsOfStreamPodSandboxesResponse,
  readContainer,
  readImage,
  readPodSandbox,
} from '../generated/codec.js'
import type {
  Container,
  ContainerFilter,
  Image,
  Input,
  PodSandbox,
  PodSandboxFilter,
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
