import {parseCgroups, readCgroup} from '../../node/host/cgroups.js'
import {programName} from '../../text/program.js'
import {epochMs} from '../../text/time.js'
import type {Check, Finding} from '../check.js'
import {NotChecked} from '../not-checked.js'
import {runningContainers} from '../runtime-processes.js'
import type {Subject} from '../subject.js'

const killedCode = 137

export const oom: Check = {
  name: 'oom',
  about:
    'what was killed for want of memory, by the count of the control groups and by the word of the runtime',
  sources: ['CRI', 'host'],
  severity: 'warning',
  explanation:
    'The kernel kills a process of a control group that has used up its memory, and counts it. The runtime says OOMKilled of a container that has ended, and nothing of one whose first process lives on while a child was killed: a web server that loses its workers looks well. Here the count of each running container is read (oom_kill), and what ended with 137 (SIGKILL) since the time that is looked at is held against what the runtime says of it.',
  run: async (subject: Subject) => {
    const [ended, alive] = await Promise.all([
      endedFindings(subject),
      livingFindings(subject).catch((error) => {
        if (error instanceof NotChecked) return []
        throw error
      }),
    ])
    return [...ended, ...alive]
  },
}

async function endedFindings(subject: Subject): Promise<Finding[]> {
  const [asked, names] = await Promise.all([subject.containerStatuses(), subject.names()])
  return asked.flatMap(({answer}): Finding[] => {
    const status = answer?.status
    if (status?.state !== 'CONTAINER_EXITED' || status.exitCode !== killedCode) return []
    if (status.reason !== 'OOMKilled' || epochMs(status.finishedAt) < subject.sinceMs) return []
    const object = names.get(status.id) ?? status.id
    const limit = Number(status.resources?.linux?.memoryLimitInBytes ?? 0)
    return [
      {
        severity: 'warning',
        what: `container ${object} was killed for want of memory`,
        object,
        evidence: [
          'the runtime says OOMKilled',
          limit > 0
            ? `its limit is ${subject.sizeText(limit)}`
            : 'the runtime tells no limit of its own: it may be that of the pod or the node',
        ],
        fix: `give it more memory, or find out what it needs it for: ${programName()} top`,
      },
    ]
  })
}

async function livingFindings(subject: Subject): Promise<Finding[]> {
  const running = await runningContainers(subject)
  const trees = await subject.host.cgroupTrees()
  const findings = await Promise.all(
    running.map(async ({name, process}): Promise<Finding[]> => {
      const facts = process && (await readCgroup(parseCgroups(process.cgroup), trees))
      const kills = facts?.oomKills ?? 0
      if (kills === 0) return []
      return [
        {
          severity: 'warning',
          what: `in container ${name}, which runs on, ${kills === 1 ? 'a process was' : `${kills} processes were`} killed for want of memory`,
          object: name,
          evidence: [
            `${facts?.path ?? 'its control group'}: oom_kill ${kills}`,
            'the runtime says Running, and nothing of it',
          ],
          fix: 'see its log for what was lost; give it more memory',
        },
      ]
    }),
  )
  return findings.flat()
}
