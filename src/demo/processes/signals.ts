import {constants} from 'node:os'
import type {Container} from '../state/runtime.js'

/** What asks the container's process to end: the container's word, else the image's, else SIGTERM. */
export function stopSignalOf({config, image}: Container): NodeJS.Signals {
  const name =
    config.stopSignal === 'SIGNAL_RUNTIME_DEFAULT' ? image.definition.stopSignal : config.stopSignal
  return parseSignal(String(name).replace(/^SIGNAL_/, ''))
}

function parseSignal(name: string): NodeJS.Signals {
  if (name === 'SIGCLD') return 'SIGCHLD'
  // Node has no names for the real-time signals: whoever asks for one gets the usual one.
  return Object.hasOwn(constants.signals, name) ? (name as NodeJS.Signals) : 'SIGTERM'
}
