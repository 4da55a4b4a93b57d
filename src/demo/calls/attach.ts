import type {StreamIo, StreamOutcome} from '../server/streaming-server.js'
import type {Container} from '../state/runtime.js'

/** Joins a client to the container's main process until one of them goes. The exit code is not told. */
export async function serveAttach(container: Container, io: StreamIo): Promise<StreamOutcome> {
  const {clients, config} = container
  const child = container.process
  if (!child || !container.exited) return {failure: `container "${container.id}" is not running`}
  clients.add(io)
  if (io.stdin && child.stdin) {
    const {stdin} = child
    io.stdin.on('error', () => {})
    io.stdin.pipe(stdin, {end: config.stdinOnce})
  }
  void followSizes(io, child)
  const gone = new Promise<void>((resolve) => {
    io.signal.addEventListener('abort', () => resolve(), {once: true})
    if (io.signal.aborted) resolve()
  })
  await Promise.race([container.exited, gone])
  clients.delete(io)
  return {exitCode: 0}
}

async function followSizes(
  {sizes}: StreamIo,
  child: {resize(columns: number, rows: number): Promise<void>},
): Promise<void> {
  for await (const {columns, rows} of sizes) await child.resize(columns, rows)
}
