import {Client, type ClientOptions, connectivityState, credentials} from '@grpc/grpc-js'

// CRI-O sends up to 80 MiB (cri-o/cri-o 1.36, grpc_max_send_msg_size), containerd 16 MiB; grpc-js alone stops at 4 MiB.
const maxMessageBytes = 128 * 1024 * 1024

const channelOptions: ClientOptions = {
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
  // A socket on this machine has no name to look up and no service config; retries are decided in connect.ts.
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 3_000,
}

/** A gRPC channel to a unix socket. It opens on first use; the caller closes it with `close()`. */
export function openChannel(socketPath: string): Client {
  return new Client(`unix:${socketPath}`, credentials.createInsecure(), channelOptions)
}

export type ConnectionState =
  /** The server has spoken HTTP/2. */
  | 'ready'
  /** It refused, hung up, or spoke something else. */
  | 'failed'
  /** It accepted and said nothing for `timeoutMs`. */
  | 'silent'

/** One attempt to bring the channel up. Rejects with the signal's reason. */
export async function attemptConnection(
  client: Client,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ConnectionState> {
  const channel = client.getChannel()
  // The clock may be set meanwhile.
  const endMs = performance.now() + timeoutMs
  for (;;) {
    signal?.throwIfAborted()
    const state = channel.getConnectivityState(true)
    if (state === connectivityState.READY) return 'ready'
    if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) return 'failed'
    if (!(await stateChanges(client, state, endMs - performance.now(), signal))) return 'silent'
  }
}

function stateChanges(
  client: Client,
  from: connectivityState,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal?.reason)
    signal?.addEventListener('abort', aborted, {once: true})
    client.getChannel().watchConnectivityState(from, Date.now() + timeoutMs, (error) => {
      signal?.removeEventListener('abort', aborted)
      resolve(!error)
    })
  })
}
