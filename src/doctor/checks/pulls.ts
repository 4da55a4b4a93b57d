import {posix} from 'node:path'
import {ageText} from '../../text/age.js'
import type {Check, Finding} from '../check.js'
import {NotChecked} from '../not-checked.js'
import type {Subject} from '../subject.js'

const folder = '/var/lib/kubelet/image_manager/pulling'
/** Longer than an image takes that nobody worries about. */
const slowMs = 10 * 60_000

export const pulls: Check = {
  name: 'pulls',
  about: 'what the kubelet is pulling, and since when',
  sources: ['host'],
  severity: 'warning',
  explanation:
    'A kubelet from 1.33 on writes down each image before it pulls it, and takes the note away when it has it (/var/lib/kubelet/image_manager/pulling). The CRI itself does not tell of pulls. A note of more than ten minutes is a registry that does not answer, a large image on a slow line, or one of a kubelet that was killed meanwhile.',
  run: async ({host, nowMs}: Subject) => {
    const names = await host.names(folder)
    if (!names) throw new NotChecked('there is no kubelet here that writes down what it pulls')
    const findings = await Promise.all(
      names.map(async (name): Promise<Finding[]> => {
        const path = posix.join(folder, name)
        const [text, facts] = await Promise.all([host.text(path), host.facts(path)])
        if (text === undefined || !facts) return []
        const ageMs = nowMs - facts.modifiedMs
        const image = imageIn(text) ?? name
        return [
          {
            severity: ageMs > slowMs ? 'warning' : 'info',
            what: `the kubelet has been pulling ${image} for ${ageText(ageMs).toLowerCase()}`,
            object: image,
            evidence: [path],
            fix:
              ageMs > slowMs
                ? 'pull it by hand to see what the registry says; journalctl -u kubelet'
                : 'wait: this is what a pull looks like',
          },
        ]
      }),
    )
    return findings.flat()
  },
}

function imageIn(text: string): string | undefined {
  try {
    const {image} = JSON.parse(text) as {image?: unknown}
    return typeof image === 'string' && image !== '' ? image : undefined
  } catch {
    return undefined
  }
}
