// What goes to a node after its orders: the bytes of stdin or of an archive, the end, signals, the terminal's size and questions.
// They are told apart from each other and from a connection that was lost.

export type Frame =
  | {kind: 'data'; bytes: Buffer}
  | {kind: 'end'}
  /** What follows is of the archive that was asked for last. */
  | {kind: 'archive'}
  /** Asks whether who unpacks it knows of holes. */
  | {kind: 'holes'}
  | {kind: 'signal'; name: NodeJS.Signals}
  | {kind: 'size'; columns: number; rows: number}
  /** Asks for the time there. */
  | {kind: 'clock'}
  /** Asks for any word. */
  | {kind: 'ping'}

const kinds = ['data', 'end', 'archive', 'holes', 'signal', 'size', 'clock', 'ping'] as const
const headBytes = 5
const longestFrame = 1024 * 1024

/** What is written for a frame. */
export function frameBytes(frame: Frame): Buffer[] {
  const body = bodyOf(frame)
  const head = Buffer.allocUnsafe(headBytes)
  head[0] = kinds.indexOf(frame.kind)
  head.writeUInt32BE(body.length, 1)
  return body.length > 0 ? [head, body] : [head]
}

function bodyOf(frame: Frame): Buffer {
  switch (frame.kind) {
    case 'data':
      return frame.bytes
    case 'end':
    case 'archive':
    case 'holes':
    case 'clock':
    case 'ping':
      return Buffer.alloc(0)
    case 'signal':
      return Buffer.from(frame.name)
    case 'size':
      return Buffer.from(JSON.stringify([frame.columns, frame.rows]))
  }
}

/** Takes frames out of a stream, wherever its chunks are cut; the bytes of one may come in several. */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0)

  /** Throws where the stream holds something else. */
  read(chunk: Buffer): Frame[] {
    const frames: Frame[] = []
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk
    while (rest.length >= headBytes) {
      const kind = kinds[rest[0] as number]
      const length = rest.readUInt32BE(1)
      if (kind === undefined || length > longestFrame) throw new Error('not what is sent to a node')
      const end = headBytes + length
      if (rest.length < end) break
      frames.push(frameOf(kind, rest.subarray(headBytes, end)))
      rest = rest.subarray(end)
    }
    this.#held = rest
    return frames
  }
}

function frameOf(kind: Frame['kind'], body: Buffer): Frame {
  switch (kind) {
    case 'data':
      return {kind, bytes: body}
    case 'end':
    case 'archive':
    case 'holes':
    case 'clock':
    case 'ping':
      return {kind}
    case 'signal':
      return {kind, name: body.toString() as NodeJS.Signals}
    case 'size': {
      const [columns, rows] = JSON.parse(body.toString())
      return {kind, columns, rows}
    }
  }
}
