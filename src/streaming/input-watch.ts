import {setTimeout as sleep} from 'node:timers/promises'

export interface InputWatch {
  sent(bytes: number): void
  /** Resolves when the end of stdin may be sent. */
  mayEnd(): Promise<void>
  /** Whether output ended while there was more to send, after more than the pipes on the way hold. */
  wasCut(): boolean
}

const pipesHoldBytes = 256 * 1024
/** Within this time a command has mostly started. */
const startMs = 300

/**
 * containerd ends a command's stdin, and drops what is on its way there, as soon as the command closes stdout or
 * stderr, as `sh -c 'cat > FILE'` does at its start (1.6 to 2.2, https://github.com/containerd/containerd/issues/13934).
 * The command takes that for the end, and exits with 0. All that a client sees is output that ends before it has ended
 * stdin, so the end of a large input waits until the command has started.
 */
export function watchInput(outputs: readonly Promise<unknown>[]): InputWatch {
  const openedAt = performance.now()
  const outputEnded = Promise.race(outputs)
  // A terminal's only output ends with the command.
  const canBeCut = outputs.length > 1
  let sentBytes = 0
  let ended = false
  let cut = false

  void outputEnded.then(() => {
    cut = canBeCut && !ended
  })

  return {
    sent(bytes) {
      sentBytes += bytes
    },
    async mayEnd() {
      const waitMs = openedAt + startMs - performance.now()
      if (canBeCut && sentBytes > pipesHoldBytes && waitMs > 0)
        await Promise.race([outputEnded, sleep(waitMs, undefined, {ref: false})])
      ended = true
    },
    wasCut: () => cut && sentBytes > pipesHoldBytes,
  }
}
