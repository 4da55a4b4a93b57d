export interface DetachScanner {
  /** What of `chunk`, and of what was kept back, goes on; `detached` when the keys ended it. */
  scan(chunk: Uint8Array): {forward: Buffer; detached: boolean}
  /** What is still kept back when the input ends. */
  rest(): Buffer
}

/**
 * Looks for the byte sequence `keys` in what is typed, across chunks. Bytes that may be its start are kept back until
 * the next chunk decides; with no keys everything passes.
 */
export function createDetachScanner(keys: Uint8Array): DetachScanner {
  let kept = Buffer.alloc(0)
  return {
    scan(chunk) {
      const input = Buffer.concat([kept, chunk])
      const at = keys.length > 0 ? input.indexOf(keys) : -1
      const detached = at >= 0
      const forwardLength = detached ? at : input.length - longestStart(input, keys)
      kept = detached ? Buffer.alloc(0) : Buffer.from(input.subarray(forwardLength))
      return {forward: input.subarray(0, forwardLength), detached}
    },
    rest: () => kept,
  }
}

function longestStart(input: Buffer, keys: Uint8Array): number {
  for (let length = Math.min(input.length, keys.length - 1); length > 0; length--) {
    if (input.subarray(input.length - length).equals(keys.subarray(0, length))) return length
  }
  return 0
}
