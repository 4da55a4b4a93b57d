import {cgroupDriverIn} from '../../node/runtimes.js'
import type {Check, Finding} from '../check.js'
import {readKubelet} from '../kubelet.js'
import {NotChecked} from '../not-checked.js'
import type {Subject} from '../subject.js'

const needed = ['cpu', 'memory', 'pids']

export const cgroups: Check = {
  name: 'cgroups',
  about:
    'version and controllers of the control groups, and that runtime and kubelet have one driver for them',
  sources: ['CRI', 'host'],
  severity: 'broken',
  explanation:
    'Limits are written into control groups. They are made by systemd or by writing files (cgroupfs): runtime and kubelet must do it the same way, else each moves what the other has made, and no pod starts or limits are lost. A kubelet from 1.31 on takes the driver that the runtime tells (RuntimeConfig: containerd 2.0, CRI-O 1.30); an older one, or one with an older runtime, takes its own cgroupDriver. Version 1 of control groups is on its way out: a kubelet from 1.35 on refuses to start there unless failCgroupV1 is false.',
  run: async (subject: Subject) => {
    const {host} = subject
    const {version} = await host.cgroupTrees()
    const controllers = (await host.text('/sys/fs/cgroup/cgroup.controllers'))?.trim().split(/\s+/)
    const findings: Finding[] = []
    if (version === 1)
      findings.push({
        severity: 'info',
        what: 'this node has control groups of version 1',
        evidence: ['/proc/self/mountinfo shows their controllers as trees of their own'],
        fix: 'a kubelet from 1.35 on wants version 2: start the machine with systemd.unified_cgroup_hierarchy=1',
      })
    if (version === 2 && controllers) {
      const absent = needed.filter((controller) => !controllers.includes(controller))
      if (absent.length > 0)
        findings.push({
          severity: 'broken',
          what: `control groups have no ${absent.join(', ')} here`,
          evidence: [`/sys/fs/cgroup/cgroup.controllers: ${controllers.join(' ')}`],
          fix: 'start the machine with cgroup_enable=memory (and no cgroup_disable): limits do nothing without',
        })
    }
    const differing = await driverFinding(subject)
    if (version === undefined && !differing) throw new NotChecked('no control groups are mounted here')
    return differing ? [...findings, differing] : findings
  },
}

async function driverFinding(subject: Subject): Promise<Finding | undefined> {
  const kubelet = await readKubelet(subject.host)
  const own = kubelet?.flags.get('cgroup-driver') ?? kubelet?.config?.cgroupDriver
  if (typeof own !== 'string') return undefined
  const told = await subject.runtimeConfig().catch(() => undefined)
  const tellsItself = told?.linux?.cgroupDriver
  const driver =
    tellsItself === undefined
      ? cgroupDriverIn((await subject.status().catch(() => undefined))?.info ?? {})?.toLowerCase()
      : String(tellsItself).toLowerCase()
  if (driver === undefined || driver === own.toLowerCase()) return undefined
  return {
    severity: told ? 'warning' : 'broken',
    what: `the runtime makes control groups by ${driver}, the kubelet by ${own}`,
    evidence: [
      told ? `RuntimeConfig: ${driver}` : `the settings in the runtime's status: ${driver}`,
      `${kubelet?.configPath}: cgroupDriver: ${own}`,
      ...(told ? ['a kubelet from 1.31 on takes the one of the runtime'] : []),
    ],
    fix: 'set SystemdCgroup (containerd) or cgroup_manager (CRI-O) to what the kubelet has, or cgroupDriver there; then start both again',
  }
}
