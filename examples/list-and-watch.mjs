// What runs on this node, and what changes, until Ctrl-C:
//   node examples/list-and-watch.mjs [unix:///run/containerd/containerd.sock]
import {connect, listContainers, RpcError, UnreachableError} from 'crisp-cri/client'

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
// Whoever reads it has gone, as head does.
process.stdout.once('error', () => stop.abort())

const client = connect({endpoint: process.argv[2], signal: stop.signal})

/** Names by ID: an event has the ID, and of one that is gone nothing else. */
const names = new Map()

try {
  // First listen, then list: what happens in between is told twice, not lost.
  const events = client.runtime.getContainerEvents()
  const next = events[Symbol.asyncIterator]()
  let coming = next.next()
  // If it fails meanwhile, that shows where it is waited for.
  coming.catch(() => undefined)
  for (const {id, metadata, state} of await listContainers(client)) {
    names.set(id, metadata?.name ?? '')
    console.log(`${id.slice(0, 13)}  ${state}  ${metadata?.name}`)
  }

  for (;;) {
    const {value: event, done} = await coming
    if (done) break
    coming = next.next()
    for (const {id, metadata} of event.containersStatuses) names.set(id, metadata?.name ?? '')
    console.log(
      `${event.containerId.slice(0, 13)}  ${event.containerEventType}  ${names.get(event.containerId) ?? ''}`,
    )
    if (event.containerEventType === 'CONTAINER_DELETED_EVENT') names.delete(event.containerId)
  }
} catch (error) {
  // A cancelled call rejects with the signal's reason. What else fails says in one sentence what it was.
  if (!stop.signal.aborted) {
    if (!(error instanceof UnreachableError || error instanceof RpcError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
} finally {
  client.close()
}
