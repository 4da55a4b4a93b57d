import {RpcError, UnreachableError} from '../../errors/errors.js'
import {durationText} from '../../text/duration.js'
import type {Check} from '../check.js'
import type {Subject} from '../subject.js'

export const runtime: Check = {
  name: 'runtime',
  about: 'whether the runtime answers at all',
  sources: ['CRI'],
  severity: 'broken',
  explanation:
    'The first thing that a kubelet asks a runtime for is its version. A runtime that does not answer that starts no pod, and the node becomes NotReady within minutes; what already runs goes on, since its processes do not belong to the runtime. All checks that ask the runtime are left out then, those of the host are not.',
  run: async ({version, limitMs}: Subject) => {
    try {
      await version()
      return []
    } catch (error) {
      if (error instanceof UnreachableError)
        return [
          {
            severity: 'broken',
            what: 'no container runtime can be asked',
            evidence: error.sockets.map(({path, problem}) => `${path}: ${problem}`),
            fix: error.sockets.some(({problem}) => problem === 'permission denied')
              ? 'run it as root: the socket belongs to root'
              : 'systemctl status containerd crio, then journalctl -u containerd -u crio',
          },
        ]
      if (!(error instanceof RpcError)) throw error
      return [
        {
          severity: 'broken',
          what: `the runtime does not say its version within ${durationText(limitMs)}`,
          evidence: [`${error.endpoint}: ${error.details}`],
          fix: 'look at its log (journalctl -u containerd -u crio) before it is restarted: what it waits for is gone then',
        },
      ]
    }
  },
}
