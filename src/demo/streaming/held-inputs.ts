import {Readable} from 'node:stream'

/** One stream of several that share a connection: what the client sends on it. */
export interface HeldInput {
  readonly readable: Readable
  /** The client will send no more; what it has sent may still be unread. */
  readonly ended: boolean
  push(chunk: Buffer): void
  end(): void
}

export interface HeldInputs {
  create(onEnd?: () => void): HeldInput
  /** Some input is full, so the connection is not being read. */
  readonly holding: boolean
}

const bufferedLimitBytes = 64 * 1024

/**
 * Makes the inputs of one connection. The protocols have no flow control but that of TCP, so the whole connection is
 * paused while one of them is full.
 */
export function createHeldInputs(connection: {pause(): unknown; resume(): unknown}): HeldInputs {
  const full = new Set<Readable>()

  return {
    create(onEnd = () => {}) {
      let ended = false
      const release = (): void => {
        if (full.delete(readable) && full.size === 0) connection.resume()
      }
      const readable = new Readable({highWaterMark: bufferedLimitBytes, read: release})
      readable.on('error', () => {}).on('close', release)
      return {
        readable,
        get ended() {
          return ended
        },
        push(chunk) {
          if (ended || readable.destroyed || readable.push(chunk)) return
          full.add(readable)
          connection.pause()
        },
        end() {
          if (ended) return
          ended = true
          readable.push(null)
          release()
          onEnd()
        },
      }
    },
    get holding() {
      return full.size > 0
    },
  }
}
