import {parseCgroups, readCgroup} from '../../node/host/cgroups.js'
import type {HostProcess} from '../../node/host/processes.js'
import {programName} from '../../text/program.js'
import type {Check, Finding} from '../check.js'
import {isNotTold} from '../not-checked.js'
import {runningContainers} from '../runtime-processes.js'
import type {Subject} from '../subject.js'

const nearlyAll = 0.8
const asGoodAsAll = 0.95
/** Of these the whole node depends. */
const important = new Set(['containerd', 'crio', 'kubelet', 'cri-dockerd', 'dockerd'])

export const limits: Check = {
  name: 'limits',
  about: 'file descriptors, inotify and process numbers, of the node, its runtime and its containers',
  sources: ['CRI', 'host'],
  severity: 'broken',
  explanation:
    '"Too many open files" is one of three limits: descriptors of the machine (fs.file-max), of one process (ulimit -n, LimitNOFILE of its unit), or inotify (fs.inotify.max_user_instances, 128 on many systems and shared by all that runs as root, containers included). "Resource temporarily unavailable" when a process is to be started is the number of processes: of the machine (kernel.pid_max, kernel.threads-max), or of one control group (pids.max). Whether inotify is used up is found by asking for one watch.',
  run: async (subject: Subject) => {
    const parts = await Promise.all([
      machineFiles(subject),
      inotify(subject),
      machineProcesses(subject),
      processFiles(subject),
      // Without the runtime the rest is still to be told.
      containerProcesses(subject).catch((error) => {
        if (!isNotTold(error)) throw error
        return []
      }),
    ])
    return parts.flat()
  },
}

async function machineFiles({host}: Subject): Promise<Finding[]> {
  const [used, , most] = ((await host.text('/proc/sys/fs/file-nr')) ?? '').trim().split(/\s+/).map(Number)
  return nearLimit(used, most, {
    what: 'open files of this machine',
    evidence: '/proc/sys/fs/file-nr',
    fix: 'sysctl -w fs.file-max=…, after a look at who has them (lsof)',
  })
}

async function inotify({host}: Subject): Promise<Finding[]> {
  const problem = host.watchProblem()
  if (problem === undefined) return []
  const [instances, watches] = await Promise.all(
    ['max_user_instances', 'max_user_watches'].map((name) => host.number(`/proc/sys/fs/inotify/${name}`)),
  )
  return [
    {
      severity: 'broken',
      what: `no more ${problem === 'ENOSPC' ? 'watches' : 'instances'} of inotify are to be had`,
      evidence: [`fs.inotify.max_user_instances ${instances ?? '?'}, max_user_watches ${watches ?? '?'}`],
      fix: 'sysctl -w fs.inotify.max_user_instances=8192 fs.inotify.max_user_watches=524288, and write it into /etc/sysctl.d',
    },
  ]
}

async function machineProcesses({host}: Subject): Promise<Finding[]> {
  const processes = await host.processes()
  const threads = processes.reduce((sum, process) => sum + process.threads, 0)
  const limits = await Promise.all(
    ['pid_max', 'threads-max'].map((name) => host.number(`/proc/sys/kernel/${name}`)),
  )
  const most = Math.min(...limits.flatMap((limit) => limit ?? []))
  return nearLimit(threads, Number.isFinite(most) ? most : undefined, {
    what: 'process numbers of this machine',
    evidence: 'all threads in /proc, kernel.pid_max and kernel.threads-max',
    fix: 'find who starts so many (ps -eLf); sysctl -w kernel.pid_max=4194304',
  })
}

async function processFiles({host}: Subject): Promise<Finding[]> {
  const processes = (await host.processes()).filter(({name}) => important.has(name))
  const findings = await Promise.all(
    processes.map(async ({pid, name}: HostProcess) => {
      const [names, text] = await Promise.all([
        host.names(`/proc/${pid}/fd`).catch(() => undefined),
        host.text(`/proc/${pid}/limits`).catch(() => undefined),
      ])
      const most = /^Max open files\s+(\d+)/m.exec(text ?? '')?.[1]
      return nearLimit(names?.length, most === undefined ? undefined : Number(most), {
        what: `open files of ${name} (process ${pid})`,
        evidence: `/proc/${pid}/fd and /proc/${pid}/limits`,
        fix: `raise LimitNOFILE of its unit (systemctl edit ${name}) and start it again; a number that only grows is a leak`,
      })
    }),
  )
  return findings.flat()
}

async function containerProcesses(subject: Subject): Promise<Finding[]> {
  const [running, trees] = await Promise.all([runningContainers(subject), subject.host.cgroupTrees()])
  const findings = await Promise.all(
    running.map(async ({name, process}) => {
      const facts = process && (await readCgroup(parseCgroups(process.cgroup), trees))
      return nearLimit(facts?.usedPids, facts?.pids, {
        what: `processes of container ${name}`,
        object: name,
        evidence: 'pids.current and pids.max of its control group',
        fix: `see what it starts: ${programName()} processes ${name}; a shell or a health check that leaves zombies needs an init, else podPidsLimit of the kubelet`,
        atMost: 'warning',
      })
    }),
  )
  return findings.flat()
}

interface Words {
  what: string
  object?: string
  evidence: string
  fix: string
  atMost?: 'warning'
}

function nearLimit(
  used: number | undefined,
  most: number | undefined,
  {what, object, evidence, fix, atMost}: Words,
): Finding[] {
  if (used === undefined || most === undefined || !(most > 0) || !Number.isFinite(most)) return []
  const part = used / most
  if (!(part >= nearlyAll)) return []
  return [
    {
      severity: part >= asGoodAsAll && atMost === undefined ? 'broken' : 'warning',
      what: `${used} of ${most} ${what} are in use`,
      ...(object === undefined ? {} : {object}),
      evidence: [evidence],
      fix,
    },
  ]
}
