import * as Flags from '@oclif/core/flags'
import type {CriClient} from '../client/connect.js'
import {isWatchedByKubelet, madeAgainByKubelet} from '../node/kubelet.js'
import {isCrictlMode, programName} from '../text/program.js'

/** On verbs that make or remove what a kubelet may have a word on. */
export const unwatchedFlag = {
  quiet: Flags.boolean({
    char: 'q',
    helpGroup: 'OUTPUT',
    description: 'do not say what the kubelet of this node will do about it',
  }),
}

/** Nobody waits long for what is only good to know. */
const patience = {timeoutMs: 2_000}
const mostNamed = 3

/** What to say to somebody who makes something by hand; undefined where there is no kubelet, or it is not known. */
export async function makingNotice(client: CriClient, quiet: boolean): Promise<string | undefined> {
  if (quiet || isCrictlMode()) return undefined
  const isWatched = await isWatchedByKubelet(client, patience).catch(() => false)
  return isWatched
    ? 'a kubelet runs this node: it removes pods and containers that it does not know, this one too (-q leaves this out)'
    : undefined
}

/** The same to somebody who removes or stops these. */
export async function removingNotice(
  client: CriClient,
  ids: readonly string[],
  quiet: boolean,
  which: {runningOnly?: boolean} = {},
): Promise<string | undefined> {
  if (quiet || isCrictlMode() || ids.length === 0) return undefined
  const found = await madeAgainByKubelet(client, new Set(ids), which, patience).catch(() => undefined)
  if (!found || found.kubeletOf === 'none') return undefined
  const {names} = found
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''
  const named = `${names.slice(0, mostNamed).join(', ')}${more}`
  return found.kubeletOf === 'demo'
    ? `the demo's kubelet makes ${named} again (-q leaves this out; ${programName()} demo --no-kubelet starts a demo without)`
    : `the kubelet makes ${named} again, as long as the pod is in its configuration: kubectl delete pod removes it for good (-q leaves this out)`
}
