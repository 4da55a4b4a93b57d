/** Something on the disk that several images may share. */
export interface Piece {
  /** By which it is the same for all of them. */
  key: string
  bytes: number
}

/** What a runtime keeps on the disk of this machine. */
export interface ImageStore {
  /** Its name for how layers are kept: `overlayfs`, `native`, `overlay`. */
  layers: string
  /** false: each layer is a whole copy of those below it. */
  sharesLayers: boolean
  /** By image ID. */
  images: ReadonlyMap<string, readonly Piece[]>
  /** By the ID of the container or pod whose it is. */
  writable: ReadonlyMap<string, number>
  /** Of nobody whom the CRI knows. */
  otherBytes: number
  /** The trees that were looked at. */
  folders: readonly string[]
  /** What could not be counted. */
  left: readonly string[]
}
