import type {RawName} from './raw-name.js'

export const blockBytes = 512

/** What a tar archive says of one file. */
export interface Entry {
  path: RawName
  kind: 'file' | 'directory' | 'symlink' | 'link' | 'other'
  /** What it is if it is none of these. */
  what?: string
  mode: number
  uid: number
  gid: number
  /** Of the file, with its holes. */
  sizeBytes: number
  mtimeSeconds: number
  /** What a symlink says, or the path in the archive that a link is another name of. */
  target?: RawName
  /** The parts of a file with holes that are not holes. */
  parts?: readonly Part[]
}

export interface Part {
  offset: number
  sizeBytes: number
}

export function paddingOf(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes
}
