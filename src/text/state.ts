const words: Readonly<Record<string, string>> = {
  CONTAINER_CREATED: 'Created',
  CONTAINER_RUNNING: 'Running',
  CONTAINER_EXITED: 'Exited',
  CONTAINER_UNKNOWN: 'Unknown',
  SANDBOX_READY: 'Ready',
  SANDBOX_NOTREADY: 'NotReady',
}

/** A container's or pod's state in a word; one that is not known here as the runtime sends it. */
export function stateWord(state: string | number): string {
  return words[state] ?? String(state)
}
