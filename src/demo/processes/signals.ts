import {constants} from 'node:os'
import type {Container} from '../state/runtime.js'

/** What asks the container's process to end: the container's word, else SIGTERM. */
export function stopSignalOf({config}: Container): NodeJS.Signals {
  const name = String(config.stopSignal).replace(/^SIGNAL_/, '')
  if (name === 'SIGCLD') return 'SIGCHLD'
  // Node has no names for the real-time signals: whoever asks for one gets the usual one.
  return Object.hasOwn(constants.signals, name) ? (name as NodeJS.Signals) : 'SIGTERM'
}
