/** Ten times what the largest node lists. */
const mostFields = 1_000_000
/** Shorter ones cannot hold so many. */
const harmlessBytes = 2 * mostFields

/**
 * Throws for a message of more fields than any list has: entries without content take two bytes on the wire and some
 * hundred in memory, and a process that has no more is killed without a word. Fields within fields are not counted.
 */
export function requireReadable(bytes: Uint8Array): void {
  if (bytes.length <= harmlessBytes) return
  let at = 0
  const varint = () => {
    let value = 0
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++] as number
      value += (byte & 127) * factor
      if (byte < 128) break
    }
    return value
  }
  for (let fields = 0; at < bytes.length; fields++) {
    if (fields > mostFields) throw new Error(`more than ${mostFields} entries in one message`)
    const wireType = varint() & 7
    if (wireType === 2) at += varint()
    else if (wireType === 0) varint()
    else if (wireType === 1) at += 8
    else if (wireType === 5) at += 4
    // Nothing of the CRI's; whoever decodes it says so.
    else return
  }
}
