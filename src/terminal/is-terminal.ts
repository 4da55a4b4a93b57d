import {fstatSync} from 'node:fs'

/** Of Linux, by which the null device is known. */
const nullDevice = (1 << 8) | 3

/** Whether it is a terminal. node:tty, which brings streams and sockets along, is loaded only where that is open. */
export function isTerminal(descriptor: number): boolean {
  return isDevice(descriptor) && process.getBuiltinModule('node:tty').isatty(descriptor)
}

/** Whether it is a device that is no terminal, nor the null device: a terminal that was closed. */
export function isDeadTerminal(descriptor: number): boolean {
  return isDevice(descriptor) && !isTerminal(descriptor)
}

/** Those of stdin, stdout and stderr. */
export function deadTerminals(): number[] {
  return [0, 1, 2].filter(isDeadTerminal)
}

/** Whether it failed because its terminal was closed. */
export function isTerminalLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // Keys cannot be read one by one any more, for which a standalone file's runtime has no code.
  const isOfTerminal =
    ('code' in error && error.code === 'EIO') || error.message === 'setRawMode failed with errno: 5'
  return isOfTerminal && deadTerminals().length > 0
}

/** But for the null device. */
function isDevice(descriptor: number): boolean {
  try {
    const status = fstatSync(descriptor)
    return status.isCharacterDevice() && status.rdev !== nullDevice
  } catch {
    // It is closed.
    return false
  }
}
