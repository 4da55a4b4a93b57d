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
