import type {Check, Finding} from '../check.js'
import type {Subject} from '../subject.js'
import {deprecationCondition} from './conditions.js'

export const deprecations: Check = {
  name: 'deprecations',
  about: 'what the runtime warns of for its next releases',
  sources: ['CRI'],
  severity: 'warning',
  explanation:
    'containerd remembers which of its old ways somebody has used since it was started, such as CRI v1alpha2, image manifests of schema 1, or keys of its configuration, and says so in a condition of its own (ContainerdHasNoDeprecationWarnings). What is used here is gone in a later release: it is to be put right before containerd is upgraded. CRI-O has nothing like it.',
  run: async ({status}: Subject) => {
    const {status: told} = await status()
    const condition = (told?.conditions ?? []).find(({type}) => type === deprecationCondition)
    if (!condition || condition.status) return []
    return warningsIn(condition.message).map(
      ([id, text]): Finding => ({
        severity: 'warning',
        what: `containerd will no longer do this: ${id}`,
        evidence: [text],
        fix: 'change it before containerd is upgraded: https://github.com/containerd/containerd/blob/main/RELEASES.md',
      }),
    )
  },
}

/** JSON of what is used and what is said of it; what is none is one warning. */
function warningsIn(message: string): [string, string][] {
  try {
    const warnings = JSON.parse(message)
    if (typeof warnings === 'object' && warnings !== null)
      return Object.entries(warnings).map(([id, text]) => [id, String(text)])
  } catch {
    // Words, then.
  }
  return [['deprecated', message]]
}
