import type {Check, Finding} from '../check.js'
import type {Subject} from '../subject.js'

/** containerd's, which `deprecations` reads. */
export const deprecationCondition = 'ContainerdHasNoDeprecationWarnings'

const fixes: Readonly<Record<string, string>> = {
  NetworkReady:
    'see whether the network plugin is installed and its pods run; the check cni says what is missing on the node',
  RuntimeReady: 'journalctl -u containerd -u crio',
}

export const conditions: Check = {
  name: 'conditions',
  about: "the runtime's own conditions, with their reasons",
  sources: ['CRI'],
  severity: 'broken',
  explanation:
    'A runtime says of itself whether it is ready, and whether its network is (RuntimeReady, NetworkReady). While either is false the kubelet makes the node NotReady, and pods that are not on the network of the node wait. containerd says NetworkReady again as soon as there is a configuration in its CNI folder, without a restart.',
  run: async ({status}: Subject) => {
    const {status: told} = await status()
    return (told?.conditions ?? [])
      .filter(({type, status: isTrue}) => !isTrue && type !== deprecationCondition)
      .map(
        ({type, reason, message}): Finding => ({
          severity: ['NetworkReady', 'RuntimeReady'].includes(type) ? 'broken' : 'warning',
          what: `the runtime says that ${type} is false`,
          evidence: [[reason, message].filter(Boolean).join(': ') || 'it gives no reason'],
          fix: fixes[type] ?? 'journalctl -u containerd -u crio',
        }),
      )
  },
}
