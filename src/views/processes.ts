import {shortAge} from '../formats/fit.js'
import {type Column, type TableOptions, table} from '../formats/table.js'
import type {View} from '../formats/view.js'
import type {ContainerProcess, ProcessGroup} from '../node/container-processes.js'
import {ticksPerSecond} from '../node/host/processes.js'
import {bytesText, type Units} from '../text/units.js'

export interface ProcessesContext extends TableOptions {
  units: Units
}

export function processesView(groups: readonly ProcessGroup[], context: ProcessesContext): View {
  const items = () => groups.flatMap((group) => group.processes.map((process) => processItem(process, group)))
  return {
    document: () => ({sources: ['CRI', 'host'], processes: items()}),
    items,
    names: () => groups.map(({name}) => name),
    table: (wide) => processesTable(groups, context, wide),
  }
}

function processItem(process: ContainerProcess, {owner, name, userNamespace}: ProcessGroup): object {
  const {cores, insidePid, insideUid} = process
  return {
    kind: owner.container ? 'container' : 'pod',
    id: (owner.container ?? owner.pod).id,
    of: name,
    pid: process.pid,
    parentPid: process.parent,
    insidePid: insidePid ?? null,
    name: process.name,
    command: process.command,
    state: stateWords[process.state] ?? process.state,
    uid: insideUid ?? null,
    nodeUid: process.uid,
    userNamespace,
    cores: cores ?? null,
    cpuSeconds: process.cpuTicks / ticksPerSecond,
    residentBytes: process.residentBytes,
    threads: process.threads,
    ageSeconds: Math.round(process.ageSeconds * 100) / 100,
    cgroup: process.cgroup.trimEnd().split('\n'),
  }
}

const columns: readonly Column[] = [
  {title: 'NAME', min: 10},
  {title: 'POD', min: 12, drop: 1},
  {title: 'PID', varies: true},
  {title: 'INSIDE', drop: 8},
  {title: 'USER', drop: 9},
  {title: 'NODE USER', drop: 7},
  {title: 'STATE', drop: 3},
  {title: 'CPU %', drop: 5},
  {title: 'MEM', drop: 6},
  {title: 'AGE', drop: 4, varies: true},
  {title: 'TIME', drop: 2},
  {title: 'THREADS', drop: 2},
  {title: 'COMMAND', min: 20},
]
const onlyWide = ['TIME', 'THREADS']

function processesTable(groups: readonly ProcessGroup[], context: ProcessesContext, wide: boolean): string {
  const userNamespaces = groups.some(({userNamespace}) => userNamespace)
  const isShown = ({title}: Column) =>
    (wide || !onlyWide.includes(title)) && (userNamespaces || title !== 'NODE USER')
  const rows = groups.flatMap((group) => {
    const branches = branchesOf(group.processes.map(({depth}) => depth))
    return group.processes.map((process, index) => cells(process, group, branches[index] ?? '', context))
  })
  return table(
    columns.filter(isShown),
    rows.map((row) => row.filter((_, column) => isShown(columns[column] as Column))),
    context,
  )
}

function cells(
  process: ContainerProcess,
  {owner, pod}: ProcessGroup,
  branch: string,
  {units}: ProcessesContext,
): string[] {
  const {cores, insidePid, insideUid} = process
  return [
    owner.container?.metadata?.name ?? '(pod)',
    pod,
    String(process.pid),
    String(insidePid ?? '-'),
    String(insideUid ?? '-'),
    String(process.uid),
    stateWords[process.state] ?? process.state,
    cores === undefined ? '-' : (cores * 100).toFixed(1),
    bytesText(process.residentBytes, units),
    shortAge(process.ageSeconds * 1000),
    `${(process.cpuTicks / ticksPerSecond).toFixed(1)}s`,
    String(process.threads),
    branch + commandText(process),
  ]
}

/** As `ps` has it: the name alone where there are no arguments to be read. */
export function commandText({command, name}: Pick<ContainerProcess, 'command' | 'name'>): string {
  return command.length > 0 ? command.join(' ') : `[${name}]`
}

const stateWords: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'waits for a disk',
  Z: 'zombie',
  T: 'stopped',
  t: 'traced',
  I: 'idle',
  X: 'dead',
}

/** What is drawn before each of the things that stand so deep below those before them: `│  └─ `. */
export function branchesOf(depths: readonly number[]): string[] {
  // From the last to the first: what comes later at a level decides how it is drawn.
  const later: boolean[] = []
  return depths
    .toReversed()
    .map((depth) => {
      later.length = Math.min(later.length, depth + 1)
      let text = ''
      for (let level = 1; level <= depth; level++) {
        const goesOn = later[level] ?? false
        text += level === depth ? (goesOn ? '├─ ' : '└─ ') : goesOn ? '│  ' : '   '
      }
      for (let level = later.length; level <= depth; level++) later[level] = false
      later[depth] = true
      return text
    })
    .toReversed()
}
