import {socketPathOf} from '../../client/endpoints.js'
import type {Check, Finding} from '../check.js'
import {kubeletOf} from '../kubelet.js'
import type {Subject} from '../subject.js'

export const kubelet: Check = {
  name: 'kubelet',
  about: 'whether a kubelet runs here, and uses the runtime that is asked',
  sources: ['CRI', 'host'],
  severity: 'broken',
  explanation:
    'The kubelet names its runtime by --container-runtime-endpoint or by containerRuntimeEndpoint in its configuration (/var/lib/kubelet/config.yaml). A node with two runtimes has two lists of containers: what crisp shows of one says nothing of pods that the kubelet runs on the other. A kubelet that is not running restarts nothing and reports nothing, while its containers go on.',
  run: async ({host, client}: Subject) => {
    const facts = await kubeletOf(host)
    const findings: Finding[] = []
    const processes = await host.processes().then(
      (all) => all.length > 0,
      () => false,
    )
    if (processes && !facts.process)
      findings.push({
        severity: 'broken',
        what: 'the kubelet does not run',
        evidence: [`${facts.configPath} is there, and no process "kubelet"`],
        fix: 'systemctl status kubelet, then journalctl -u kubelet',
      })
    const ours = await client.endpoint().catch(() => undefined)
    const theirs = facts.endpoint
    if (ours !== undefined && theirs !== undefined && plainPath(ours) !== plainPath(theirs))
      findings.push({
        severity: 'warning',
        what: 'the kubelet uses another runtime than the one that is asked here',
        evidence: [
          `asked here: ${ours}`,
          `the kubelet: ${theirs} (${facts.flags.has('container-runtime-endpoint') ? '--container-runtime-endpoint' : facts.configPath})`,
        ],
        fix: `ask that one: --runtime-endpoint ${theirs}`,
      })
    return findings
  },
}

/** /var/run is a link to /run. */
function plainPath(endpoint: string): string {
  try {
    return socketPathOf(endpoint).replace(/^\/var\/run\//, '/run/')
  } catch {
    return endpoint
  }
}
