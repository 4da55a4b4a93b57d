import {posix} from 'node:path'
import {parseCgroups} from '../../node/host/cgroups.js'
import {programName} from '../../text/program.js'
import type {Check, Finding} from '../check.js'
import {isNotTold, NotChecked} from '../not-checked.js'
import {runningContainers} from '../runtime-processes.js'
import type {Subject} from '../subject.js'

/** Parts of the last minute, in percent: that something waited (some), that everything did (full). */
const resources = [
  {name: 'cpu', line: 'some', most: 80, waits: 'something waited for a processor'},
  {name: 'memory', line: 'full', most: 10, waits: 'everything waited for memory'},
  {name: 'io', line: 'full', most: 40, waits: 'everything waited for disks'},
] as const
type Resource = (typeof resources)[number]['name']

const mostNamed = 3

export const pressure: Check = {
  name: 'pressure',
  about: 'how much of the last minute was spent waiting for processor, memory and disks, and who uses them',
  sources: ['CRI', 'host'],
  severity: 'warning',
  explanation:
    'The kernel counts the time in which work stood still because there was no processor, memory or disk for it (pressure stall information, /proc/pressure). A node can use all of its processors and be well; one that spends a tenth of its time waiting for memory is about to stop. Who uses most is told by the figures of the runtime; for disks, by the control groups whose own work waits.',
  run: async (subject: Subject) => {
    const texts = await Promise.all(
      resources.map(async (resource) => ({
        ...resource,
        text: await subject.host.text(`/proc/pressure/${resource.name}`),
      })),
    )
    if (texts.every(({text}) => text === undefined))
      throw new NotChecked('this kernel counts no pressure (psi=1 at its start, since Linux 4.20)')
    const findings = await Promise.all(
      texts.map(async ({name, line, most, waits, text = ''}): Promise<Finding[]> => {
        const average = averageIn(text, line)
        if (average === undefined || average < most) return []
        return [
          {
            severity: 'warning',
            what: `in ${average} % of the last minute ${waits}`,
            evidence: [`/proc/pressure/${name}: ${line} avg60=${average}`, ...(await users(subject, name))],
            fix: `see who uses most (${programName()} top), and give it a limit or another node`,
          },
        ]
      }),
    )
    return findings.flat()
  },
}

function averageIn(text: string, line: 'some' | 'full'): number | undefined {
  const average = new RegExp(`^${line} .*avg60=(\\d+(?:\\.\\d+)?)`, 'm').exec(text)?.[1]
  return average === undefined ? undefined : Number(average)
}

/** Who uses most of it, as far as that is told. */
async function users(subject: Subject, resource: Resource): Promise<string[]> {
  try {
    const figures = await (resource === 'io' ? waitingForDisks(subject) : usingMost(subject, resource))
    const most = figures.filter(({value}) => value > 0).sort((a, b) => b.value - a.value)
    return most.slice(0, mostNamed).map(({name, text}) => `${name}: ${text}`)
  } catch (error) {
    if (!isNotTold(error)) throw error
    return []
  }
}

interface Figure {
  name: string
  value: number
  text: string
}

async function usingMost(subject: Subject, resource: 'cpu' | 'memory'): Promise<Figure[]> {
  const [stats, nameOf] = await Promise.all([subject.containerStats(), subject.names()])
  return stats.map(({attributes, cpu, memory}) => {
    const name = nameOf.get(attributes?.id ?? '') ?? attributes?.id ?? ''
    const value = Number(
      (resource === 'cpu' ? cpu?.usageNanoCores?.value : memory?.workingSetBytes?.value) ?? 0,
    )
    return {
      name,
      value,
      text: resource === 'cpu' ? `${(value / 1e9).toFixed(2)} cores` : subject.sizeText(value),
    }
  })
}

async function waitingForDisks(subject: Subject): Promise<Figure[]> {
  const [running, trees] = await Promise.all([runningContainers(subject), subject.host.cgroupTrees()])
  const figures = await Promise.all(
    running.map(async ({name, process}): Promise<Figure[]> => {
      const folder = process && trees.directoryFor('', parseCgroups(process.cgroup))
      const text = folder && (await subject.host.text(posix.join(folder, 'io.pressure')))
      const value = text ? averageIn(text, 'some') : undefined
      return value === undefined ? [] : [{name, value, text: `waited in ${value} % of the last minute`}]
    }),
  )
  return figures.flat()
}
