import {once} from 'node:events'
import type {Writable} from 'node:stream'

export type OutputName = 'stdout' | 'stderr'

interface AttachedClient {
  stdout: Writable | undefined
  stderr: Writable | undefined
  signal: AbortSignal
}

/** Who is attached to a container and sees its output as it comes. */
export class AttachedClients {
  readonly #clients = new Set<AttachedClient>()

  add(client: AttachedClient): void {
    this.#clients.add(client)
    client.signal.addEventListener('abort', () => this.#clients.delete(client), {once: true})
  }

  delete(client: AttachedClient): void {
    this.#clients.delete(client)
  }

  /** Resolves when the slowest has room for more, or is gone: a container that is watched waits for its watchers. */
  async write(output: OutputName, chunk: Buffer): Promise<void> {
    await Promise.all([...this.#clients].map((client) => writeTo(client, output, chunk)))
  }
}

async function writeTo(client: AttachedClient, output: OutputName, chunk: Buffer): Promise<void> {
  const writable = client[output]
  if (!writable?.writable || writable.write(chunk)) return
  try {
    await once(writable, 'drain', {signal: client.signal})
  } catch {
    // It is gone.
  }
}
