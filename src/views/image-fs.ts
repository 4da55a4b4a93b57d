import {protoJson} from '../client/proto-json.js'
import type {View} from '../formats/view.js'
import type {FilesystemUsage, ImageFsInfoResponse} from '../generated/cri.js'
import {bytesText, type Units} from '../text/units.js'
import {block} from './blocks.js'
import {statusDocument} from './status.js'

export function imageFsView(response: ImageFsInfoResponse, units: Units): View {
  return {
    document: () => statusDocument({status: protoJson('ImageFsInfoResponse', response)}, {}),
    names: () =>
      [...response.containerFilesystems, ...response.imageFilesystems].map(
        ({fsId}) => fsId?.mountpoint ?? '',
      ),
    table: () =>
      filesystemText('Container Filesystem ', response.containerFilesystems, units) +
      filesystemText('Image Filesystem ', response.imageFilesystems, units),
  }
}

/** crictl's text form, to the letter: the title's trailing space and the indexes are part of it. */
function filesystemText(title: string, filesystems: readonly FilesystemUsage[], units: Units): string {
  const entries = filesystems.map((filesystem, index) =>
    block([
      [`TimeStamp[${index}]`, filesystem.timestamp],
      [`Disk[${index}]`, bytesText(Number(filesystem.usedBytes?.value ?? 0), units)],
      [`Inodes[${index}]`, filesystem.inodesUsed?.value ?? '0'],
      [`Mountpoint[${index}]`, filesystem.fsId?.mountpoint ?? ''],
    ]),
  )
  return `${title}\n${entries.join('')}`
}
