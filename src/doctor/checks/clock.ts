import {ageText} from '../../text/age.js'
import {epochMs, rfc3339} from '../../text/time.js'
import type {Check} from '../check.js'
import type {Subject} from '../subject.js'

/** Beyond what times are rounded by. */
const slackMs = 5_000

export const clock: Check = {
  name: 'clock',
  about: 'the clock against the newest things of the runtime',
  sources: ['CRI', 'host'],
  severity: 'warning',
  explanation:
    "What has happened cannot lie ahead. A container that was made, started or ended in the future says that the node's clock has been set back since, as it happens when the time comes from the network only after the start. Ages are wrong then, logs out of order, certificates not yet valid, and the kubelet waits too long before it starts containers again.",
  run: async (subject: Subject) => {
    const [pods, containers, statuses, names] = await Promise.all([
      subject.pods(),
      subject.containers(),
      subject.containerStatuses(),
      subject.names(),
    ])
    const events = [
      ...pods.map(({id, createdAt}) => ({id, what: 'was made', timeNs: createdAt})),
      ...containers.map(({id, createdAt}) => ({id, what: 'was made', timeNs: createdAt})),
      ...statuses.flatMap(({answer}) => {
        const status = answer?.status
        if (!status) return []
        return [
          {id: status.id, what: 'started', timeNs: status.startedAt},
          {id: status.id, what: 'ended', timeNs: status.finishedAt},
        ]
      }),
    ]
    const newest = events.reduce<(typeof events)[number] | undefined>(
      (last, event) => (last && epochMs(last.timeNs) >= epochMs(event.timeNs) ? last : event),
      undefined,
    )
    const aheadMs = newest ? epochMs(newest.timeNs) - subject.nowMs : 0
    if (!newest || aheadMs <= slackMs) return []
    return [
      {
        severity: 'warning',
        what: `the clock is at least ${ageText(aheadMs).toLowerCase()} behind what has happened here`,
        evidence: [
          `${names.get(newest.id) ?? newest.id} ${newest.what} at ${rfc3339(newest.timeNs)}`,
          `it is ${rfc3339(`${BigInt(Math.round(subject.nowMs)) * 1_000_000n}`)} now`,
        ],
        fix: 'timedatectl status, chronyc tracking: have the clock set from the network before the kubelet starts',
      },
    ]
  },
}
