import type {FailedSocket, SocketProblem} from '../../errors/errors.js'
import {programName} from '../../text/program.js'

/** Why there is no runtime, what helps, and, of several sockets, what each of them is. */
export function unreachableLines(sockets: readonly FailedSocket[]): string[] {
  const [only] = sockets
  if (only && sockets.length === 1)
    return [`no container runtime at ${only.path}: ${only.problem}; ${socketFix(only)}`]
  const decisive = sockets.find(({problem}) => problem !== 'absent')
  const fix = decisive
    ? socketFix(decisive)
    : 'start the runtime (systemctl status containerd crio), or name its socket with --runtime-endpoint unix:///path'
  const width = Math.max(...sockets.map(({path}) => path.length))
  return [
    `no container runtime found; ${fix}`,
    ...sockets.map(({path, problem}) => `  ${path.padEnd(width)}  ${problem}`),
  ]
}

function socketFix({path, problem}: FailedSocket): string {
  const fixes: Readonly<Record<SocketProblem, string>> = {
    absent:
      'is the runtime running (systemctl status containerd crio)? another socket: --runtime-endpoint unix:///path',
    'permission denied': 'the socket belongs to root: try again with sudo',
    'not a socket': "name a runtime's unix socket with --runtime-endpoint unix:///path",
    'nobody listens': 'the runtime has stopped and left its socket: systemctl status containerd crio',
    'no answer':
      'the runtime accepts connections but does not speak: look at its log (journalctl -u containerd -u crio)',
    'not a gRPC server':
      "this is some other service's socket: name a CRI socket with --runtime-endpoint unix:///path",
    'no CRI v1 (plugin disabled?)': `remove "cri" or "io.containerd.grpc.v1.cri" from disabled_plugins in /etc/containerd/config.toml and restart containerd; containerd before 1.6 and CRI-O before 1.23 have no CRI v1 at all (${path})`,
    'still starting': `wait for the runtime to come up, or let ${programName()} wait with --max-retries 20`,
  }
  return fixes[problem]
}
